import { fileBytes, parseScript, type RunnerOptions, type Script, scriptText } from "./scenario.ts";

const COMMAND = "run:";

/** What the script does for an item: it says so, waits, and ends. An item of the input `items` is its text. */
export interface ItemProgram {
  /** Such as `r0 i3`. */
  readonly name: string;
  /**
   * It writes a file of so many bytes into the directory of its run, or a report of a test, which passes when the item ends with 0, or a file with a
   * name that is never brought back.
   */
  readonly keeps?: number | "xml" | "env";
  /** In milliseconds. */
  readonly wait: number;
  /** Of its first run, its second one, and so on. The last one is that of all later runs. */
  readonly exitCodes: readonly number[];
  /** The exit codes that the script reports of the item, run by run: `-` for no report, `?` for a line of another form. */
  readonly says?: readonly string[];
  /** The exit code in all later attempts of the workflow's run. */
  readonly later?: number;
}

export function itemText({ name, keeps, wait, exitCodes, says, later }: ItemProgram): string {
  return `${name}${keeps === undefined ? "" : ` keeps ${keeps}`} wait ${wait} exit ${exitCodes.join(",")}${says ? ` says ${says.join(",")}` : ""}${later === undefined ? "" : ` later ${later}`}`;
}

const ITEM =
  /^(r\d+ i\d+)(?: keeps (\d+|xml|env))? wait (\d+) exit (\d+(?:,\d+)*)(?: says ([\d,?-]+))?(?: later (\d+))?$/;

/** The item with this text. Undefined for any other text. */
export function parseItem(text: string): ItemProgram | undefined {
  const [, name = "", keeps, wait, codes = "", says, later] = ITEM.exec(text) ?? [];
  if (wait === undefined) return undefined;
  return {
    ...{ name, wait: Number(wait), exitCodes: codes.split(",").map(Number) },
    ...(keeps !== undefined && { keeps: keeps === "xml" || keeps === "env" ? keeps : Number(keeps) }),
    ...(says !== undefined && { says: says.split(",") }),
    ...(later !== undefined && { later: Number(later) }),
  };
}

/** What an item does in this attempt of the workflow's run. */
export function itemIn(text: string, runAttempt: number): ItemProgram | undefined {
  const program = parseItem(text);
  const { later } = program ?? {};
  if (program === undefined || runAttempt === 1 || later === undefined) return program;
  return { ...program, exitCodes: [later], ...(program.says && { says: [String(later)] }) };
}

/** What an item writes into the directory of its run that ends with this code: the name of a file, and its bytes or its failed tests. */
export function keptFile({ name, keeps }: ItemProgram, exitCode: number): string | undefined {
  const file = name.replace(" ", "-");
  if (keeps === "xml") return `${file}.xml ${exitCode === 0 ? 0 : 1}`;
  if (keeps === "env") return ".env 100";
  return keeps === undefined ? undefined : `${file}.bin ${keeps}`;
}

/** The content of such a file. */
export function keptBytes(kept: string): Buffer {
  const [, name, failed] = /^(.*)\.xml (\d)$/.exec(kept) ?? [];
  if (name === undefined) return fileBytes(kept);
  const end = failed === "0" ? "" : "<failure/>";
  return Buffer.from(`<testsuite name="shop"><testcase name="${name}">${end}</testcase></testsuite>\n`);
}

/** What the run with this number, from 1, has of a list with a member for each run, the last one of which is that of all later runs. */
export function ofRun<T>(each: readonly T[], attempt: number): T | undefined {
  return each[Math.min(attempt, each.length) - 1];
}

/** The input `items` with a command that does this. */
export function commandOf(listing: Script): string {
  return COMMAND + scriptText(listing);
}

/** What the command of a step's input `items` does; undefined without one. */
export function listingOf({ inputs }: Pick<RunnerOptions, "inputs">): Script | undefined {
  const { items = "" } = inputs;
  return items.startsWith(COMMAND) ? parseScript(items.slice(COMMAND.length)) : undefined;
}

/** The items of a step, also those that its command prints; empty for a step without. */
export function itemsOf(step: Pick<RunnerOptions, "inputs">): readonly string[] {
  const printed = listingOf(step)?.lines.flatMap((line) => ("out" in line ? [line.out] : []));
  return printed ?? (step.inputs["items"] ?? "").split("\n").filter((line) => line !== "");
}
