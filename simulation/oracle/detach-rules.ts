import type { ScriptRun } from "../container/container.ts";
import { itemsOf, parseItem } from "../items.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { hasLostCredentials } from "./credentials.ts";
import type { Rule } from "./rule.ts";
import {
  clip,
  expectedLines,
  hasItems,
  isWhole,
  mismatch,
  runsOf,
  shownLines,
  workersOf,
} from "./script-output.ts";
import { recordsInOrder, tasksOf } from "./tasks-of.ts";
import { timeoutOf } from "./timeout-of.ts";

/** The end of a step that has left its job may take so long. */
const LEAVING_MS = 5_000;

/** A step leaves a job only when that has begun, and then another step can find it. */
const left: Rule = {
  name: "a step leaves a job that runs",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.outputs["outcome"] !== "detached") continue;
      const runs = runsOf(runner, ended);
      const containers = tasksOf(runner, ended).flatMap(({ container }) => container ?? []);
      // Items are there once nothing more is given.
      const isThere = hasItems(runner)
        ? containers.some(({ orders }) => orders.some((order) => order.endsWith(" end")))
        : runs.length === workersOf(runner);
      // The job places its files once it has begun, and only then learns that it can't. A step that attaches tells that.
      const isRefused = containers.some(({ ends }) =>
        ends.some(({ url, status }) => url === runner.jobUrl && status.startsWith("refused files: ")),
      );
      check(
        (isThere || isRefused || isJobKilled(runner, ended) || containers.some(({ host }) => host.isDead)) &&
          (runner.outputs["handle"] ?? "") !== "",
        runner.name,
        () => `has left a job of ${runs.length} scripts with the handle '${clip(runner.outputs["handle"])}'`,
      );
    }
  },
};

/** Whether the process of the job was killed while the step left it, or later: a script that had not begun by then never does. */
function isJobKilled(runner: Runner, ended: Simulated): boolean {
  const since = (runner.mainEnd?.at ?? Infinity) - LEAVING_MS;
  const killed = [...ended.world.base.faults.takenAt].filter(
    ([fault, at]) => fault.kind === "kill-process" && fault.process === "job" && at >= since,
  );
  return tasksOf(runner, ended).some(({ name, container }) =>
    killed.some(
      ([{ actor }, at]) =>
        actor === name && container?.jobs.findLast(({ began }) => began <= at)?.url === runner.jobUrl,
    ),
  );
}

/** Nothing but the script itself and its timeout ends a job that was left, unless a step that attaches is cancelled or lost, or a process is killed. */
const alone: Rule = {
  name: "a job that was left ends by itself",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.before !== undefined || runner.outputs["outcome"] !== "detached") continue;
      const steps = ended.runners.filter(({ jobUrl }) => jobUrl === runner.jobUrl);
      if (steps.some(({ cancelledAt, isKilled }) => cancelledAt !== undefined || isKilled)) continue;
      // A step that attaches stops the job when its credentials end.
      if (steps.some((step) => hasLostCredentials(step, ended))) continue;
      const places = tasksOf(runner, ended).map(({ name }) => name);
      const isHarmed = ended.world.base.faults.taken.some(
        ({ kind, actor }) => kind === "kill-process" && places.includes(actor),
      );
      if (isHarmed) continue;
      for (const run of runsOf(runner, ended)) {
        if (run.exitCode === undefined) continue;
        // The first item may begin long after its job: orders need a session, or S3.
        const { jobs = [] } = ended.world.containers.find(({ scripts }) => scripts.includes(run)) ?? {};
        const { began } =
          (hasItems(runner) ? jobs.find(({ url }) => url === runner.jobUrl) : undefined) ?? run;
        const isOut = (run.ended ?? began) - began >= timeoutOf(runner);
        check(
          run.exitCode === exitCodeOf(runner, run) || isOut,
          runner.name,
          () => `the script ended with ${run.exitCode ?? "nothing"} after ${lasted(run)} ms`,
        );
      }
    }
  },
};

/** Together the steps show all of the output: each goes on where the one before it has certainly shown everything. */
const onward: Rule = {
  name: "a step that attaches shows what was not shown",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.before === undefined || !runner.hasBegun) continue;
      for (const run of workersRuns(runsOf(runner, ended))) {
        for (const stream of ["1", "2"] as const) {
          const wrong = shownFrom(runner, run, stream, ended).wrong;
          check(wrong === undefined, runner.name, () => wrong ?? "");
        }
      }
    }
  },
};

/** The runs of each worker as one: it runs the script again for each batch of items. */
function workersRuns(runs: readonly ScriptRun[]): readonly ScriptRun[] {
  return runs
    .filter(({ worker }, at) => runs.findIndex((run) => run.worker === worker) === at)
    .map((first) => {
      const own = runs.filter(({ worker }) => worker === first.worker);
      return { ...first, out: own.flatMap(({ out }) => out) };
    });
}

/** With what the script ends when nothing stops it. */
function exitCodeOf(runner: Runner, { batch }: ScriptRun): number {
  const items = itemsOf(runner.options);
  const codes = batch?.indices.map((index) => parseItem(items[index] ?? "")?.exitCodes[0] ?? 0) ?? [];
  return codes.find((code) => code !== 0) ?? runner.script.exitCode;
}

/** How many lines this step and those before it have shown, and what is wrong with them. */
function shownFrom(
  runner: Runner,
  run: ScriptRun,
  stream: "1" | "2",
  ended: Simulated,
): { readonly upTo: number; readonly wrong: string | undefined } {
  const expected = expectedLines([run], stream);
  const shown = shownLines(runner, run.worker, stream);
  if (runner.before === undefined) return { upTo: shown.length, wrong: undefined };
  const most = shownFrom(runner.before, run, stream, ended).upTo;
  let wrong: string | undefined;
  // A step may begin in the middle of a line.
  for (let from = Math.min(most, expected.length); from >= 0; from -= 1) {
    const [first, ...more] = shown;
    const rest = expected.slice(from);
    const isAll = isWhole(runner) && knowsItems(runner, ended);
    // A line that was cut off at both ends.
    if (!isAll && first !== undefined && more.length === 0 && rest[0]?.includes(first) === true)
      return { upTo: from + 1, wrong: undefined };
    const whole = first !== undefined && rest[0]?.endsWith(first) === true ? [rest[0], ...more] : shown;
    const reason = mismatch(rest, whole, isAll);
    if (reason === undefined) return { upTo: from + shown.length, wrong: undefined };
    wrong ??= `from line ${from} on ${reason}`;
  }
  return { upTo: most, wrong };
}

/** Whether the step knows the end of each item, behind all that it has printed. A known exit code may be that of an item whose job was lost later. */
function knowsItems(runner: Runner, ended: Simulated): boolean {
  if (!hasItems(runner)) return true;
  const told = JSON.parse(runner.outputs["results"] ?? "[]") as readonly { readonly outcome?: string }[];
  return recordsInOrder(runner, ended) && told.every(({ outcome }) => outcome !== "unknown");
}

function lasted({ began, ended }: ScriptRun): number {
  return (ended ?? began) - began;
}

/** What must hold of jobs that steps leave and attach to. */
export const DETACH_RULES: readonly Rule[] = [left, alone, onward];
