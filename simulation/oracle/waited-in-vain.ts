import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { tasksOf } from "./tasks-of.ts";
import { timeoutOf } from "./timeout-of.ts";

/** In the longest wait of a scenario that has several steps for a container the seat may be free for so long in all: each job gives it to the next one. */
const HANDED_OVER_MS = 60_000;

/** Whether the step has waited for a seat as long as it was to, and the jobs of others ran in its container meanwhile. */
export function hasWaitedInVain(runner: Runner, ended: Simulated): boolean {
  const { main, mainEnd, beganAt, jobUrl } = runner;
  if (!main.stdout.includes("%3A container-busy::") || mainEnd === undefined) return false;
  if (mainEnd.at - beganAt < timeoutOf(runner, "queue-timeout")) return false;
  const others = tasksOf(runner, ended)
    .flatMap(({ container }) => container?.scripts ?? [])
    .filter(({ url }) => url !== jobUrl)
    .toSorted((one, other) => one.began - other.began);
  let [free, from] = [0, beganAt];
  for (const { began, ended: over = Infinity } of others) {
    free += Math.max(0, Math.min(began, mainEnd.at) - from);
    from = Math.max(from, Math.min(over, mainEnd.at));
  }
  return free + mainEnd.at - from <= HANDED_OVER_MS;
}
