import type { ItemResult, ItemResults } from "../../src/report/item-results.ts";
import { endOfProgram } from "../../src/report/outcome.ts";

/**
 * An item by its end: an exit code; one with a `t` or a `c` when the timeout or a cancel has stopped it; `?` when its end is not known; `-` when it
 * did not begin. Each takes a second on the next of two workers of task 0, so that none overlap.
 */
export function anItem(end: string, index: number, more: Partial<ItemResult> = {}): ItemResult {
  const common = { index, item: `tests/${index}.py`, lastLines: [], batch: undefined };
  const none = { exitCode: undefined, seconds: undefined, beganAt: undefined, endedAt: undefined };
  if (end === "-")
    return {
      ...{ ...common, ...none, outcome: "not-started", attempts: 0, task: undefined, worker: undefined },
      ...more,
    };
  const worker = index % 2;
  const beganAt = 1_000 * index;
  const place = { task: 0, worker, attempts: 1 };
  if (end === "?") return { ...{ ...common, ...none, ...place, beganAt, outcome: "unknown" }, ...more };
  const stoppedBy = ({ t: "timed-out", c: "cancelled" } as const)[end.slice(-1)];
  return {
    ...{ ...common, ...place, seconds: 1, beganAt, endedAt: beganAt + 1_000 },
    ...{ ...endOfProgram(Number.parseInt(end, 10), stoppedBy), ...more },
  };
}

/** The results of items with these ends. */
export function someItems(...ends: readonly string[]): ItemResults {
  return { items: ends.map((end, index) => anItem(end, index)), workers: [2] };
}
