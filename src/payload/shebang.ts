/** The shell for a script without a shebang. */
const DEFAULT_SHELL = "sh -e {0}";

/**
 * The command template for a script: the one of the input, else the script's shebang, else `sh -e {0}`. The action
 * reads the shebang, because the kernel can't run a script in a directory that is mounted noexec, as the writable
 * ones of containers often are.
 */
export function shellFor(shell: string | undefined, script: Uint8Array): string {
  if (shell !== undefined) return shell;
  const end = script.indexOf(10);
  const first = Buffer.from(script.subarray(0, end < 0 ? Math.min(script.length, 512) : end)).toString(
    "utf8",
  );
  const match = /^#!\s*(\S.*?)\s*$/.exec(first);
  return match?.[1] === undefined ? DEFAULT_SHELL : `${match[1]} {0}`;
}
