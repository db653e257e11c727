import type { JobTimes } from "../aws/static-keys.ts";
import { DEFAULT_TIMEOUT_MS, type Inputs } from "./inputs.ts";

/**
 * How long a job with these inputs may take. A new task is waited for, and has no queue. A running one has the queue of its
 * container, and a lock has one, too.
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
