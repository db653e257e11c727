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
