import { between, pick, type Random } from "./random.ts";
import type { CallTrouble, Fault } from "./scenario.ts";

/** What a call may meet. */
export const CALL_TROUBLES: readonly CallTrouble[] = [
  "throttled",
  "denied",
  "failed",
  "lost",
  "mute",
  "slow",
];

/** One trouble for a call of this operation, or for several one after the other. */
export function drawTroubles(random: Random, actor: string, operation: string): readonly Fault[] {
  const what = pick(random, CALL_TROUBLES);
  const first = between(random, 1, 4);
  return Array.from({ length: pick(random, [1, 1, 2, 5]) }, (_, more): Fault => ({
    ...{ kind: "call", actor, operation, count: first + more, what },
    ...(what === "slow" && { ms: between(random, 500, 30_000) }),
  }));
}
