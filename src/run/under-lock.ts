import type { HeldLock } from "../queue/lock/held-lock.ts";
import { takeLock } from "../queue/lock/take-lock.ts";
import type { FirstLook } from "../ready/look.ts";
import { withLostLockIn } from "../report/decisive.ts";
import { type Result, type TaskResult, taskResults } from "../report/result.ts";
import type { StepContext } from "./step-context.ts";
import { resolvingTitle } from "../targets/title.ts";

/**
 * Runs the job while the step holds the lock of its inputs. Without such an input it runs the job at once. No task is looked for or
 * started before the lock is held. The lock is given back when every job is certain to have ended; else the post step does that.
 */
export async function runUnderLock(
  step: StepContext,
  looking: Promise<FirstLook>,
  run: (lock: HeldLock | undefined) => Promise<Result>,
): Promise<Result> {
  const { inputs, origin, undoing, ledger, clock, log, cancel, giveUp } = step;
  const { lock: name, bucket } = inputs;
  if (name === undefined || bucket === undefined) return await run(undefined);
  log.phase(`Waiting for the lock '${name}'`);
  const { owner } = await looking;
  const lock = await takeLock({
    ...{ name, owner, origin, clock, log, cancel },
    inputs: { ...inputs, bucket },
    s3: undoing.s3,
    onClaim: (claim) => ledger.replace(["lock"], claim === undefined ? [] : [{ kind: "lock", ...claim }]),
    onLost: giveUp,
  });
  log.phase(resolvingTitle(inputs));
  let isOver = false;
  try {
    const result = await run(lock);
    isOver = taskResults(result).every(hasEnded);
    return lock.lost === undefined ? result : withLostLockIn(result, lock.lost);
  } catch (error) {
    // No job has begun.
    isOver = true;
    throw error;
  } finally {
    if (!isOver) await lock.abandon();
    else if (await lock.release()) ledger.replace(["lock"], []);
  }
}

/** Whether the job can no longer run. */
function hasEnded(result: TaskResult): boolean {
  // With `retry: unknown` the job of an earlier attempt may still run.
  if (result.earlier?.some(({ outcome }) => outcome === "unknown")) return false;
  // `withoutVerdict` makes a failed result for a script that has ended.
  if (result.kind === "status" || result.outcome === "failed") return true;
  // The job had no task.
  if (result.task === undefined) return true;
  return result.outcome === "not-started" && result.task.sessionId === undefined;
}
