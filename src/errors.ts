/**
 * Every way a run can fail. One class, a stable code for each kind, and always the same three parts:
 *
 *   failed  what did not work, naming the input or the resource
 *   seen    what was observed: AWS's own words, stop codes, exit codes
 *   advice  the setting, IAM action or endpoint to look at
 *
 * Each kind has its own function here, which takes the facts and finds the words; `docs/errors.md` has a
 * paragraph for each code. An Error that is not a `Failure` is a bug of ours.
 */
export type FailureCode =
  | "bad-input"
  | "no-credentials"
  | "no-region"
  | "access-denied"
  | "throttled"
  | "aws-error"
  | "cluster-not-found"
  | "service-not-found"
  | "task-not-found"
  | "task-definition-not-found"
  | "container-not-found"
  | "container-ambiguous"
  | "no-running-task"
  | "network-required"
  | "exec-not-enabled"
  | "exec-agent-stopped"
  | "exec-not-ready"
  | "task-not-started"
  | "task-stopped"
  | "bucket-not-found"
  | "bucket-elsewhere"
  | "staging-failed"
  | "session-refused"
  | "session-lost"
  | "download-failed"
  | "container-refused"
  | "no-status"
  | "logs-not-configured"
  | "timed-out"
  | "cancelled";

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

/** `must` finishes the sentence "input X must be …". */
export function badInput(name: string, must: string, got: string, advice = ""): Failure {
  return new Failure("bad-input", {
    failed: `Input '${name}' must be ${must}.`,
    seen: `Got ${got}.`,
    advice: advice || `See the description of '${name}' in action.yml.`,
  });
}
