import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { UsageError } from "./usage-error.ts";

/** The local Fargate's programs, in the package and in a clone of the repository. */
const PROGRAMS = [
  { isPackage: true, setUp: "local/setup.js", start: "local/cli.js" },
  { isPackage: false, setUp: "../../../local/setup.ts", start: "../../../local/cli.ts" },
];

/**
 * Sets the local Fargate up and starts it, as `local/cli.ts` says. Resolves with the exit code of the command that runs in
 * it. The local Fargate is a process of its own, apart from the engine.
 */
export async function startLocal(words: readonly string[], version: string): Promise<number> {
  if (process.platform !== "linux")
    throw new UsageError("The local Fargate needs Linux: its containers are namespaces of the kernel.");
  const found = PROGRAMS.map(({ setUp, start, ...more }) => ({
    ...{ ...more, setUp: join(import.meta.dirname, setUp), start: join(import.meta.dirname, start) },
  })).find(({ start }) => existsSync(start));
  if (found === undefined) throw new UsageError("This installation has no local Fargate: install it again.");
  const env = found.isPackage
    ? { ...process.env, FARGATE_LOCAL_VENV: packagesOf(version, process.env) }
    : process.env;
  // The set-up writes to standard error. Standard output belongs to the command.
  const setUp = await run([process.execPath, found.setUp], env, 2);
  if (setUp !== 0) return setUp;
  // When this process is killed, or ends by SIGHUP, the local Fargate gets SIGTERM.
  const tied = ["setpriv", "--pdeathsig", "TERM", "--", process.execPath];
  return await run([...tied, found.start, ...words], env, 1);
}

/** The user's directory for the Python packages of this version. */
export function packagesOf(version: string, env: NodeJS.ProcessEnv): string {
  const given = env["XDG_CACHE_HOME"] ?? "";
  // XDG Base Directory Specification: an empty path counts as none, and a relative one is ignored.
  const caches = isAbsolute(given) ? given : join(homedir(), ".cache");
  return join(caches, "fargate-exec", `local-${version}`);
}

async function run(
  [file = "", ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  stdout: 1 | 2,
): Promise<number> {
  const child = spawn(file, args, { env, stdio: [0, stdout, 2] });
  // A terminal sends SIGINT to the child, too, so only SIGTERM is passed on.
  const pass = (signal: NodeJS.Signals): void => {
    if (signal === "SIGTERM") child.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, pass);
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject).once("close", (code) => resolve(code ?? 1));
    });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, pass);
  }
}
