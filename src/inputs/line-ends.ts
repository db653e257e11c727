import type { ScriptSource } from "./inputs.ts";

/** Matches a command that runs a Bourne-type shell. Such a shell reads a CR as an ordinary character. */
const SHELL = /(^|[\s/])(ba|da|a|k|z)?sh\b|busybox/;
const DEFAULT_SHELL = "sh";
const SAVE_WITH_LF =
  "Save it with LF, and put '*.sh text eol=lf' into .gitattributes, so that Git keeps LF on Windows.";

/**
 * A warning about Windows line ends in a script that a Bourne-type shell runs; undefined for any other script. The script is not changed,
 * because its author may mean the CR.
 */
export function lineEndWarning(script: ScriptSource, shell: string | undefined): string | undefined {
  if (script.kind === "none") return undefined;
  const text = script.kind === "run" ? script.text : Buffer.from(script.bytes).toString("latin1");
  const count = text.match(/\r\n/g)?.length ?? 0;
  if (count === 0) return undefined;
  const [first = ""] = text.split("\n", 1);
  const shebang = first.startsWith("#!") ? first : undefined;
  if (!SHELL.test(shell ?? shebang ?? DEFAULT_SHELL)) return undefined;
  const name = script.kind === "run" ? "The script" : `The script '${script.path}'`;
  const advice =
    script.kind === "run"
      ? `${SAVE_WITH_LF} Or remove the CR from a value that is inserted into the script.`
      : SAVE_WITH_LF;
  return (
    `${name} has Windows line ends (CR LF) on ${count} of its lines. A shell reads the CR as part of a word: ` +
    `it does not find 'ls\\r', and 'then\\r' is a syntax error. The script is run as it is. ${advice}`
  );
}
