import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { Rule } from "./rule.ts";
import { runsOf } from "./script-output.ts";

/** No two scripts under one lock run at the same instant, whichever containers they are in. */
const exclusion: Rule = {
  name: "no two scripts run under one lock",
  look(ended, check) {
    const holders = ended.runners.filter(({ options }) => options.inputs["lock"] !== undefined);
    for (const [at, one] of holders.entries()) {
      for (const other of holders.slice(at + 1)) {
        if (one.options.inputs["lock"] !== other.options.inputs["lock"]) continue;
        const meeting = meet(one, other, ended);
        if (meeting === "never") continue;
        check(
          meeting === undefined,
          one.name,
          () => `its script ran beside that of ${other.name}: ${meeting ?? ""}`,
        );
      }
    }
  },
};

/** When scripts of these steps ran at the same time; `never` when not both have run. */
function meet(one: Runner, other: Runner, ended: Simulated): string | undefined {
  const [ones, others] = [runsOf(one, ended), runsOf(other, ended)];
  if (ones.length === 0 || others.length === 0) return "never";
  const { time } = ended.world.base;
  const begin = time.now - time.elapsed;
  for (const mine of ones) {
    for (const theirs of others) {
      const from = Math.max(mine.began, theirs.began);
      const to = Math.min(mine.ended ?? time.now, theirs.ended ?? time.now);
      if (from < to) return `from ${(from - begin) / 1000} s to ${(to - begin) / 1000} s`;
    }
  }
  return undefined;
}

/** What must hold of locks. */
export const LOCK_RULES: readonly Rule[] = [exclusion];
