import type { Failure } from "../errors.ts";
import type { JobStatus } from "../stream/status.ts";
import type { LogLocation } from "../logs/transcript.ts";
import type { Target } from "../targets/target.ts";

/**
 * How a run ended. `not-started`: no script ran. `unknown`: one ran, and nothing tells how it ended; never taken
 * for success.
 */
export type Outcome = "succeeded" | "failed" | "timed-out" | "cancelled" | "not-started" | "unknown";

export interface WorkerResult {
  readonly taskArn: string;
  readonly worker: number;
  readonly exitCode: number;
  readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled";
  readonly seconds: number;
}

/** One shape for success and failure: whatever is known, and why it ended. */
export interface Result {
  readonly outcome: Outcome;
  /** Undefined when no status is known. */
  readonly exitCode: number | undefined;
  readonly workers: readonly WorkerResult[];
  readonly stdout: string;
  readonly target: Target | undefined;
  readonly sessionId: string | undefined;
  readonly log: LogLocation | undefined;
  /** Why there is no status, or what else went wrong. */
  readonly failure: Failure | undefined;
  /** The task's address outside its VPC, where it has one that we may know. */
  readonly publicIp?: string | undefined;
  /** Of several tasks how it ended in each, in their order; absent for one alone. */
  readonly tasks?: readonly Result[];
}

/** What is known of a run so far; filled in as it goes on. */
export interface Known {
  target: Target | undefined;
  /** Of this job, one after the other. */
  sessionIds: string[];
  log: LogLocation | undefined;
  stdout: string;
  /** The script may have run. */
  attached: boolean;
}

export function nothingKnown(): Known {
  return { target: undefined, sessionIds: [], log: undefined, stdout: "", attached: false };
}

const STOPPED = {
  "timed-out": { exitCode: 124, outcome: "timed-out" },
  cancelled: { exitCode: 130, outcome: "cancelled" },
} as const;

/** A timeout counts as 124 and a cancel as 130, as `timeout` and a shell have it, whatever the script made of TERM. */
export function workerResults(
  status: Extract<JobStatus, { kind: "ended" }>,
  taskArn: string,
): WorkerResult[] {
  const { reason } = status;
  return status.workers.map(({ worker, exitCode, seconds, stopped }) => ({
    taskArn,
    worker,
    seconds,
    ...(stopped && reason !== "exited"
      ? STOPPED[reason]
      : { exitCode, outcome: exitCode === 0 ? "succeeded" : "failed" }),
  }));
}

/** A job that ended and said how: the step's end is that of the first worker that failed, in their order. */
export function endedResult(status: Extract<JobStatus, { kind: "ended" }>, known: Known): Result {
  const workers = workerResults(status, known.target?.taskArn ?? "");
  const { outcome, exitCode } = workers.find((worker) => worker.exitCode !== 0) ?? {
    outcome: "succeeded",
    exitCode: 0,
  };
  return { ...facts(known), outcome, exitCode, workers, failure: undefined };
}

/** A run that ended without the job's status. */
export function failedResult(failure: Failure, known: Known): Result {
  const outcome = failure.code === "cancelled" ? "cancelled" : known.attached ? "unknown" : "not-started";
  // Whoever was cancelled while the script ran has a status, as a shell has it for an interrupt.
  const exitCode = outcome === "cancelled" && known.attached ? 130 : undefined;
  return { ...facts(known), outcome, exitCode, workers: [], failure };
}

function facts({
  target,
  sessionIds,
  log,
  stdout,
}: Known): Pick<Result, "target" | "sessionId" | "log" | "stdout"> {
  return { target, sessionId: sessionIds.at(-1), log, stdout };
}
