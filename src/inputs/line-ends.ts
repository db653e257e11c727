import type { ScriptSource } from "./inputs.ts";

/** The programs of a Bourne shell, for which a CR is a character like any other. */
const SHELL = /(^|[\s/])(ba|da|a|k|z)?sh\b|busybox/;
const DEFAULT_SHELL = "sh";

/**
 * A warning about a script with the line ends of Windows, where they break its shell or its shebang; undefined for
 * any other script. The script is run as it is: a CR may be meant.
 */
export function warnOfLineEnds(script: ScriptSource, shell: string | undefined): string | undefined {
  if (script.kind === "none") return undefined;
  const text = script.kind === "run" ? script.text : Buffer.from(script.bytes).toString("latin1");
  const count = text.match(/\r\n/g)?.length ?? 0;
  if (count === 0) return undefined;
  const [first = ""] = text.split("\n", 1);
  const shebang = first.startsWith("#!") ? first : undefined;
  if (!SHELL.test(shell ?? shebang ?? DEFAULT_SHELL)) return undefined;
  const name = script.kind === "run" ? "The script of 'run'" : `The script '${script.path}'`;
  const cure =
    script.kind === "run"
      ? "Save the workflow with LF, or remove the CR from what an expression puts into the script."
      : "Save it with LF, and put '*.sh text eol=lf' into .gitattributes, so that a checkout on Windows keeps it so.";
  return (
    `${name} has the line ends of Windows (CR LF), on ${count} of its lines. A shell takes the CR for a part of the command: ` +
    `it does not find 'ls\\r', and 'then\\r' is a syntax error. The script is run as it is. ${cure}`
  );
}
