import { Failure } from "../../src/errors.ts";
import {
  type EarlierAttempt,
  type FailedResult,
  failedResult,
  type JobReport,
  NO_OUTPUT,
  type StatusResult,
  statusResult,
  type TaskFacts,
} from "../../src/report/result.ts";
import type { ExplainedStep } from "../../src/report/explain.ts";
import type { JobStatus } from "../../src/carriers/stream/status.ts";
import { aTarget } from "../helpers/runs.ts";

type EndedStatus = Extract<JobStatus, { kind: "ended" }>;

const LOG = {
  kind: "cloudwatch",
  name: "/ecs/exec/ecs-execute-command-2",
  group: "/ecs/exec",
  stream: "ecs-execute-command-2",
  url: "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:x",
} as const;

/** The facts of a task whose job has had two sessions. */
export function someFacts(more: Partial<TaskFacts> = {}): TaskFacts {
  return {
    target: aTarget(),
    publicIp: undefined,
    sessionId: "ecs-execute-command-2",
    log: LOG,
    ...NO_OUTPUT,
    stdout: "schema version 42",
    startedAt: undefined,
    described: undefined,
    times: undefined,
    ...more,
  };
}

/** The report of such a job. */
export function aReport(end: JobReport["end"], attached = true): JobReport {
  const sessionIds = ["ecs-execute-command-1", "ecs-execute-command-2"];
  return {
    end,
    sessionIds,
    log: LOG,
    ...NO_OUTPUT,
    stdout: "schema version 42",
    attached,
    attachedAt: attached ? 0 : undefined,
    times: { beganAt: 0 },
    byPieces: false,
    hasOthers: false,
    isClosed: false,
  };
}

/** A failure with three short sentences. */
export const aFailure = (code: Failure["code"]): Failure =>
  new Failure(code, { failed: "It failed.", seen: "This was seen.", advice: "Do that." });

/** A step that took no time, so that its summary has no timeline. */
export const NO_TIME = { from: 0, to: 0 };

/** A step whose script is a file, as explanations know it. */
export const aStep: ExplainedStep = {
  reader: "workflow",
  page: "https://github.com/org/fargate-exec/blob/v1/docs/errors.md",
  timeout: 5_000,
  scriptFile: "ops/job.sh",
};

/** The status of a job with these exit codes. A worker whose code has a `!` was being stopped when it ended; `b`: its image has bash. */
export function aStatus(reason: EndedStatus["reason"], ...codes: readonly string[]): EndedStatus {
  const workers = codes.map((code, worker) => ({
    worker,
    exitCode: Number.parseInt(code, 10),
    seconds: 10 + worker,
    stopped: code.endsWith("!"),
    ...(code.endsWith("b") && { hasBash: true as const }),
  }));
  return { kind: "ended", reason, workers };
}

export function aResult(reason: EndedStatus["reason"], ...codes: readonly string[]): StatusResult {
  return statusResult(aStatus(reason, ...codes), someFacts());
}

/** The end of a run whose script may have run, unless `attached` is false. */
export function aFailedResult(failure: Failure, { attached = true } = {}): FailedResult {
  return failedResult(failure, someFacts(), attached);
}

const LOST: EarlierAttempt = {
  ...{ taskId: "1".repeat(32), outcome: "unknown", end: "task-stopped", reason: "infrastructure" },
};
const RETRIED = { ...aResult("exited", "0"), earlier: Array.from({ length: 9 }, () => LOST) };
/** A thousand jobs, each of which was run ten times. */
export const aThousandRetried = {
  kind: "several",
  tasks: Array.from({ length: 1_000 }, () => RETRIED),
} as const;
