import type { Clock } from "../clock.ts";
import type { Retry } from "../inputs/inputs.ts";
import { type Log, logFailure } from "../log.ts";
import { type EarlierAttempt, endInWords, failedResult, type TaskResult } from "../report/result.ts";
import { retryPause } from "../inputs/retry-pause.ts";
import { type RetryReason, retryReason } from "./retry-reason.ts";
import type { Candidates } from "../targets/candidates.ts";
import { findNextTarget } from "../targets/next-attempt.ts";
import type { ResolveContext } from "../targets/resolve-context.ts";
import type { Target } from "../targets/target.ts";
import { tellWhile } from "../waiting.ts";

export interface AttemptsContext {
  /** Undefined: the job is run once. */
  readonly retry: Retry | undefined;
  /**
   * Whether another attempt has something to do; always, unless given. Asked when one has ended, again after the pause, and once its task has stopped
   * when that is waited for. `isOver`: the script runs no longer, or may run twice at once. What it had is then given to other jobs, too.
   */
  readonly isNeeded?: ((isOver: boolean) => boolean) | undefined;
  readonly candidates: Candidates;
  readonly targets: ResolveContext;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/**
 * Runs a job, and runs it again for the reasons in `retry`, up to `retry.attempts` times in all. `run` makes one attempt; attempts
 * are numbered from 1. The result is that of the last attempt, with a record of the earlier ones. Never rejects.
 */
export async function runAttempts(
  first: Target,
  run: (target: Target, attempt: number) => Promise<TaskResult>,
  context: AttemptsContext,
): Promise<TaskResult> {
  const { retry, isNeeded, cancel, log } = context;
  const earlier: EarlierAttempt[] = [];
  for (let target = first, attempt = 1; ; attempt += 1) {
    const result = await run(target, attempt);
    const ended = earlier.length === 0 ? result : { ...result, earlier };
    const last = result.task?.target ?? target;
    const reason = retry && attempt < retry.attempts ? retryReason(result, retry, last.started) : undefined;
    if (retry === undefined || reason === undefined || cancel.aborted) return ended;
    const isOver = !reason.mustStopFirst;
    if (isNeeded?.(isOver) === false) return ended;
    try {
      await pauseAfter(attempt, reason, context);
      if (isNeeded?.(isOver) === false) return ended;
      const next = await findNext(last, reason, context);
      if (next === undefined) {
        if (isNeeded?.(isOver) === false) return ended;
        log.info(`The script is not run again for '${reason.words}': there is no task to run it in.`);
        return ended;
      }
      earlier.push({
        taskId: last.taskId,
        outcome: result.outcome,
        end: endInWords(result),
        reason: reason.words,
      });
      log.phase(`Attempt ${attempt + 1} of ${retry.attempts}`);
      const where = next.taskId === last.taskId ? "the same task" : `task ${next.taskId}`;
      log.info(`The script is run again for '${reason.words}', in ${where}.`);
      target = next;
    } catch (error) {
      const failure = logFailure(error, log);
      return { ...failedResult(failure, result.task, result.outcome === "unknown"), earlier };
    }
  }
}

async function pauseAfter(
  attempt: number,
  reason: RetryReason,
  { clock, log, cancel }: AttemptsContext,
): Promise<void> {
  const pause = retryPause(attempt, clock.random.fraction());
  log.info(`Attempt ${attempt} ended for '${reason.words}'; the next one in ${Math.round(pause / 1000)} s.`);
  await clock.sleep(pause, cancel);
}

/** The task of the next attempt; undefined when there is none. */
async function findNext(
  last: Target,
  reason: RetryReason,
  { isNeeded, candidates, targets, clock, log }: AttemptsContext,
): Promise<Target | undefined> {
  const finding = findNextTarget(last, reason, candidates, {
    ...targets,
    isNeeded: () => isNeeded?.(true) ?? true,
  });
  return await tellWhile("the task of the next attempt", { clock, log }, finding);
}
