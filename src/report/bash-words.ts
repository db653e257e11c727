import type { Reader } from "../errors.ts";
import type { PrintedOutput, Result, WorkerResult } from "./result.ts";
import { judgedTasks } from "./decisive.ts";

/** What a script has that is bash's, as its sh has complained about it. */
export interface BashUse {
  readonly line: number | undefined;
  /** The words for it in a message. Nothing of it is what the job has printed. */
  readonly what: string;
}

const PIPEFAIL = "'set -o pipefail'";

/**
 * What dash and busybox ash say of a script for bash. bash itself says "command not found" and "syntax error near unexpected token", so these
 * words are of another shell.
 */
const WORDS: readonly (readonly [said: RegExp, what: string])[] = [
  [/^set: illegal option -o pipefail/i, PIPEFAIL],
  [/^set: illegal option -o (?:errtrace|functrace|posix)/i, "an option of bash's 'set'"],
  [/^\[\[: not found/, "'[['"],
  [/^\[: [^:]{1,200}: unexpected operator$/, "'==' in '[ ]'"],
  ...[
    ...["source", "function", "declare", "typeset", "let", "shopt", "mapfile", "readarray"],
    ...["pushd", "popd", "dirs", "select", "coproc", "builtin", "compgen", "caller"],
  ].map((name) => [new RegExp(`^${name}: not found`), `'${name}'`] as const),
  [/^[A-Za-z_]\w*(?:\[[^\]]*\]\+?|\+)=.*: not found/, "'+=' or an array"],
  [/^[A-Za-z_]\w*(?:\+\+|--): not found/, "'((…))'"],
  [/^(?:syntax error: )?bad substitution$/i, "a substitution of bash, as of an array"],
  [/^syntax error: (?:"\(" unexpected|unexpected "\(")/i, "what may be an array, '<(…)' or 'function f()'"],
  [/^syntax error: "}" unexpected/i, "what may be 'function f {'"],
  [/^syntax error: (?:redirection unexpected|unexpected redirection)/i, "what may be '<<<'"],
  [/^syntax error: (?:"&" unexpected|unexpected "&")/i, "what may be '|&'"],
  [/^syntax error: bad for loop variable/i, "'for ((…))'"],
  [/^read: illegal option/i, "an option of bash's 'read'"],
  [/^export: illegal option -f/i, "'export -f'"],
];

/**
 * A message of the shell about the script itself, as in `script: 3: [[: not found` (dash), `script: line 3: …` or `script: set: line 3: …`
 * (busybox). The script's path is that of the job directory, see `container/main.sh`. A shell that the script has started has another name.
 */
const OF_THE_SCRIPT = /\/fargate-exec-[\w-]+\/script: (?:(?:line )?(\d{1,7}): )?([^\r\n]{1,300})/g;
const LATER_LINE = /^(\w{1,20}: )line (\d{1,7}): /;

/** The first word of bash of which a shell without it has complained; undefined when there is none. Takes linear time. */
export function findBashUse(output: string): BashUse | undefined {
  for (const [, first, message = ""] of output.matchAll(OF_THE_SCRIPT)) {
    const later = LATER_LINE.exec(message);
    const said = later === null ? message : `${later[1]}${message.slice(later[0].length)}`;
    const [, what] = WORDS.find(([words]) => words.test(said.trimEnd())) ?? [];
    const line = first ?? later?.[2];
    if (what !== undefined) return { what, line: line === undefined ? undefined : Number(line) };
  }
  return undefined;
}

type Output = Pick<PrintedOutput, "allStderr" | "stdout">;

/** What to do about a script for bash that ran in a shell without its words; undefined when no shell complained. */
export function bashAdvice(
  { allStderr, stdout }: Output,
  workers: readonly Pick<WorkerResult, "hasBash">[],
  reader: Reader,
): string | undefined {
  // With `stderr: merged` it is a part of standard output.
  const use = findBashUse(allStderr) ?? findBashUse(stdout);
  if (use === undefined) return undefined;
  const { line, what } = use;
  const where = line === undefined ? "The script" : `Line ${line} of the script`;
  const option = { workflow: "shell: bash", program: "--shell bash" }[reader];
  const set = { workflow: "Set", program: "Give" }[reader];
  const more = what === PIPEFAIL ? ": it has pipefail and -e on by itself" : "";
  return [
    `${where} uses ${what}, which the image's sh doesn't have.`,
    workers.some(({ hasBash }) => hasBash)
      ? `${set} '${option}', which the image has${more}.`
      : `The image has no bash for '${option}' either: write that for sh, or use an image that has bash.`,
  ].join(" ");
}

/** Warnings about scripts that have succeeded, although a shell complained: as the condition of an `if` such a command is only false. */
export function bashWarnings(result: Result, reader: Reader): readonly string[] {
  const all = judgedTasks(result).flatMap(({ result: each, succeeded }) => {
    if (each.kind !== "status" || !succeeded) return [];
    return bashAdvice(each.task, each.workers, reader) ?? [];
  });
  return all.slice(0, 1).map((advice) => `The script succeeded, but a part of it did not run. ${advice}`);
}
