import { parse, resolve } from "node:path";
import { checkoutsOf, readUsersFile } from "../../inputs/beneath/users-paths.ts";
import type { InputName } from "../../inputs/names.ts";
import type { InputSource } from "../../inputs/source.ts";
import { inputText } from "./input-text.ts";
import type { ForwardInputs, RunInputs, RunOptions } from "./run-options.ts";

/** A program has no job summary. */
const DEFAULTS: RunInputs = { summary: false };
/** A run that no matrix has started is the only one of its kind, and waits for no others. */
const ALONE = { "job-index": 0, "job-total": 1 };

/**
 * The inputs that a program gives. Its user is the owner of the machine, so paths may lead anywhere. But a link in the checkout that holds its
 * directory leads to no file outside it.
 */
export function programInputs(
  inputs: RunInputs & Partial<ForwardInputs>,
  {
    env = process.env,
    directory = process.cwd(),
    stdin,
    resume,
    pathsNameHidden = false,
  }: Pick<RunOptions, "env" | "directory" | "stdin" | "resume" | "pathsNameHidden">,
): InputSource {
  const all: RunInputs & Partial<ForwardInputs> = { ...DEFAULTS, ...inputs, matrix: inputs.matrix ?? ALONE };
  const workspace = resolve(directory);
  const { items } = all;
  return {
    door: inputs.handle !== undefined ? "attach" : inputs.forwards !== undefined ? "forward" : "root",
    get: (name) => inputText(name as InputName, all[name as InputName]),
    stdin,
    items: itemsOf(items),
    itemLog: resume,
    pathsNameHidden,
    env,
    workspace,
    directories: [...checkoutsOf(workspace), parse(workspace).root],
    readFile: (path) => readUsersFile(path, workspace),
  };
}

/** The list of items; undefined when it is left out, or has to be read as the input of a workflow. What has nothing in it is an empty list. */
function itemsOf(items: RunInputs["items"]): Uint8Array | readonly string[] | undefined {
  if (items instanceof Uint8Array) return items;
  if (Array.isArray(items)) return items.map((item) => String(item ?? ""));
  return items !== undefined && inputText("items", items) === "" ? [] : undefined;
}
