import { hasWholeTask, isTimedOut, isUndisturbed, type ItemStep, itemStepsOf, LOSSES } from "./items.ts";
import type { Rule } from "./rule.ts";
import { tasksOf } from "./tasks-of.ts";

/**
 * An item whose exit code `retry` names runs again as often as that allows, also beside `fail-fast`, when nothing but a cut of its sessions meets
 * the step.
 */
const again: Rule = {
  name: "an item that retry names runs again",
  look(ended, check) {
    for (const step of itemStepsOf(ended)) {
      const { runner, items, runs, reasons, most, told } = step;
      if (told === undefined || !isUndisturbed(runner, ended, ["cut"]) || mayEndFirst(step)) continue;
      if (told.some(({ outcome }) => outcome === "unknown")) continue;
      for (const [index, each] of runs.entries()) {
        const { exitCode } = each.at(-1) ?? {};
        if (exitCode === undefined || !reasons.includes(String(exitCode))) continue;
        check(
          each.length >= most,
          runner.name,
          () =>
            `'${items[index] ?? ""}' ended with ${exitCode} in run ${each.length} of ${most}, and did not run again`,
        );
      }
    }
  },
};

/** The step may hand out nothing more before all items have run as often as they may. */
function mayEndFirst(step: ItemStep): boolean {
  const { runner, inputs, runs, reasons, most } = step;
  if (runner.before !== undefined || "lock" in inputs || "start-timeout" in inputs) return true;
  if (runner.cancelledAt !== undefined || isTimedOut(step)) return true;
  const hasFailedForGood = runs.some((each) => {
    const { exitCode = 0 } = each.at(-1) ?? {};
    return exitCode !== 0 && (each.length >= most || !reasons.includes(String(exitCode)));
  });
  return inputs["fail-fast"] === "true" && hasFailedForGood;
}

/** What a lost job had in hand runs again in the job after it, when `retry` names each way to lose one and nothing meets that job. */
const afterLoss: Rule = {
  name: "an item of a lost job runs again in the next one",
  look(ended, check) {
    for (const step of itemStepsOf(ended)) {
      const { runner, inputs, runs, reasons, most, told } = step;
      if (told === undefined || !LOSSES.every((loss) => reasons.includes(loss))) continue;
      const [, next, ...later] = tasksOf(runner, ended);
      if (later.length > 0 || "tasks" in inputs || mayEndFirst(step) || !hasWholeTask(runner, ended))
        continue;
      const hasExited = next?.container?.ends.some(
        ({ url, status }) => url === runner.jobUrl && status.startsWith("exited "),
      );
      if (hasExited !== true) continue;
      for (const { item, index, outcome } of told) {
        const each = runs[index] ?? [];
        const isNamed = each.some(({ exitCode }) => reasons.includes(String(exitCode)));
        if (each.length >= most || isNamed) continue;
        check(
          outcome !== "unknown",
          runner.name,
          () => `'${item}' began ${each.length} times, and has no end`,
        );
      }
    }
  },
};

/** What must hold of items that may run again. */
export const ITEM_RETRY_RULES: readonly Rule[] = [again, afterLoss];
