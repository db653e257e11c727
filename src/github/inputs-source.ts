import { resolve } from "node:path";
import { isInside } from "../beneath/inside.ts";
import { readFileBeneath } from "../beneath/resolve.ts";
import type { InputSource } from "../inputs/source.ts";
import { inputNames } from "../inputs/names.ts";
import { getInput, givenInputs } from "./core.ts";

/** The names, in lower case, of what the step was given besides the inputs of this action. */
export function unknownInputs(env: NodeJS.ProcessEnv): readonly string[] {
  const known: ReadonlySet<string> = new Set(inputNames);
  return givenInputs(env)
    .map((name) => name.toLowerCase())
    .filter((name) => !known.has(name));
}

/** The inputs of this step, from the runner. */
export function stepInputs(env: NodeJS.ProcessEnv = process.env): InputSource {
  const workspace = env["GITHUB_WORKSPACE"] ?? process.cwd();
  const temporary = env["RUNNER_TEMP"];
  const directories = [workspace, ...(temporary ? [temporary] : [])].map((path) => resolve(path));
  return {
    get: getInput,
    env,
    workspace,
    directories,
    // A link in the repository may lead to the runner's own files, or to those that other steps keep in RUNNER_TEMP.
    readFile: (path) => readFileBeneath(directories.find((each) => isInside(each, path)) ?? workspace, path),
  };
}
