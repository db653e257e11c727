import type { Failure } from "../../src/errors.ts";
import type { JobStatus } from "../../src/stream/status.ts";
import { endedResult, failedResult, type Known, type Result } from "../../src/report/result.ts";
import { aTarget } from "../helpers/runs.ts";

type Ended = Extract<JobStatus, { kind: "ended" }>;

/** What a run knows that came as far as its session. */
export function aKnown(more: Partial<Known> = {}): Known {
  return {
    target: aTarget(),
    sessionIds: ["ecs-execute-command-1", "ecs-execute-command-2"],
    log: {
      name: "/ecs/exec/ecs-execute-command-2",
      group: "/ecs/exec",
      stream: "ecs-execute-command-2",
      url: "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:x",
    },
    stdout: "schema version 42",
    attached: true,
    ...more,
  };
}

/** A job that ended with these exit codes; one with `!` was being stopped when it did. */
export function aStatus(reason: Ended["reason"], ...codes: readonly string[]): Ended {
  const workers = codes.map((code, worker) => ({
    worker,
    exitCode: Number.parseInt(code, 10),
    seconds: 10 + worker,
    stopped: code.endsWith("!"),
  }));
  return { kind: "ended", reason, workers };
}

export function aResult(reason: Ended["reason"], ...codes: readonly string[]): Result {
  return endedResult(aStatus(reason, ...codes), aKnown());
}

export function aFailedResult(failure: Failure, known: Partial<Known> = {}): Result {
  return failedResult(failure, aKnown(known));
}
