import { harmlessLine, harmlessText } from "./show/sanitise.ts";
import type { WorkerOutcome } from "./outcome.ts";
import type { StatusResult, TaskFacts, TaskResult } from "./result.ts";
import { makeTimeline } from "./timeline.ts";

/** An object of the output `results`: the end of one worker, or of a task in which no worker's end is known. */
export interface Entry {
  /** The task's index among the tasks of the step, from 0. */
  readonly task: number;
  readonly taskArn: string;
  readonly worker: number | null;
  readonly exitCode: number | null;
  readonly outcome: WorkerOutcome | TaskResult["outcome"];
  readonly seconds: number | null;
  /** The last lines of the worker's or the task's standard output, sanitised. */
  readonly stdout: string;
  /** The seconds of each phase of the task, by the phase's name in the summary. Only the entry of the task's first worker has them. */
  readonly phases?: Readonly<Record<string, number>>;
}

/** The most lines and characters of a worker's standard output in `results`. */
const MOST_LINES = 10;
const MOST_CHARACTERS = 2_000;
/** The most characters that all entries' standard output has together: `results` has 384 KiB of them (outputs.ts), and JSON may double a character. */
const MOST_OF_ALL = 128 * 1024;

/** The objects of `results`, in task, then worker order. A job that never had a task has no object. */
export function makeEntries(tasks: readonly TaskResult[]): readonly Entry[] {
  const all = tasks.flatMap((result, index) => entriesOf(result, index));
  const longest = Math.min(MOST_CHARACTERS, Math.floor(MOST_OF_ALL / Math.max(1, all.length)));
  return all.map((entry) => ({ ...entry, stdout: lastLines(entry.stdout, longest) }));
}

function entriesOf(result: TaskResult, index: number): readonly Entry[] {
  if (result.task === undefined) return [];
  const { taskArn } = result.task.target;
  const common = { task: index, taskArn: harmlessLine(taskArn) };
  if (result.kind !== "status") {
    const unknown = { worker: null, exitCode: null, seconds: null };
    return [{ ...common, ...unknown, outcome: result.outcome, stdout: result.task.stdout }];
  }
  const phases = phasesOf(result.task);
  return result.workers.map(({ worker, exitCode, outcome, seconds }, i) => ({
    ...common,
    ...{ worker, exitCode, outcome, seconds, stdout: stdoutOf(worker, result) },
    ...(i === 0 && phases !== undefined && { phases }),
  }));
}

/** The phases from RunTask, or from the choice of a running task, to the job's end. */
function phasesOf({ times, described, target: { started } }: TaskFacts): Entry["phases"] {
  const { beganAt, endedAt } = times ?? {};
  if (beganAt === undefined || endedAt === undefined) return undefined;
  const from = started ? Math.min(described?.createdAt ?? beganAt, beganAt) : beganAt;
  const spans = makeTimeline({ from, to: endedAt }, times, described, started);
  return Object.fromEntries(spans.map(({ name, from, to }) => [name, Math.round((to - from) / 10) / 100]));
}

/** The end of a worker's standard output, without its last line's end. */
function stdoutOf(worker: number, { task, workers }: StatusResult): string {
  return workers.length === 1 ? task.stdout : (task.workerStdout.get(worker) ?? "").replace(/\n$/, "");
}

/** The last lines, each of them whole, that this many characters hold. Of a last line that is longer it has the end. */
function lastLines(text: string, longest: number): string {
  const lines: string[] = [];
  let room = longest;
  for (const line of text.split("\n").slice(-MOST_LINES).toReversed()) {
    if (line.length > room) break;
    lines.unshift(line);
    room -= line.length + 1;
  }
  const kept = lines.length > 0 ? lines.join("\n") : text.slice(Math.max(0, text.length - longest));
  // Escaped workflow commands make a text longer by a third at most. That must cut nothing.
  return kept === "" ? "" : harmlessText(kept, 2 * longest);
}
