import type { ScriptRun } from "../container/container.ts";
import { listingOf } from "../items.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import {
  hasWholeTask,
  isEndUnread,
  isTimedOut,
  isUndisturbed,
  type ItemStep,
  itemStepsOf,
  LOSSES,
} from "./items.ts";
import { isStoppedByOther } from "./is-stopped-by-other.ts";
import { ITEM_RETRY_RULES } from "./item-retry-rules.ts";
import { RERUN_RULES } from "./rerun-rules.ts";
import type { Rule } from "./rule.ts";
import { listingsOf } from "./script-output.ts";
import { tasksOf } from "./tasks-of.ts";
import { hasWaitedInVain } from "./waited-in-vain.ts";

/** An order names indices. */
const ORDER = /^\d+ (?:give(?: \d+(?:,\d+)*(?:@\d+)?)+|back|end)$/;
/** From the claim of a batch to the start of its script. */
const CLAIMED_MS = 500;
/**
 * A worker that is free has its next item so soon, when nothing disturbs the step: its last one's end goes by S3, an order comes to another
 * container, which answers, and an order comes to this one.
 */
const FED_MS = 10_000;

/** Without `retry` an item begins once, and with it as often as that allows. */
const once: Rule = {
  name: "an item begins no more often than retry allows",
  look(ended, check) {
    for (const { runner, items, runs, reasons, most } of itemStepsOf(ended)) {
      for (const [index, each] of runs.entries()) {
        check(
          each.length <= most,
          runner.name,
          () => `'${items[index] ?? ""}' began ${each.length} times, and ${most} are allowed`,
        );
        for (const [at, run] of each.entries()) {
          const before = each[at - 1];
          if (before === undefined) continue;
          check(
            mayFollow(before, run, reasons),
            runner.name,
            () =>
              `'${items[index] ?? ""}' began again after it had ended with ${before.exitCode ?? "its container"}, though retry is ${reasons.join()}`,
          );
        }
      }
    }
  },
};

/** An exit code that is named, or the loss of the job, allows another run. */
function mayFollow(before: ScriptRun, run: ScriptRun, reasons: readonly string[]): boolean {
  const isLost = before.runId !== run.runId && reasons.some((reason) => LOSSES.includes(reason));
  return isLost || reasons.includes(String(before.exitCode));
}

/** Two runs of an item never meet, unless `retry` has `unknown`. */
const apart: Rule = {
  name: "no item runs twice at once",
  look(ended, check) {
    for (const { runner, items, runs, reasons } of itemStepsOf(ended)) {
      if (reasons.includes("unknown")) continue;
      for (const [index, each] of runs.entries())
        for (const [at, run] of each.slice(1).entries())
          check(
            (each[at]?.ended ?? Infinity) <= run.began,
            runner.name,
            () => `'${items[index] ?? ""}' began again before its end`,
          );
    }
  },
};

/** What a script has reported of an item counts, and not how its run has ended. */
const reported: Rule = {
  name: "an item has the end that its script has reported",
  look(ended, check) {
    for (const { runner, all, runs, told = [] } of itemStepsOf(ended))
      for (const { item, index, outcome, exitCode } of told) {
        const [only, ...more] = runs[index] ?? [];
        const run = all.find(({ batch }) => batch?.indices.includes(index));
        if (only === undefined || more.length > 0 || only.exitCode === run?.exitCode) continue;
        if (outcome === "succeeded" || outcome === "failed")
          check(
            exitCode === only.exitCode,
            runner.name,
            () =>
              `'${item}' ended with ${String(exitCode)}, and its script has reported ${only.exitCode ?? ""}`,
          );
      }
  },
};

