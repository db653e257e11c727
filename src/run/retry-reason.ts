import { type Failure, type FailureCode, TaskStopped } from "../errors.ts";
import type { Retry } from "../inputs/inputs.ts";
import type { TaskResult } from "../report/result.ts";
import type { AttemptEnd } from "../targets/next-attempt.ts";

/** Why a job is run again. */
export interface RetryReason extends AttemptEnd {
  /** As in "exit code 75" or "spot". */
  readonly words: string;
}

/** Failures of the exec agent, or of the way to it. The script may still run as long as its task runs. */
const AGENT: ReadonlySet<FailureCode> = new Set([
  "exec-agent-stopped",
  "exec-not-ready",
  "container-blocked",
  "session-lost",
]);

/**
 * The reason in the input `retry` for which a job with this end runs again; undefined when the input names none. `isOwn`: the step has started
 * the task, and stops it before it runs the job again. A script that may still run in a task that the step has not started runs again only for
 * `unknown`. A job that a cancel or its timeout has ended never runs again.
 */
export function retryReason(result: TaskResult, retry: Retry, isOwn: boolean): RetryReason | undefined {
  if (result.kind === "status") {
    const { outcome, exitCode } = result;
    const isNamed = outcome === "failed" && retry.exitCodes.includes(exitCode);
    return isNamed
      ? { words: `exit code ${exitCode}`, isGone: false, isSpot: false, mustStopFirst: false }
      : undefined;
  }
  if (result.kind === "detached") return undefined;
  const { failure, outcome } = result;
  if (outcome === "cancelled") return undefined;
  const { mustStopFirst, ...end } = endOf(failure, outcome);
  const has = (reason: Retry["reasons"][number]): boolean => retry.reasons.includes(reason);
  const isOver = isOwn || !mustStopFirst;
  // The reason `unknown` allows the script to run twice at once.
  const named = { ...end, mustStopFirst: mustStopFirst && !has("unknown") };
  if (end.isSpot && has("spot")) return { words: "spot", ...named };
  if (isInfrastructure(failure) && isOver && has("infrastructure"))
    return { words: "infrastructure", ...named };
  if (outcome === "unknown" && has("unknown")) return { words: "unknown", ...named };
  return undefined;
}

function endOf(failure: Failure, outcome: TaskResult["outcome"]): AttemptEnd {
  const isStopped = failure instanceof TaskStopped;
  const isGone = isStopped || failure.code === "task-not-found" || failure.code === "container-stopped";
  const mustStopFirst = !isGone && outcome !== "not-started";
  return { isGone, isSpot: isStopped && failure.isForCapacity, mustStopFirst };
}

function isInfrastructure(failure: Failure): boolean {
  return failure instanceof TaskStopped ? failure.isByPlatform : AGENT.has(failure.code);
}
