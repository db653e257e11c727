import { existsSync } from "node:fs";
import { join } from "node:path";
import { virtualEnvironment } from "../../local/python.ts";

/** A program that `local/setup.ts` puts into .venv. */
export function pathOfProgram(name: string): string {
  return join(virtualEnvironment, "bin", name);
}

/** What is missing for tests with that program; undefined if it is there. */
export function whyMissing(name: string): string | undefined {
  return existsSync(pathOfProgram(name)) ? undefined : `${pathOfProgram(name)} is not there.`;
}
