import { harmlessLine, harmlessText } from "../show/sanitise.ts";
import type { TaskFacts, TaskResult, WorkerOutcome } from "./result.ts";
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
/** The most characters that all entries' standard output has together: GitHub takes 1 MiB of an output, and JSON may double a character. */
const MOST_OF_ALL = 256 * 1024;

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
  const own = stdoutOfWorkers(result.task.stdout, result.workers.length);
  const phases = phasesOf(result.task);
  return result.workers.map(({ worker, exitCode, outcome, seconds }, i) => ({
    ...common,
    ...{ worker, exitCode, outcome, seconds, stdout: own.get(worker) ?? "" },
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

/** The standard output of each worker. With several workers the container puts the label `[N] ` before each line. */
function stdoutOfWorkers(stdout: string, workers: number): ReadonlyMap<number, string> {
  if (workers === 1) return new Map([[0, stdout]]);
  const lines = new Map<number, string[]>();
  for (const line of stdout.split("\n")) {
    const [label, worker] = /^\[(\d{1,3})\] /.exec(line) ?? [];
    if (label === undefined) continue;
    const own = lines.get(Number(worker)) ?? [];
    lines.set(Number(worker), own);
    own.push(line.slice(label.length));
  }
  return new Map([...lines].map(([worker, own]) => [worker, own.slice(-MOST_LINES).join("\n")]));
}

function lastLines(text: string, longest: number): string {
  const lines = text.split("\n").slice(-MOST_LINES).join("\n");
  return longest === 0 ? "" : harmlessText(lines.slice(-longest), longest);
}
