import { execFileSync, type ExecFileSyncOptionsWithBufferEncoding } from "node:child_process";
import { has, type Need } from "./needs.ts";

const KNOWN = ["dash", "bash --posix", "bash", "busybox ash", "zsh --emulate sh"];

/** The shells of this machine that can be a container's /bin/sh, each as its command line. */
export const SHELLS = KNOWN.filter((shell) => {
  try {
    runShell(shell, ":");
    return true;
  } catch (cause) {
    return has(shell.split(" ")[0] as Need, `'${shell}' can't be started: ${String(cause).split("\n")[0]}`);
  }
});

/**
 * The same shells as programs for a container's /bin/sh, each once: as far as the payload goes, plain bash is bash in
 * its POSIX mode.
 */
export const CONTAINER_SHELLS = SHELLS.filter((shell) => shell !== "bash --posix").map(
  (shell) => shell.split(" ")[0] ?? "",
);

/**
 * This shell's share of cases that depend on the shell no more than all of the container's code does. Each case has a
 * shell, and each shell has a case. `turn` lets the cases of the next test begin at another shell. `npm run soak
 * shells` gives each shell all of them.
 */
export function shareOf<T>(sh: string, shells: readonly string[], cases: readonly T[], turn = 0): T[] {
  if (process.env["EVERY_SHELL"] === "1") return [...cases];
  const own = (shells.indexOf(sh) + turn) % shells.length;
  return Array.from({ length: Math.max(shells.length, cases.length) }, (_, at) => at)
    .filter((at) => at % shells.length === own)
    .flatMap((at) => cases.slice(at % cases.length, (at % cases.length) + 1));
}

/** The output of `script` under this shell. Throws for an exit status other than 0. */
export function runShell(
  shell: string,
  script: string,
  args: readonly string[] = [],
  options: ExecFileSyncOptionsWithBufferEncoding = {},
): Buffer {
  const [program = "sh", ...words] = shell.split(" ");
  const stdio = options.input === undefined ? "ignore" : "pipe";
  return execFileSync(program, [...words, "-c", script, "sh", ...args], {
    stdio: [stdio, "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
}
