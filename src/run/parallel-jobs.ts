import { asFailure } from "../errors.ts";
import { failedResult, type TaskResult } from "../report/result.ts";
import type { StepContext } from "./step-context.ts";

/** With more tasks than this, the log counts the jobs that have begun and ended. It does not say what each one waits for. */
export const MANY = 20;
const PROGRESS_EVERY_MS = 5_000;

export interface ParallelContext extends Pick<StepContext, "inputs" | "cancel" | "clock" | "log"> {
  /** How many jobs there are. */
  readonly total: number;
  /** How many may run at once. `max-parallel` may allow fewer. */
  readonly atOnce: number;
}

/** What a job runs in, and how it runs there. Neither rejects. */
export interface ParallelJobs<T> {
  readonly find: (task: number) => Promise<T>;
  readonly run: (task: number, found: T) => Promise<TaskResult>;
  /** Called when the end of a job counts. Then `find` may fail for a job that is not to begin any more. */
  readonly onEnd?: (result: TaskResult, found: T) => Promise<void>;
}

/**
 * Runs jobs in the order of their numbers, as many at once as `max-parallel` allows. After a cancel no further job begins; with
 * `fail-fast` none begins after a failure. A job begins when `find` has found what it runs in. The results are those of the jobs that
 * have begun. After a cancel every other job has a failed result with the cancel's reason, so that a step that has left jobs out is
 * never green.
 */
export async function runInParallel<T>(
  { find, run, onEnd }: ParallelJobs<T>,
  { inputs, cancel, clock, log, total, atOnce }: ParallelContext,
): Promise<readonly TaskResult[]> {
  const results = new Map<number, TaskResult>();
  let [next, begun, ended, failures] = [0, 0, 0, 0];
  let said = "";
  const tell = (): void => {
    const now = `${begun} of ${total} jobs begun, ${ended} ended, ${failures} of them failed`;
    if (now !== said) log.info(now);
    said = now;
  };
  const isOver = (): boolean => inputs.failFast && failures > 0;
  const runNextJobs = async (): Promise<void> => {
    while (next < total && !cancel.aborted && !isOver()) {
      const task = next++;
      const found = await find(task);
      if (isOver()) return;
      begun += 1;
      const result = await run(task, found);
      results.set(task, result);
      ended += 1;
      if (result.outcome !== "succeeded") failures += 1;
      await onEnd?.(result, found);
    }
  };
  const stop = total > MANY ? clock.every(PROGRESS_EVERY_MS, tell) : () => undefined;
  await Promise.all(
    Array.from({ length: Math.min(total, atOnce, inputs.maxParallel ?? total) }, runNextJobs),
  );
  stop();
  if (begun < total || total > MANY) tell();
  if (begun < total && isOver())
    log.info(`A job has failed, so that no further one is begun ('fail-fast'): ${total - begun} are left.`);
  // After a failure with `fail-fast`, that failure is among the results already.
  if (!isOver()) for (; next < total; next += 1) results.set(next, failedResult(asFailure(cancel.reason)));
  return [...results].toSorted(([one], [other]) => one - other).map(([, result]) => result);
}
