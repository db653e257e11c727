import type { ScriptRun } from "../container/container.ts";
import { SECRET, type Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { isCancelled } from "./is-cancelled.ts";

/** The starts of this step's script, worker by worker. */
export function runsOf(runner: Runner, ended: Simulated): readonly ScriptRun[] {
  const runs = jobsOf(runner, ended);
  return hasItems(runner) ? runs.filter(({ batch }) => batch !== undefined) : runs;
}

/** The starts of the command that lists the items of this step. */
export function listingsOf(runner: Runner, ended: Simulated): readonly ScriptRun[] {
  return hasItems(runner) ? jobsOf(runner, ended).filter(({ batch }) => batch === undefined) : [];
}

/** All starts of what this step runs in containers. */
export function jobsOf(runner: Runner, { world }: Simulated): readonly ScriptRun[] {
  return world.containers.flatMap(({ scripts }) => scripts).filter(({ url }) => url === runner.jobUrl);
}

/** What a step had to show of these runs of a worker, in lines without empty ones. */
export function expectedLines(runs: readonly ScriptRun[], stream: "1" | "2"): readonly string[] {
  const text = runs
    .flatMap(({ out }) => out)
    .filter((piece) => piece.startsWith(`${stream} `))
    .map((piece) => piece.slice(2))
    .join("");
  return linesOf(text.replaceAll(SECRET, "***"));
}

/** The attempts to run a step's script, by task and in their order. Each has a start for each worker. */
export function attemptsOf(
  runner: Runner,
  ended: Simulated,
): ReadonlyMap<number, readonly (readonly ScriptRun[])[]> {
  const byTask = new Map<number, Map<string, ScriptRun[]>>();
  for (const run of runsOf(runner, ended).toSorted((a, b) => a.began - b.began || a.worker - b.worker)) {
    const attempts = byTask.get(run.task) ?? new Map<string, ScriptRun[]>();
    byTask.set(run.task, attempts);
    attempts.set(run.runId, [...(attempts.get(run.runId) ?? []), run]);
  }
  return new Map([...byTask].map(([task, attempts]) => [task, [...attempts.values()]]));
}

/** The starts of the last attempts, in the order of tasks and workers. */
export function lastRunsOf(runner: Runner, ended: Simulated): readonly ScriptRun[] {
  return [...attemptsOf(runner, ended)]
    .toSorted(([one], [other]) => one - other)
    .flatMap(([, attempts]) => (attempts.at(-1) ?? []).toSorted((a, b) => a.worker - b.worker));
}

/** Whether the step's script runs for items. */
export function hasItems(runner: Runner): boolean {
  return firstOf(runner).options.inputs["items"] !== undefined;
}

/** In how many tasks the step's job runs. */
export function taskCountOf(runner: Runner): number {
  const tasks = firstOf(runner).options.inputs["tasks"] ?? "1";
  return tasks === "all"
    ? (JSON.parse(runner.outputs["task-arns"] ?? "[]") as readonly string[]).length
    : Number(tasks);
}

/** The lines of a worker's stream that a step has shown in its log. */
export function shownLines(runner: Runner, worker: number, stream: "1" | "2", task = 0): readonly string[] {
  const { tasks } = firstOf(runner).options.inputs;
  const isOne = tasks === undefined || (tasks === "all" && !runner.main.stdout.includes("[task 0] "));
  const ofTask = isOne ? "" : `[task ${task}] `;
  const lead = `${ofTask}${workersOf(runner) > 1 ? `[${worker}] ` : ""}`;
  return logOf(runner)
    .filter((line) => line.startsWith(lead))
    .map((line) => line.slice(lead.length))
    .filter((line) =>
      (stream === "2" ? /^err r\d/ : /^(out r\d|part r\d|::error::out r\d|\*\*\*$)/).test(line),
    );
}

export function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The lines of each log at its end: several rules look at them, once for each worker and stream. */
const logs = new WeakMap<Runner, { readonly log: string; readonly lines: readonly string[] }>();

function logOf(runner: Runner): readonly string[] {
  const { stdout: log } = runner.main;
  const known = logs.get(runner);
  if (known?.log === log) return known.lines;
  const lines = linesOf(log);
  logs.set(runner, { log, lines });
  return lines;
}

/** Whether the step reads its output from the log of its session. */
export function readsLog({ options }: Runner): boolean {
  return /^(cloudwatch|s3)$/.test(options.inputs["logs"] ?? "");
}

/** Whether the step forwards ports, and runs no script. */
export function isForward({ options }: Runner): boolean {
  return options.clients !== undefined;
}

/** How many copies of its script the job of this step has. */
export function workersOf(runner: Runner): number {
  const first = firstOf(runner);
  return Number(first.options.inputs["workers"] ?? 1);
}

/** The step that has started the job of this one. */
export function firstOf(runner: Runner): Runner {
  return runner.before === undefined ? runner : firstOf(runner.before);
}

/** What a step says that knows its job's end, and whose cancel leaves no time to read the output from a log. */
const UNREAD = /^The job had ended\. Its output is in .*, and was not read\.$/m;

/** Whether a step knows its job's end, so that it has to show all of the output. */
export function isWhole(runner: Runner): boolean {
  const { "exit-code": exitCode = "", outcome } = runner.outputs;
  const isUnread = readsLog(runner) && isCancelled(runner) && UNREAD.test(runner.main.stdout);
  return exitCode !== "" && runner.mainEnd?.exitCode !== undefined && outcome !== "cancelled" && !isUnread;
}

/** What is wrong with the lines that a step has shown of those that it had to show; undefined for nothing. */
export function mismatch(
  expected: readonly string[],
  shown: readonly string[],
  whole: boolean,
): string | undefined {
  const wrong = shown.findIndex((line, at) =>
    at === shown.length - 1 && !whole ? expected[at]?.startsWith(line) !== true : expected[at] !== line,
  );
  if (wrong >= 0) return `line ${wrong} is '${clip(shown[wrong])}' and had to be '${clip(expected[wrong])}'`;
  if (!whole || shown.length === expected.length) return undefined;
  return `shows ${shown.length} of ${expected.length} lines, though the end is known`;
}

/** The same for the lines of several attempts, of which each but the last one may have been cut short. */
export function mismatchOfAttempts(
  attempts: readonly (readonly string[])[],
  shown: readonly string[],
  whole: boolean,
): string | undefined {
  const [expected = [], ...later] = attempts;
  if (later.length === 0) return mismatch(expected, shown, whole);
  const end = expected.findIndex((line, at) => shown[at] !== line);
  const same = end < 0 ? expected.length : end;
  const cut = shown[same];
  const isCutLine = end >= 0 && cut !== undefined && expected[end]?.startsWith(cut) === true;
  let wrong: string | undefined;
  // Attempts may print the same, so that the log does not tell how much of an earlier one it shows.
  for (let count = same + (isCutLine ? 1 : 0); count >= 0; count -= 1) {
    const reason = mismatchOfAttempts(later, shown.slice(count), whole);
    if (reason === undefined) return undefined;
    wrong ??= reason;
  }
  return wrong;
}

export function clip(text: string | undefined): string {
  return text === undefined ? "nothing" : text.slice(0, 80);
}
