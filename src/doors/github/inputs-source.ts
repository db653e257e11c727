import { resolve } from "node:path";
import { isInside } from "../../inputs/beneath/inside.ts";
import { readFileBeneath } from "../../inputs/beneath/resolve.ts";
import type { InputSource } from "../../inputs/source.ts";
import { type Door, INPUTS_OF } from "../../inputs/names.ts";

/** The names, in lower case, of what the step was given and its door does not have. */
export function unknownInputs(env: NodeJS.ProcessEnv, door: Door = "root"): readonly string[] {
  const known: ReadonlySet<string> = new Set(INPUTS_OF[door]);
  // The runner hands over also what `action.yml` does not declare.
  return Object.keys(env)
    .flatMap((name) => (name.startsWith("INPUT_") ? [name.slice("INPUT_".length).toLowerCase()] : []))
    .filter((name) => !known.has(name));
}

/** The inputs of this step, from the runner. */
export function stepInputs(env: NodeJS.ProcessEnv, directory: string, door: Door = "root"): InputSource {
  const workspace = env["GITHUB_WORKSPACE"] ?? directory;
  const temporary = env["RUNNER_TEMP"];
  const directories = [workspace, ...(temporary ? [temporary] : [])].map((path) => resolve(path));
  return {
    door,
    get: (name) => env[`INPUT_${name.toUpperCase()}`] ?? "",
    env,
    workspace,
    directories,
    // A link in the repository may lead to the runner's own files, or to those that other steps keep in RUNNER_TEMP.
    readFile: (path) => readFileBeneath(directories.find((each) => isInside(each, path)) ?? workspace, path),
  };
}
