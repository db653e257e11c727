import { readFileSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { InputSource } from "../inputs/source.ts";
import { isInside } from "../inputs/workspace.ts";
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
    readFile: (path) => {
      const real = realpathSync(path);
      // inputs/workspace.ts has checked the text of the path. A symbolic link may still lead out of its directory.
      // For example, a link in the repository may lead to the runner's own files, or to those that other steps keep
      // in RUNNER_TEMP.
      const directory = directories.find((each) => isInside(each, path)) ?? workspace;
      if (!isInside(realpathSync(directory), real))
        throw new Error(`it is a symbolic link to a file outside ${directory}`);
      if (!statSync(real).isFile()) throw new Error("it is not a regular file");
      return readFileSync(real);
    },
  };
}
