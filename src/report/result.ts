import type { Failure } from "../errors.ts";
import { jobFenced } from "../queue/lock/failures.ts";
import type { EndedJob } from "../carriers/logs/job-logs.ts";
import type { LogLocation } from "../carriers/logs/transcript.ts";
import type { JobStatus } from "../carriers/stream/status.ts";
import type { PulledImage } from "../ready/image-sizes.ts";
import type { Check } from "../ready/checks/check.ts";
import type { Task } from "../aws/task.ts";
import { NO_RESULTS, type ScriptResults } from "./file-commands.ts";
import type { ItemResults } from "./item-results.ts";
import { type ArtifactsReport, artifactsMissing } from "./missing-artifacts.ts";
import { endOfProgram, type Outcome, type WorkerOutcome } from "./outcome.ts";
import type { JobTimes } from "./timeline.ts";
import type { Target } from "../targets/target.ts";

export interface WorkerResult {
  readonly taskArn: string;
  readonly worker: number;
  readonly exitCode: number;
  readonly outcome: WorkerOutcome;
  readonly seconds: number;
  /** As in a `WorkerStatus`. */
  readonly hasBash?: true;
}

/** How a run ended, in one task or in several, or what its checks showed. */
export type Result = TaskResult | SeveralResults | CheckResult;

/** How a run ended in one task. */
export type TaskResult = StatusResult | FailedResult | DetachedResult;

/** The job's status is known. Outcome and exit code are those of the first worker that failed, in the workers' order. */
export interface StatusResult {
  readonly kind: "status";
  readonly outcome: WorkerOutcome;
  readonly exitCode: number;
  readonly workers: readonly WorkerResult[];
  readonly task: TaskFacts;
  /** The attempts before this one, with `retry`. */
  readonly earlier?: readonly EarlierAttempt[];
  /**
   * What failed after the job, which had not succeeded itself: files that had to come are missing. It decides only for items that have all
   * succeeded.
   */
  readonly later?: Failure;
  /** The job ran the command of the input `items`, and no script. */
  readonly isListing?: true;
}

/** The job was left running. */
export interface DetachedResult {
  readonly kind: "detached";
  readonly outcome: "detached";
  readonly exitCode: undefined;
  /** Names the job for a step that attaches to it. It holds keys, so no log may show it. */
  readonly handle: string;
  readonly task: TaskFacts;
  /** Always undefined: the inputs refuse `retry` together with `detach`. */
  readonly earlier?: readonly EarlierAttempt[];
}

/** Something other than the script's exit code decided how the run ended. `failure` says what. */
export interface FailedResult {
  readonly kind: "failed";
  readonly outcome: Outcome;
  /**
   * 130 for a cancelled job, as in a shell after an interrupt. 0 when the script succeeded and the run failed: artifacts are missing, a
   * cancel or a lost lock rolled the deployment back, or the deployment could not be told of the success. Otherwise undefined.
   */
  readonly exitCode: number | undefined;
  readonly failure: Failure;
  /** Undefined when the run ended before it had a task. */
  readonly task: TaskFacts | undefined;
  /** The attempts before this one, with `retry`. */
  readonly earlier?: readonly EarlierAttempt[];
  /** As in a `StatusResult`. */
  readonly later?: Failure;
}

/** An attempt to run a job. The job was run again after it. */
export interface EarlierAttempt {
  readonly taskId: string;
  readonly outcome: Outcome;
  /** An exit code or the code of a failure, as in "exit code 75". */
  readonly end: string;
  /** The item of the input `retry` for which the job was run again, as in "spot" or "exit code 75". */
  readonly reason: string;
}

/** How the run ended: as in "exit code 75", the code of a failure such as "session-lost", or "detached". */
export function endInWords(result: TaskResult): string {
  if (result.kind === "detached") return result.outcome;
  return result.kind === "status" ? `exit code ${result.exitCode}` : result.failure.code;
}

/** The set-up was checked, and no script was run. */
export interface CheckResult {
  readonly kind: "checked";
  /** Succeeded when nothing is NG. */
  readonly outcome: "succeeded" | "failed";
  readonly exitCode: 0 | 1;
  readonly checks: readonly Check[];
  /** Always undefined: a check runs no job, so it has no task. */
  readonly task: undefined;
}

/** The results of several tasks, in their order. A step with items has one of this kind, also with one task. */
export interface SeveralResults {
  readonly kind: "several";
  readonly tasks: readonly TaskResult[];
  readonly items?: ItemResults | undefined;
}

/** What is kept of a job's output. */
export interface PrintedOutput {
  /** The last 1 MiB, or less with more than 16 tasks. The newline at its end is left out. */
  readonly stdout: string;
  readonly allStderr: string;
  /** The streams of which only the end was kept. */
  readonly cut: readonly ("stdout" | "stderr")[];
  /** The last lines of both streams, as the log shows them. */
  readonly lastLines: string;
  /** The end of each worker's standard output, by the worker's number; a worker without any has no entry. */
  readonly workerStdout: ReadonlyMap<number, string>;
  /** The same of its standard error. */
  readonly stderr: ReadonlyMap<number, string>;
  /** What the script has written into GITHUB_OUTPUT and GITHUB_STEP_SUMMARY. */
  readonly script: ScriptResults;
}

export const NO_OUTPUT: PrintedOutput = {
  stdout: "",
  allStderr: "",
  cut: [],
  lastLines: "",
  workerStdout: new Map(),
  stderr: new Map(),
  script: NO_RESULTS,
};

