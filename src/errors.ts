/**
 * Every way a run can fail. One class, a stable code for each kind, and always the same three parts:
 *
 *   failed  what did not work, naming the input or the resource
 *   seen    what was observed: AWS's own words, stop codes, exit codes
 *   advice  the setting, IAM action or endpoint to look at
 *
 * The words are found where the facts are: each room has functions that take them and give a `Failure`;
 * `docs/errors.md` has a paragraph for each code. An Error that is not a `Failure` is a bug of ours.
 */
export const FAILURE_CODES = [
  "bad-input",
  "no-credentials",
  "no-id-token",
  "role-not-assumed",
  "no-region",
  "access-denied",
  "throttled",
  "aws-error",
  "aws-unreachable",
  "cluster-not-found",
  "service-not-found",
  "task-not-found",
  "task-definition-not-found",
  "container-not-found",
  "container-ambiguous",
  "no-running-task",
  "network-required",
  "windows-task",
  "hold-awaited",
  "hold-ended",
  "exec-not-enabled",
  "exec-agent-stopped",
  "exec-not-ready",
  "container-busy",
  "container-blocked",
  "task-not-started",
  "task-stopped",
  "container-stopped",
  "bucket-not-found",
  "bucket-elsewhere",
  "bucket-not-owned",
  "session-refused",
  "session-lost",
  "encryption-mismatch",
  "download-failed",
  "container-refused",
  "no-shell",
  "user-not-found",
  "working-directory-not-found",
  "shell-not-found",
  "no-status",
  "logs-not-configured",
  "timed-out",
  "cancelled",
  "action-incomplete",
  "internal-error",
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

export interface FailureParts {
  readonly failed: string;
  readonly seen: string;
  readonly advice: string;
  readonly cause?: unknown;
}

export class Failure extends Error {
  readonly code: FailureCode;
  readonly failed: string;
  readonly seen: string;
  readonly advice: string;

  constructor(code: FailureCode, parts: FailureParts) {
    super(`${parts.failed}\n${parts.seen}\n${parts.advice}`, { cause: parts.cause });
    this.name = "Failure";
    this.code = code;
    this.failed = parts.failed;
    this.seen = parts.seen;
    this.advice = parts.advice;
  }
}

export interface ContainerEnd {
  readonly name: string;
  readonly exitCode: number | undefined;
}

/** A task that ended while it was needed, in the words of `Failure` and those of ECS. */
export class TaskStopped extends Failure {
  readonly stopCode: string | undefined;
  readonly stoppedReason: string;
  readonly containers: readonly ContainerEnd[];

  constructor(
    code: "task-not-started" | "task-stopped" | "no-shell",
    parts: FailureParts,
    ecs: {
      readonly stopCode: string | undefined;
      readonly stoppedReason: string | undefined;
      readonly containers?: readonly ContainerEnd[];
    },
  ) {
    super(code, parts);
    this.stopCode = ecs.stopCode;
    this.stoppedReason = ecs.stoppedReason ?? "";
    this.containers = ecs.containers ?? [];
  }
}

/** `must` finishes the sentence "input X must be …". */
export function badInput(name: string, must: string, got: string, advice = "", cause?: unknown): Failure {
  return new Failure("bad-input", {
    failed: `Input '${name}' must be ${must}.`,
    seen: `Got ${got}.`,
    advice: advice || `See the description of '${name}' in action.yml.`,
    cause,
  });
}

/** Several problems with the inputs, told at once. */
export function badInputs(problems: readonly Failure[]): Failure {
  return new Failure("bad-input", {
    failed: `${problems.length} things are wrong with the inputs of this step.`,
    seen: problems.map(({ failed, seen, advice }) => `- ${failed} ${seen} ${advice}`).join("\n"),
    advice: "Correct them all, then run the step again; nothing has been started.",
    cause: new AggregateError(problems),
  });
}

export function noRegion(): Failure {
  return new Failure("no-region", {
    failed: "There is no AWS region to look for the cluster in.",
    seen: "Input 'region' is empty, and so are AWS_REGION and AWS_DEFAULT_REGION of the step.",
    advice: "Set 'region', or let aws-actions/configure-aws-credentials set it in an earlier step.",
  });
}

/** Anything else that was thrown is a bug of ours, and is told as one. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("internal-error", {
    failed: "fargate-exec itself went wrong.",
    seen: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    advice: "Please report it, with the log of a run with step debug logging.",
    cause: error,
  });
}
