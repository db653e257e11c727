import { wholeMarkdown } from "./markdown.ts";
import { harmlessLine } from "./show/sanitise.ts";

/** What a worker has written into GITHUB_OUTPUT or GITHUB_STEP_SUMMARY. */
export interface WrittenFile {
  readonly worker: number;
  readonly text: string;
  /** The size of a file that the container left out; its `text` is empty. Else undefined. */
  readonly leftOut: number | undefined;
}

/** What a job's script has given to the step, from all of its workers. */
export interface ScriptResults {
  /** Each name once, in whatever case, with the value that was set last. */
  readonly outputs: readonly Output[];
  readonly summaries: readonly { readonly worker: number; readonly text: string }[];
  /** What was not taken, and why: the texts of warnings. */
  readonly problems: readonly string[];
}

export type Output = readonly [name: string, value: string];

export const NO_RESULTS: ScriptResults = { outputs: [], summaries: [], problems: [] };

/** The outputs that the step sets itself, and those that it may set in future. */
export const OWN_OUTPUTS: readonly string[] = [
  "exit-code",
  "outcome",
  "stdout",
  "stderr",
  "duration",
  "task-arn",
  "task-id",
  "task-arns",
  "session-id",
  "log-group",
  "log-stream",
  "log-url",
  "private-ip",
  "public-ip",
  "results",
  "handle",
  "artifacts-path",
  "tests",
];

/** GitHub's rule for the ids of steps and outputs. */
const NAME = /^[A-Za-z_][\w-]*$/;
/** The most outputs that the scripts of one task set: each takes far more memory than its bytes. */
export const MOST_OUTPUTS = 1000;
/** The most problems that one job reports. */
const MOST_PROBLEMS = 5;

/** Reads the files of all workers, in their order. With items each has what their runs have written, one after the other. */
export function scriptResults(
  files: { readonly output: readonly WrittenFile[]; readonly summary: readonly WrittenFile[] },
  { workers, hasItems = false }: { readonly workers: number; readonly hasItems?: boolean },
): ScriptResults {
  const partsOf = ({ worker, ...file }: WrittenFile): readonly Part[] =>
    (hasItems ? runsIn(file) : [file]).map((part) => ({
      ...{ of: workers > 1 ? ` of worker ${worker}` : "", ...part },
    }));
  const problems = new Problems();
  const outputs = outputsIn(files.output.flatMap(partsOf), problems);
  const summaries = files.summary.flatMap((file) => {
    const parts = partsOf(file);
    for (const { of, leftOut } of parts)
      if (leftOut !== undefined) problems.add(() => tooLarge(`GITHUB_STEP_SUMMARY${of}`, leftOut));
    const text = parts.map((part) => wholeMarkdown(part.text)).join("");
    return text.trim() === "" ? [] : [{ worker: file.worker, text }];
  });
  return { outputs, summaries, problems: problems.all() };
}

/** What one run of a script has written into a file. */
interface Part extends Pick<WrittenFile, "text" | "leftOut"> {
  /** Whose it is, for messages: empty, or with a blank before it. */
  readonly of: string;
}

/** What ends the part of a run: the index of its first item, and the size of a part that the container has left out (item-results.sh). */
const RUN_END = new RegExp(String.raw`\n\x1e(\d{1,5})(?: (\d{1,15}))?(?:\n|$)`);

/** What each run of items has written into a file. What stands behind the last one is of a run whose end the container did not see. */
function runsIn({ text, leftOut }: Pick<WrittenFile, "text" | "leftOut">): readonly (Omit<Part, "of"> & {
  readonly of?: string;
})[] {
  const pieces = text.split(RUN_END);
  const runs = Array.from({ length: (pieces.length - 1) / 3 }, (_, run) => {
    const [part = "", index = "", size] = pieces.slice(3 * run, 3 * run + 3);
    return { text: part, of: ` of item ${index}`, leftOut: size === undefined ? undefined : Number(size) };
  });
  return [...runs, { text: pieces.at(-1) ?? "", leftOut }];
}

