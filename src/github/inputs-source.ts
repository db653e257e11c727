import { readFileSync, realpathSync, statSync } from "node:fs";
import { getInput } from "@actions/core";
import type { InputSource } from "../inputs/source.ts";
import { isInside } from "../inputs/workspace.ts";

/** The inputs of this step, from the runner. */
export function stepInputs(env: NodeJS.ProcessEnv = process.env): InputSource {
  const workspace = env["GITHUB_WORKSPACE"] ?? process.cwd();
  return {
    get: (name) => getInput(name, { trimWhitespace: false }),
    env,
    workspace,
    readFile: (path) => {
      const real = realpathSync(path);
      // inputs/workspace.ts has checked the text of the path. A symbolic link may still point out of the workspace,
      // for example to the runner's own files.
      if (!isInside(realpathSync(workspace), real))
        throw new Error("it is a symbolic link to a file outside the workspace");
      if (!statSync(real).isFile()) throw new Error("it is not a regular file");
      return readFileSync(real);
    },
  };
}
