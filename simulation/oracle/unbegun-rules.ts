import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { itemStepsOf } from "./items.ts";
import type { Rule } from "./rule.ts";
import { tasksOf } from "./tasks-of.ts";

/** The status of a job that is lost, and has not begun this batch, nor those behind it in its stock. */
const UNBEGUN = /^lost @\d+\.(\d+) (.*)$/s;

/**
 * What a lost job has told that it has not begun is handed out again, or has not begun. A step that attaches has given no order, so it can't tell
 * what was not taken from what was in hand (docs/items.md).
 */
const unbegun: Rule = {
  name: "an item that a lost job has not begun is not unknown",
  look(ended: Simulated, check) {
    for (const { runner, items, runs, told } of itemStepsOf(ended)) {
      if (told === undefined || runner.before !== undefined) continue;
      const ends = tasksOf(runner, ended)
        .flatMap(({ container }) => container?.ends ?? [])
        .filter(({ url }) => url === runner.jobUrl);
      for (const { status } of ends) {
        const [, index, words] = UNBEGUN.exec(status) ?? [];
        // Two that end with the same words can't be told apart.
        const isRead =
          words !== undefined &&
          runner.main.stdout.includes(words) &&
          ends.filter((end) => end.status.endsWith(words)).length === 1;
        if (!isRead || (runs[Number(index)]?.length ?? 0) > 0) continue;
        if (isGivenAgain(Number(index), runner, ended)) continue;
        const { outcome } = told.find((each) => each.index === Number(index)) ?? {};
        check(outcome !== "unknown", runner.name, () => `does not know the end of '${items[Number(index)]}'`);
      }
    }
  },
};

/** Whether another job was given the item behind the one that told of it. That job may have been lost with it, and tell nothing. */
function isGivenAgain(index: number, runner: Runner, ended: Simulated): boolean {
  const orders = tasksOf(runner, ended).flatMap(({ container }) => container?.orders ?? []);
  const isIn = (order: string): boolean =>
    /^\d+ give /.test(order) &&
    order
      .split(" ")
      .slice(2)
      .some((batch) => batch.split(",").map(Number).includes(index));
  return orders.filter(isIn).length > 1;
}

/** What must hold of items that lost jobs have not begun. */
export const UNBEGUN_RULES: readonly Rule[] = [unbegun];
