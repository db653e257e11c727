import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The directory in which `setup.ts` puts moto, boto3 and the other programs. The npm package names a directory of the user, because
 * its own may be read-only.
 */
export const virtualEnvironment =
  process.env["FARGATE_LOCAL_VENV"] ?? join(dirname(import.meta.dirname), ".venv");

export const python = join(virtualEnvironment, "bin/python3");

/**
 * How Python runs a program of the local Fargate in or for a container: from the standard library and the program's own files alone. What is
 * compiled of those is kept: it would take a quarter of each start.
 */
export const PROGRAM_OPTIONS = [
  ...["-I", "-S", "-X", "utf8"],
  ...["-X", `pycache_prefix=${join(virtualEnvironment, "compiled")}`],
];

/** The tiny init, PID 1 of a container with `initProcessEnabled`. */
export const init = join(virtualEnvironment, "bin/dumb-init");

/**
 * The directory of the interpreter that `.venv` uses; a container must see both. Throws with advice when `setup.ts` has not been
 * run.
 */
export function interpreterHome(): string {
  const configuration = join(virtualEnvironment, "pyvenv.cfg");
  if (!existsSync(configuration)) {
    throw new Error("The local Fargate has no .venv yet: run `node local/setup.ts` first.");
  }
  const home = /^home *= *(.+)$/m.exec(readFileSync(configuration, "utf8"))?.[1];
  if (home === undefined) throw new Error(`${configuration} does not say where its interpreter is.`);
  return dirname(home);
}