function outputsIn(files: readonly Part[], problems: Problems): readonly Output[] {
  const outputs = new Map<string, Output>();
  for (const { of, text, leftOut } of files) {
    const name = `GITHUB_OUTPUT${of}`;
    if (leftOut !== undefined) problems.add(() => tooLarge(name, leftOut));
    for (const line of parseOutputFile(text)) {
      if (line.kind === "malformed") problems.add(() => `${name}: ${line.why}`);
      else if (isAllowed(line.name)) outputs.set(line.name.toLowerCase(), [line.name, line.value]);
      else problems.add(() => `${name}: ${refusal(line.name)}`);
      if (outputs.size <= MOST_OUTPUTS) continue;
      problems.add(
        () =>
          `${name} was left out, with those before it: the scripts of a task may set ${MOST_OUTPUTS} outputs.`,
      );
      return [];
    }
  }
  return [...outputs.values()];
}

/** Keeps the first problems, and counts the others. */
class Problems {
  readonly #texts: string[] = [];
  #more = 0;

  add(text: () => string): void {
    if (this.#texts.length < MOST_PROBLEMS) this.#texts.push(text());
    else this.#more += 1;
  }

  all(): readonly string[] {
    return this.#more > 0 ? [...this.#texts, `… and ${this.#more} more of this kind.`] : this.#texts;
  }
}

/** The runner compares the names of outputs without their case. */
function isOwn(name: string): boolean {
  return OWN_OUTPUTS.includes(name.toLowerCase());
}

function isAllowed(name: string): boolean {
  return NAME.test(name) && !isOwn(name);
}

function refusal(name: string): string {
  return isOwn(name)
    ? `'${harmlessLine(name, 100)}' is an output of the action itself, and was not changed.`
    : `'${harmlessLine(name, 100)}' is no name of an output. A name has letters, digits, _ and -, and begins with a letter or _.`;
}

function tooLarge(file: string, size: number): string {
  return (
    `${file} was left out: it has ${size} bytes. The files of all workers of a task ` +
    "may have 1 MiB together, those of all tasks that run at the same time 32 MiB, and each has to stay a regular file."
  );
}

type ParsedLine =
  | { readonly kind: "output"; readonly name: string; readonly value: string }
  /** The rest of the file does not count. */
  | { readonly kind: "malformed"; readonly why: string };

/**
 * Parses GITHUB_OUTPUT as the runner does (actions/runner, `EnvFileKeyValuePairs`): `NAME=value`, or `NAME<<DELIMITER` and lines up
 * to DELIMITER. Only LF ends a line, so a CR belongs to a value. Empty lines are skipped. The lines before a malformed line count.
 */
export function* parseOutputFile(file: string): Generator<ParsedLine> {
  const lines = new Lines(file.startsWith("\ufeff") ? file.slice(1) : file);
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (line.text === "") continue;
    const [, name = "", sign, rest = ""] = /^(.*?)(=|<<)(.*)$/s.exec(line.text) ?? [];
    if (sign === "=") {
      yield { kind: "output", name, value: rest };
      continue;
    }
    const value = sign === undefined || name === "" || rest === "" ? undefined : lines.upTo(rest);
    if (value === undefined) {
      const shown = harmlessLine(line.text, 100);
      const must =
        sign === undefined || name === "" || rest === ""
          ? "is neither NAME=value nor NAME<<DELIMITER"
          : "has no line with its delimiter after it";
      yield {
        kind: "malformed",
        why: `line ${line.number}, '${shown}', ${must}. This line and all after it do not count.`,
      };
      return;
    }
    yield { kind: "output", name, value };
  }
}

/** The lines of a text, each read once. A newline at the end of the text begins no further line. */
class Lines {
  readonly #text: string;
  #at = 0;
  #number = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): { readonly text: string; readonly number: number } | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const end = this.#text.indexOf("\n", this.#at);
    const text = this.#text.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    this.#number += 1;
    return { text, number: this.#number };
  }

  /** The text before the next line that is `delimiter`, without the newline at its end; undefined when there is no such line. */
  upTo(delimiter: string): string | undefined {
    const from = this.#at;
    for (let start = from, line = this.next(); line !== undefined; start = this.#at, line = this.next())
      if (line.text === delimiter) return this.#text.slice(from, Math.max(from, start - 1));
    return undefined;
  }
}
