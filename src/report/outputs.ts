import { basename, dirname } from "node:path";
import type { TestResults } from "./junit/test-results.ts";
import { OUTPUT_LIMIT } from "./show/printer.ts";
import { harmlessLine } from "./show/sanitise.ts";
import { Tail } from "./show/tail.ts";
import { type Entry, makeEntries } from "./entries.ts";
import type { Output } from "./file-commands.ts";
import { decisiveResult } from "./decisive.ts";
import { itemEntries } from "./item-entries.ts";
import { type Result, type TaskResult, taskResults } from "./result.ts";

/**
 * The step's outputs: those of `action.yml`, then those of the script, which have other names. An unknown value is empty. `stdout`,
 * `stderr` and the script's own are the job's text, byte for byte; every other output is one sanitised line.
 */
export function makeOutputs(result: Result, tests?: TestResults): Readonly<Record<string, string>> {
  const decisive = decisiveResult(result);
  const { exitCode, outcome, task } = decisive;
  const tasks = taskResults(result);
  const log = task?.log?.kind === "cloudwatch" ? task.log : undefined;
  const ours = {
    "exit-code": exitCode === undefined ? "" : String(exitCode),
    outcome,
    handle: decisive.kind === "detached" ? decisive.handle : "",
    "artifacts-path": pathOfArtifacts(result) ?? pathOfFile(result),
    tests: tests === undefined ? "" : testsOf(tests),
    duration: durationOf(tasks),
    "task-arn": task?.target.taskArn ?? "",
    "task-id": task?.target.taskId ?? "",
    "task-arns": json(tasks.flatMap((one) => one.task?.target.taskArn ?? [])),
    "session-id": task?.sessionId ?? "",
    "log-group": log?.group ?? "",
    "log-stream": log?.stream ?? "",
    "log-url": log?.url ?? "",
    "private-ip": task?.target.privateIp ?? "",
    "public-ip": task?.publicIp ?? "",
  };
  const harmless = Object.entries(ours).map(
    ([name, value]) => [name, harmlessLine(value, LONGEST_OUTPUT)] as const,
  );
  return Object.fromEntries([
    ...harmless,
    ["results", itemsOf(result)?.json ?? resultsOf(tasks)],
    ["stdout", joinTails(tasks, "stdout").toString()],
    ["stderr", joinTails(tasks, "allStderr").toString()],
    ...outputsOfScripts(tasks),
  ]);
}

/** The directory of the artifacts, and of what items have written; undefined when nothing was to come. */
function pathOfArtifacts(result: Result): string | undefined {
  const [ofTask] = taskResults(result).flatMap(({ task }) => task?.artifacts?.path ?? []);
  return ofTask ?? (result.kind === "several" ? result.items?.directories?.path : undefined);
}

/** The outputs that the scripts have set. The runner compares names without their case, so the last value of such a name is the only one. */
function outputsOfScripts(tasks: readonly TaskResult[]): Iterable<Output> {
  const all = tasks.flatMap(({ task }) => task?.script.outputs ?? []);
  return new Map(all.map((output) => [output[0].toLowerCase(), output])).values();
}

/** The directory of the file with all items; empty when there is none. */
function pathOfFile(result: Result): string {
  const file = result.kind === "several" ? result.items?.file : undefined;
  return file === undefined ? "" : dirname(file);
}

export interface CutResults {
  /** How many items the output `results` holds. */
  readonly count: number;
  /** How many the step has. */
  readonly total: number;
  /** The name of the file among the artifacts that has all of them; undefined when there is none. */
  readonly file: string | undefined;
}

/** What the output `results` lacks. Undefined: no step with items, or it holds all. */
export function cutResults(result: Result): CutResults | undefined {
  const count = itemsOf(result)?.count;
  const { items = [], file } = (result.kind === "several" ? result.items : undefined) ?? {};
  return count === undefined || count === items.length
    ? undefined
    : { count, total: items.length, file: file && basename(file) };
}

function itemsOf(result: Result): ReturnType<typeof itemEntries> | undefined {
  const items = result.kind === "several" ? result.items : undefined;
  return items && itemEntries(items, LONGEST_RESULTS);
}

