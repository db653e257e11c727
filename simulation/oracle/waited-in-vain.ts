import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { hasLostCredentials } from "./credentials.ts";
import { tasksOf } from "./tasks-of.ts";
import { timeoutOf } from "./timeout-of.ts";

/** In the longest wait of a scenario that has several steps for a container the seat may be free for so long in all: each job gives it to the next one. */
const HANDED_OVER_MS = 60_000;
/** A claim that nobody renews or gives back ends by then. */
const CLAIM_MS = 150_000;

/** Whether the step has waited for a seat as long as it was to, and the jobs of others ran in its container meanwhile, or the claim of one was not given back. */
export function hasWaitedInVain(runner: Runner, ended: Simulated): boolean {
  const { main, mainEnd, beganAt, jobUrl } = runner;
  if (!main.stdout.includes("%3A container-busy::") || mainEnd === undefined) return false;
  if (mainEnd.at - beganAt < timeoutOf(runner, "queue-timeout")) return false;
  const tasks = tasksOf(runner, ended);
  const scripts = tasks
    .flatMap(({ container }) => container?.scripts ?? [])
    .filter(({ url }) => url !== jobUrl);
  // A run without credentials can't give its claim back.
  const claims = ended.runners
    .filter((other) => other.jobUrl !== jobUrl && hasLostCredentials(other, ended))
    .filter((other) => tasksOf(other, ended).some((task) => tasks.includes(task)))
    .flatMap(({ mainEnd: over }) =>
      over === undefined ? [] : [{ began: over.at, ended: over.at + CLAIM_MS }],
    );
  const others = [...scripts, ...claims].toSorted((one, other) => one.began - other.began);
  let [free, from] = [0, beganAt];
  for (const { began, ended: over = Infinity } of others) {
    free += Math.max(0, Math.min(began, mainEnd.at) - from);
    from = Math.max(from, Math.min(over, mainEnd.at));
  }
  return free + mainEnd.at - from <= HANDED_OVER_MS;
}