/** What a step says of an item is what has become of it. */
const truth: Rule = {
  name: "what a step says of its items is true",
  look(ended, check) {
    for (const { runner, items, runs, unstarted, told } of itemStepsOf(ended)) {
      if (told === undefined) continue;
      check(
        told.length === items.length && new Set(told.map(({ index }) => index)).size === items.length,
        runner.name,
        () => `has ${told.length} results of ${items.length} items`,
      );
      for (const { item, index, outcome, exitCode, attempts, carriedFrom } of told) {
        if (carriedFrom !== undefined) continue;
        const each = runs[index] ?? [];
        const codes = each.map((run) => run.exitCode);
        const isTrue =
          outcome === "succeeded"
            ? exitCode === 0 && codes.includes(0)
            : outcome === "failed"
              ? exitCode !== 0 && codes.includes(exitCode ?? undefined)
              : outcome === "not-started"
                ? each.length === 0
                : outcome === "unknown"
                  ? exitCode === null
                  : each.length > 0;
        // The container tells the texts at the end of its job to a step that attaches.
        const isNamed = item === items[index] || (runner.before !== undefined && item === `item ${index}`);
        // The step can't tell a begin whose script could not start from one that was lost with its script, also when the item runs again.
        const most = each.length + (unstarted[index] ?? 0);
        check(
          isTrue && isNamed && attempts <= most,
          runner.name,
          () =>
            `'${item}' is ${outcome} (${String(exitCode)}) in ${attempts} attempts, and its runs ended with ${codes.join() || "nothing"}`,
        );
      }
      const failed = told
        .toSorted((one, other) => one.index - other.index)
        .find(({ outcome }) => /^(failed|timed-out|cancelled)$/.test(outcome));
      const { outcome, "exit-code": code } = runner.outputs;
      if (failed !== undefined)
        check(
          code === String(failed.exitCode) && outcome === failed.outcome,
          runner.name,
          () =>
            `is ${outcome} (${code}), and the first failed item is ${failed.outcome} (${failed.exitCode})`,
        );
    }
  },
};

/** Green only when each item has ended with 0 the last time, and green when the step knows that. */
const green: Rule = {
  name: "green only when all items have succeeded",
  look(ended, check) {
    for (const { runner, inputs, runs, told = [] } of itemStepsOf(ended)) {
      const carried = new Set(
        told.flatMap(({ index, carriedFrom }) => (carriedFrom === undefined ? [] : [index])),
      );
      const isGreen = runner.mainEnd?.exitCode === 0 && runner.outputs["outcome"] !== "detached";
      const failed = runs.findIndex(
        (each, index) => !carried.has(index) && !each.some(({ exitCode }) => exitCode === 0),
      );
      if (isGreen)
        check(failed < 0, runner.name, () => `main ended with 0, and item ${failed} has not succeeded`);
      const isKnown = told.length > 0 && told.every(({ outcome }) => outcome === "succeeded");
      const mayLack = inputs["artifacts-missing"] === "error";
      if (isKnown && hasWholeTask(runner, ended) && !("lock" in inputs) && !mayLack)
        check(isGreen, runner.name, () => "all items have succeeded, and main has not ended with 0");
    }
  },
};

/** The command that prints the list runs once, and nothing runs for a list that is not whole, or that is none. */
const listed: Rule = {
  name: "items run only for a whole list",
  look(ended, check) {
    for (const { runner, inputs, items, all, told } of itemStepsOf(ended)) {
      const listing = listingOf({ inputs });
      const [only, ...more] = listingsOf(runner, ended);
      if (listing === undefined || only === undefined) continue;
      check(more.length === 0, runner.name, () => `has listed its items ${more.length + 1} times`);
      const isList =
        only.exitCode === 0 && items.length > 0 && listing.lines.every((line) => !("secret" in line));
      const isBefore = all.every(({ began }) => began >= (only.ended ?? Infinity));
      check(
        isList ? isBefore : all.length === 0 && runner.mainEnd?.exitCode !== 0,
        runner.name,
        () => `ran ${all.length} times for items whose list ended with ${only.exitCode ?? "its container"}`,
      );
      const { outcome, "exit-code": code = "" } = runner.outputs;
      if (told === undefined && outcome === "failed" && code !== "")
        check(
          code === String(only.exitCode),
          runner.name,
          () => `exit-code is ${code}, and its list ended with ${only.exitCode ?? "none"}`,
        );
    }
  },
};

/** An item is left out only for a reason. */
const all: Rule = {
  name: "no item is forgotten",
  look(ended, check) {
    const steps = itemStepsOf(ended);
    for (const step of steps) {
      const { runner, items, runs, told } = step;
      // The end of a job that was left is kept for ten minutes, and for one step. Another one may follow the job just then.
      const isLost = / job-(?:gone|followed)::/.test(runner.main.stdout) || isEndUnread(step, ended);
      const isGone = runner.before !== undefined && isLost;
      const isTaken = steps.some(
        (other) => other.told !== undefined && other !== step && other.runner.jobUrl === runner.jobUrl,
      );
      if (isGone || isTaken || hasWaitedInVain(runner, ended)) continue;
      if (told === undefined || !isUndisturbed(runner, ended) || mayStop(step, ended)) continue;
      const carried = new Set(
        told.flatMap(({ index, carriedFrom }) => (carriedFrom === undefined ? [] : [index])),
      );
      const left = items.filter((_, index) => runs[index]?.length === 0 && !carried.has(index));
      check(
        left.length === 0 || isStopped(step, ended),
        runner.name,
        () => `${left.length} items never began, such as '${left[0] ?? ""}'`,
      );
      const unknown = told.filter(({ outcome }) => outcome === "unknown");
      check(unknown.length === 0, runner.name, () => `does not know the end of '${unknown[0]?.item ?? ""}'`);
    }
  },
};

