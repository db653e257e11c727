import { existsSync } from "node:fs";
import { join } from "node:path";
import { virtualEnvironment } from "../../local/python.ts";

/** A program that `local/setup.ts` puts into .venv. */
export function installed(name: string): string {
  return join(virtualEnvironment, "bin", name);
}

/** What is missing for tests with that program; undefined if it is there. */
export function missing(name: string): string | undefined {
  return existsSync(installed(name)) ? undefined : `${installed(name)} is not there.`;
}
