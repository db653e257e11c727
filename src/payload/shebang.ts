/** `sh -e {0}`: what runs a script that says nothing else. */
const DEFAULT_SHELL = "sh -e {0}";

/**
 * The command template for a script: the one that was asked for, else the script's own shebang, else `sh -e {0}`.
 * The shebang is read here and not by the kernel, since a container's writable places are often mounted noexec.
 * As the kernel does, all that follows the interpreter is one argument.
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
