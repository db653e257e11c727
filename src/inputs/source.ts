import { readFileSync, realpathSync, statSync } from "node:fs";
import { getInput } from "@actions/core";
import { isInside } from "./workspace.ts";

/** Where inputs come from: all that `readInputs` knows of the runner. */
export interface InputSource {
  /** The input byte for byte, its default filled in by the runner; empty when it was not given. */
  get(name: string): string;
  /** The environment of the step. */
  readonly env: NodeJS.ProcessEnv;
  /** Throws when there is no such file, or when it may not be read. `path` is absolute. */
  readFile(path: string): Uint8Array;
  /** The directory that the repository is checked out in. */
  readonly workspace: string;
}

/** The inputs of this step as the runner gives them. */
export function stepInputs(env: NodeJS.ProcessEnv = process.env): InputSource {
  const workspace = env["GITHUB_WORKSPACE"] ?? process.cwd();
  return {
    get: (name) => getInput(name, { trimWhitespace: false }),
    env,
    workspace,
    readFile: (path) => {
      const real = realpathSync(path);
      // The text of the path was checked before; a symbolic link may still lead out, to the runner's own files.
      if (!isInside(realpathSync(workspace), real))
        throw new Error("it is a link that leads out of the workspace");
      if (!statSync(real).isFile()) throw new Error("it is not a regular file");
      return readFileSync(real);
    },
  };
}