/** The names of the outputs that lack their beginning, because the script has printed more than an output holds. */
export function cutOutputs(result: Result): readonly string[] {
  const tasks = taskResults(result);
  const isCut = (name: "stdout" | "stderr", whole: Tail): boolean =>
    whole.isCut || tasks.some(({ task }) => task?.cut.includes(name));
  return [
    ...(isCut("stdout", joinTails(tasks, "stdout")) ? ["stdout"] : []),
    ...(isCut("stderr", joinTails(tasks, "allStderr")) ? ["stderr"] : []),
  ];
}

/** The most characters of an output: ours, since the runner checks no size of a step's output. */
const LONGEST_OUTPUT = 1024 * 1024;

/**
 * The most characters of `results`. GitHub takes 1,048,576 bytes of all outputs of a workflow job together, two for each character, as UTF-16 has
 * them (github/docs#36846, google/osv-scanner-action#129). So a job can pass `results` on, and has a quarter left for others.
 */
const LONGEST_RESULTS = 393_216;

/** The seconds of the worker that took longest; empty when no worker's end is known. */
function durationOf(tasks: readonly TaskResult[]): string {
  let longest: number | undefined;
  for (const one of tasks)
    if (one.kind === "status")
      for (const { seconds } of one.workers) longest = Math.max(seconds, longest ?? seconds);
  return longest === undefined ? "" : String(longest);
}

function testsOf({ passed, failed, skipped, flaky, seconds }: TestResults): string {
  return JSON.stringify({ passed, failed, skipped, flaky, seconds: Math.round(seconds * 1000) / 1000 });
}

/** The end of the texts of all tasks, one after the other. With several tasks each line has the task's label, as in the log. */
function joinTails(tasks: readonly TaskResult[], which: "stdout" | "allStderr"): Tail {
  const tail = new Tail(OUTPUT_LIMIT);
  const [only, ...others] = tasks;
  if (others.length === 0) tail.push(Buffer.from(only?.task?.[which] ?? ""));
  else tail.push(Buffer.from(lastLabelled(tasks, which, OUTPUT_LIMIT).join("\n")));
  return tail;
}

/** The last lines, with labels, and no more of them than this many bytes need: a label may be much longer than its line. */
function lastLabelled(
  tasks: readonly TaskResult[],
  which: "stdout" | "allStderr",
  limit: number,
): readonly string[] {
  const lines: string[] = [];
  let bytes = -1;
  for (let i = tasks.length - 1; i >= 0 && bytes <= limit; i -= 1) {
    const text = tasks[i]?.task?.[which] ?? "";
    for (let end = text === "" ? -1 : text.length; end >= 0 && bytes <= limit;) {
      const before = end === 0 ? -1 : text.lastIndexOf("\n", end - 1);
      const line = `[task ${i}] ${text.slice(before + 1, end)}`;
      lines.push(line);
      bytes += Buffer.byteLength(line) + 1;
      end = before;
    }
  }
  return lines.reverse();
}

/**
 * The entries as JSON. When an output can't hold all of them, it has one of each task, then those that have failed, then others, of
 * each task as many as of any other. So the ends of one task leave room for those of its siblings.
 */
function resultsOf(tasks: readonly TaskResult[]): string {
  let room = LONGEST_RESULTS - 2;
  const texts = byImportance(makeEntries(tasks)).map(({ entry, at }) => ({
    at,
    text: JSON.stringify(entry),
  }));
  const kept = texts.filter(({ text }) => (room -= text.length + 1) >= 0);
  const ordered = kept.toSorted((one, other) => one.at - other.at);
  return `[${ordered.map(({ text }) => text).join(",")}]`;
}

function byImportance(entries: readonly Entry[]): { readonly entry: Entry; readonly at: number }[] {
  const ofTasks = new Map<number, number>();
  const [failed, others] = [true, false].map((hasFailed) =>
    entries.flatMap((entry, at) => {
      if ((entry.exitCode !== 0) !== hasFailed) return [];
      const rank = ofTasks.get(entry.task) ?? 0;
      ofTasks.set(entry.task, rank + 1);
      return [{ entry, at, rank, group: rank === 0 ? 0 : hasFailed ? 1 : 2 }];
    }),
  );
  return [...(failed ?? []), ...(others ?? [])].toSorted(
    (one, other) => one.group - other.group || one.rank - other.rank,
  );
}

/** JSON with each string sanitised first: sanitising the JSON itself could break its escapes. */
function json(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "string" ? harmlessLine(part) : part));
}
