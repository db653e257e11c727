import { existsSync, readFileSync } from "node:fs";
import type { Patience } from "../../local/runner/process.ts";

/** A runner that waits for a step on a busy machine, too, when the test itself says how soon the step has to end. */
export const UNHURRIED: Patience = { interrupt: 120_000, terminate: 2_500, streams: 5_000 };

/**
 * Milliseconds of a clock that stands still while some process of this machine waits for a processor. So a limit on the
 * difference of two readings holds on a busy machine, too. The waits are the total of `some` in the kernel's pressure stall
 * information, in microseconds. On a kernel without that information the clock never stands still.
 */
export function quietTime(): number {
  const path = "/proc/pressure/cpu";
  const [, waited = "0"] =
    /^some .*total=(\d+)/.exec(existsSync(path) ? readFileSync(path, "utf8") : "") ?? [];
  return performance.now() - Number(waited) / 1000;
}
