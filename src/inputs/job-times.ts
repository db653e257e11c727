import type { JobTimes } from "../aws/static-keys.ts";
import { DEFAULT_TIMEOUT_MS, type Inputs } from "./inputs.ts";

/**
 * How long a job with these inputs may take. Before the job, the step waits for a new task to start, or in the queue of the container of a
 * running task. It waits in the queue of a lock as well.
 */
export function jobTimes({
  where,
  timeout,
  startTimeout,
  queueTimeout,
  lock,
}: Pick<Inputs, "where" | "timeout" | "startTimeout" | "queueTimeout" | "lock">): JobTimes {
  const wait = where.kind === "new" ? startTimeout : queueTimeout;
  const all = wait + (lock === undefined ? 0 : queueTimeout);
  return { timeout, isDefault: timeout === DEFAULT_TIMEOUT_MS, wait: all };
}