/** What is known of a task and of the job in it. */
export interface TaskFacts extends PrintedOutput {
  readonly target: Target;
  /** The task's public address; undefined when it has none, or when EC2 did not tell it. */
  readonly publicIp: string | undefined;
  /** The job's last session. */
  readonly sessionId: string | undefined;
  readonly log: LogLocation | undefined;
  /** ECS's last description of the task; undefined when there was none. */
  readonly described: Task | undefined;
  /** The image of its container, as far as its size is known. */
  readonly pulled?: PulledImage | undefined;
  /** The artifacts that were brought back; undefined when none were asked for. */
  readonly artifacts?: ArtifactsReport | undefined;
  /** When the job reached its phases; undefined when it got no seat in its container. */
  readonly times: JobTimes | undefined;
  /** When the task started, in milliseconds since the epoch, as far as ECS tells it. */
  readonly startedAt: number | undefined;
}

/** The end of a job that had a seat in the container, with its output. */
export interface JobReport extends EndedJob, PrintedOutput {
  readonly times: JobTimes;
  readonly artifacts?: ArtifactsReport | undefined;
  /** The handle of a job that was left running. */
  readonly handle?: string | undefined;
}

/** Takes the members of `PrintedOutput` from an object that has more. */
export function printedOutput({
  stdout,
  allStderr,
  cut,
  lastLines,
  workerStdout,
  stderr,
  script,
}: PrintedOutput): PrintedOutput {
  return { stdout, allStderr, cut, lastLines, workerStdout, stderr, script };
}

/** The results of a run as a list of tasks. */
export function taskResults(result: Result): readonly TaskResult[] {
  if (result.kind === "checked") return [];
  return result.kind === "several" ? result.tasks : [result];
}

export function workerResults(
  status: Extract<JobStatus, { kind: "ended" }>,
  taskArn: string,
): WorkerResult[] {
  const { reason } = status;
  return status.workers.map(({ worker, exitCode, seconds, stopped, hasBash }) => ({
    taskArn,
    worker,
    seconds,
    ...(hasBash && { hasBash }),
    ...endOfProgram(exitCode, stopped && reason !== "exited" ? reason : undefined),
  }));
}

export function statusResult(status: Extract<JobStatus, { kind: "ended" }>, task: TaskFacts): StatusResult {
  const workers = workerResults(status, task.target.taskArn);
  const { outcome, exitCode } = workers.find((worker) => worker.exitCode !== 0) ?? {
    outcome: "succeeded",
    exitCode: 0,
  };
  return { kind: "status", outcome, exitCode, workers, task };
}

export function checkResult(checks: readonly Check[]): CheckResult {
  const isGood = checks.every(({ verdict }) => verdict !== "NG");
  const end = isGood
    ? ({ outcome: "succeeded", exitCode: 0 } as const)
    : ({ outcome: "failed", exitCode: 1 } as const);
  return { kind: "checked", ...end, checks, task: undefined };
}

/** The result of a job that its container has stopped, because the run may have lost its lock. */
export function fencedResult(task: TaskFacts): FailedResult {
  const { container, taskId } = task.target;
  const failure = jobFenced(`container '${container}' of task ${taskId}`);
  return { kind: "failed", outcome: "cancelled", exitCode: 130, failure, task };
}

/** The result of a job that was stopped because its run lost its lock. Any other result is returned as it is. */
export function withLostLock(result: TaskResult, lost: Failure): TaskResult {
  if (result.outcome !== "cancelled") return result;
  const { exitCode, task, earlier } = result;
  return { kind: "failed", outcome: "cancelled", exitCode, failure: lost, task, ...(earlier && { earlier }) };
}

/** The failure of a job that succeeded but lacks required artifacts. Any other result is returned as it is. */
export function withMissingArtifacts(result: TaskResult): TaskResult {
  const { artifacts } = result.task ?? {};
  if (result.outcome !== "succeeded" || artifacts === undefined || artifacts.problems.length === 0)
    return result;
  return failedAfter(result, artifactsMissing(artifacts));
}

/**
 * The result of a job after which the run failed. The job's own end comes first: the failure is the result of a job that has succeeded. Any other
 * result stays as it is, and has the first such failure beside it.
 */
export function failedAfter(result: TaskResult, failure: Failure): TaskResult {
  if (result.outcome !== "succeeded")
    return result.kind === "detached" ? result : { later: failure, ...result };
  return failureAfterSuccess(result, failure);
}

/** What has failed a task, in this order: its own end, and what came after that. */
export function failuresOf(result: TaskResult): readonly Failure[] {
  if (result.kind === "detached") return [];
  const own = result.kind === "failed" ? [result.failure] : [];
  return result.later === undefined ? own : [...own, result.later];
}

/** The result of a job that has succeeded, and whose run failed after it. */
export function failureAfterSuccess({ task, earlier }: TaskResult, failure: Failure): FailedResult {
  return { kind: "failed", outcome: "failed", exitCode: 0, failure, task, ...(earlier && { earlier }) };
}

/** `attached`: the script may have run. */
export function failedResult(failure: Failure, task?: TaskFacts, attached = false): FailedResult {
  const outcome = failure.code === "cancelled" ? "cancelled" : attached ? "unknown" : "not-started";
  const exitCode = outcome === "cancelled" && attached ? 130 : undefined;
  return { kind: "failed", outcome, exitCode, failure, task };
}