/**
 * Whether the container has stopped the job because another step that follows it was cancelled or lost: a cancel is for all its readers (docs/detach.md).
 * What had begun has an end all the same.
 */
function isStopped({ runner }: ItemStep, ended: Simulated): boolean {
  const ends = tasksOf(runner, ended).flatMap(({ container }) => container?.ends ?? []);
  const isCancelled = ends.some(
    ({ url, status }) => url === runner.jobUrl && status.startsWith("cancelled "),
  );
  return isCancelled && isStoppedByOther(runner, ended);
}

/** The step may hand out nothing more before all items have begun, though nothing disturbs it. */
function mayStop(step: ItemStep, { scenario }: Simulated): boolean {
  const { runner, inputs, told = [] } = step;
  // No container can be held alive, or be started, or it is not waited for.
  if ("start-timeout" in inputs) return true;
  // The container has something else in the place of its files, or can't fetch what with them is too large to be typed.
  if ("files" in inputs && /%3A (files-not-placed|download-failed)::/.test(runner.main.stdout)) return true;
  if (scenario.ecs?.hasOwnEntryPoint === true || scenario.ecs?.mayRegister === false) return true;
  const hasFailed = told.some(({ outcome }) => outcome === "failed");
  return (
    isTimedOut(step) ||
    (inputs["fail-fast"] === "true" && hasFailed) ||
    "lock" in inputs ||
    inputs["hold"] === "false"
  );
}

/** An order has indices, and never the text of an item. */
const orders: Rule = {
  name: "an order for items has indices alone",
  look(ended, check) {
    for (const step of itemStepsOf(ended))
      for (const { container, name } of tasksOf(step.runner, ended))
        for (const order of container?.orders ?? [])
          check(ORDER.test(order), name, () => `was ordered '${order}'`);
  },
};

/** Whether what runs the items was killed in a task of the step. */
function hasKilledWorker(runner: Runner, ended: Simulated): boolean {
  const names = tasksOf(runner, ended).map(({ name }) => name);
  return ended.world.base.faults.taken.some(
    (fault) =>
      fault.kind === "kill-process" && fault.process === "item-worker" && names.includes(fault.actor),
  );
}

/** In one task items begin in the order of the list. */
const inOrder: Rule = {
  name: "items begin in the order of the list",
  look(ended, check) {
    for (const { runner, inputs, runs } of itemStepsOf(ended)) {
      // A later step with the same items knows what they took.
      const knows = runner.main.stdout.includes("The items begin with the longest");
      // A worker that is killed may have claimed its next item, which then begins in another job.
      if (inputs["tasks"] !== undefined || knows || hasKilledWorker(runner, ended)) continue;
      const begins = runs.flatMap(([first]) => (first === undefined ? [] : [first.began]));
      const late = begins.findIndex((began, at) => began > (begins[at + 1] ?? Infinity) + CLAIMED_MS);
      check(late < 0, runner.name, () => `item ${late} began after the one behind it`);
    }
  },
};

/** A worker has nothing to do only for so long while items wait that nobody has begun. */
const fed: Rule = {
  name: "a free worker soon gets an item",
  look(ended, check) {
    for (const step of itemStepsOf(ended)) {
      const { runner, all, runs } = step;
      if (!isUndisturbed(runner, ended) || mayStop(step, ended) || step.told === undefined) continue;
      const last = Math.max(...runs.map(([first]) => first?.began ?? 0));
      for (const run of all) {
        if (run.ended === undefined || run.ended >= last) continue;
        const { ended: freeAt } = run;
        const later = all.filter(
          ({ runId, worker, began }) => runId === run.runId && worker === run.worker && began >= freeAt,
        );
        const waited = Math.min(last, ...later.map(({ began }) => began)) - freeAt;
        check(
          waited <= FED_MS,
          runner.name,
          () => `worker ${run.worker} of task ${run.task} waited for ${waited} ms, while items waited`,
        );
      }
    }
  },
};

/** What must hold of items. */
export const ITEM_RULES: readonly Rule[] = [
  once,
  apart,
  reported,
  truth,
  green,
  listed,
  ...ITEM_RETRY_RULES,
  ...RERUN_RULES,
  all,
  orders,
  inOrder,
  fed,
];
