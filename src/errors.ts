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
export const FAILURE_CODES = [
  "bad-input",
  "no-credentials",
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
  "session-refused",
  "session-lost",
  "download-failed",
  "container-refused",
  "no-status",
  "logs-not-configured",
  "timed-out",
  "cancelled",
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

/** A task that ended while it was needed, in the words of `Failure` and those of ECS. */
export class TaskStopped extends Failure {
  readonly stopCode: string | undefined;
  readonly stoppedReason: string;

  constructor(
    code: "task-not-started" | "task-stopped",
    parts: FailureParts,
    ecs: { readonly stopCode: string | undefined; readonly stoppedReason: string | undefined },
  ) {
    super(code, parts);
    this.stopCode = ecs.stopCode;
    this.stoppedReason = ecs.stoppedReason ?? "";
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

export function clusterNotFound(cluster: string, region: string, seen: string, cause?: unknown): Failure {
  return new Failure("cluster-not-found", {
    failed: `There is no ECS cluster '${cluster}' in ${region}.`,
    seen,
    advice:
      "Check the inputs 'cluster' and 'region', and that the credentials belong to the cluster's account.",
    cause,
  });
}

export function serviceNotFound(service: string, cluster: string, seen: string, cause?: unknown): Failure {
  return new Failure("service-not-found", {
    failed: `There is no active service '${service}' in cluster '${cluster}'.`,
    seen,
    advice: "Check the inputs 'service', 'cluster' and 'region'.",
    cause,
  });
}

export function taskNotFound(task: string, cluster: string, seen: string): Failure {
  return new Failure("task-not-found", {
    failed: `There is no task '${task}' in cluster '${cluster}'.`,
    seen,
    advice:
      "Check the inputs 'task', 'cluster' and 'region'. ECS forgets a stopped task after about an hour; " +
      "with 'service' in place of 'task' the action looks for a running one itself.",
  });
}

export function taskDefinitionNotFound(taskDefinition: string, seen: string, cause?: unknown): Failure {
  return new Failure("task-definition-not-found", {
    failed: `There is no active task definition '${taskDefinition}'.`,
    seen,
    advice:
      "Check the inputs 'task-definition' and 'region': a family, 'family:revision', an ARN, or the path of a JSON " +
      "file, which must start with './' or end in '.json'. A deregistered revision can't be started.",
    cause,
  });
}

export function containerNotFound(container: string, owner: string, names: readonly string[]): Failure {
  return new Failure("container-not-found", {
    failed: `There is no container '${container}' in ${owner}.`,
    seen: `Its containers are ${quoted(names)}.`,
    advice: "Set the input 'container' to one of them.",
  });
}

export function containerAmbiguous(owner: string, names: readonly string[], why: string): Failure {
  return new Failure("container-ambiguous", {
    failed: `The container to run in is not clear: ${owner} has several and the input 'container' is not set.`,
    seen: `Its containers are ${quoted(names)}. ${why}`,
    advice: "Set the input 'container' to one of them.",
  });
}

/** `wanted` is how many the inputs ask for. */
export function noRunningTask(service: string, cluster: string, seen: string, wanted = 1): Failure {
  return new Failure("no-running-task", {
    failed: `The service '${service}' in cluster '${cluster}' has ${wanted === 1 ? "no running task" : `not ${wanted} running tasks`}.`,
    seen,
    advice:
      "Look at the service's events and its desired count, or start a task of its own for the job with " +
      "'start: true'.",
  });
}

/** `what` is the task definition or the image to be started. */
export function networkRequired(what: string, seen: string, cause?: unknown): Failure {
  return new Failure("network-required", {
    failed: `To start a task of '${what}' on Fargate the input 'subnets' is required.`,
    seen,
    advice:
      "Set 'subnets' (and 'security-groups'; in a public subnet 'assign-public-ip: true' as well) to a network " +
      "with a route to ECR, S3 and ssmmessages (a NAT gateway, a public address or VPC endpoints), or name a 'service' " +
      "to borrow its network.",
    cause,
  });
}

/** `status` is that of the gateway's answer; without one there was no connection to it. */
export function sessionNotOpened(
  sessionId: string,
  host: string,
  seen: string,
  status: number | undefined,
  cause?: unknown,
): Failure {
  const failed = `The data channel of session '${sessionId}' could not be opened.`;
  if (status === undefined) {
    return new Failure("session-lost", {
      failed,
      seen: `No connection to ${host}: ${seen}`,
      advice:
        `Check that the runner reaches ${host} on port 443: proxy variables (HTTPS_PROXY, NO_PROXY), firewall, or the ` +
        "VPC endpoint 'ssmmessages' and its private DNS.",
      cause,
    });
  }
  return new Failure("session-refused", {
    failed,
    seen: `${host} answered ${seen}`,
    advice:
      "Allow 'ssmmessages:OpenDataChannel' on 'arn:aws:ssm:*:*:session/ecs-execute-command-*' to the step's " +
      "credentials, and check the runner's clock and any policy of a VPC endpoint 'ssmmessages'.",
    cause,
  });
}

/** A session that stood and ended before its time. */
export function sessionLost(sessionId: string, seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: `Session '${sessionId}' was lost.`,
    seen,
    advice:
      "The job is told to stop by a command of its own; where that fails too, it runs on until its 'timeout'. Check the " +
      "network between runner and 'ssmmessages', and whether the task was stopped.",
    cause,
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

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ") || "none";
}

/** `seen` is Node's word on the certificate. */
export function gatewayUntrusted(sessionId: string, host: string, seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: `The data channel of session '${sessionId}' could not be opened: the certificate of ${host} is not trusted.`,
    seen,
    advice:
      "Where a proxy opens TLS connections, put its CA's certificate into a PEM file on the runner and name it in " +
      "NODE_EXTRA_CA_CERTS, in the 'env' of the step or job. AWS's own certificates need nothing.",
    cause,
  });
}

/** The proxy of the environment answered 407 in the gateway's place. */
export function proxyRefused(sessionId: string, host: string, seen: string, cause?: unknown): Failure {
  return new Failure("session-lost", {
    failed: `The data channel of session '${sessionId}' could not be opened: the proxy on the way to ${host} wants credentials.`,
    seen: `It answered ${seen}`,
    advice:
      "Put user and password into HTTPS_PROXY (http://user:password@host:port, special characters as %XX), or except " +
      `${host} in NO_PROXY.`,
    cause,
  });
}

/** `held` says by whom and since when. */
export function containerBusy(container: string, taskArn: string, seconds: number, held: string): Failure {
  return new Failure("container-busy", {
    failed: `Container '${container}' of task ${taskArn} had no place for this run${seconds > 0 ? ` within ${seconds} s` : ""}.`,
    seen: `It is ${held}. ECS Exec takes very few sessions at once in a container, so runs of this action take turns.`,
    advice:
      "Raise 'start-timeout', let fewer jobs share a container ('strategy.max-parallel', 'concurrency'), or give each job " +
      "a task of its own ('start: true', 'task-definition').",
  });
}

/** `agent` is what ECS says of the exec agent, `others` what is known of the container's other sessions. */
export function containerBlocked(
  container: string,
  taskArn: string,
  seconds: number,
  { agent, others }: { readonly agent: string; readonly others: string },
): Failure {
  return new Failure("container-blocked", {
    failed: `Container '${container}' of task ${taskArn} opened no session within ${seconds} s, so the script was not started.`,
    seen: `ExecuteCommand made the session, and ECS says that the exec agent is ${agent}. ${others}`,
    advice:
      "The agent runs one or two sessions at once and queues one more; one beyond that blocks it for good, though ECS goes on " +
      "to call it RUNNING. End other sessions of the container if it has any; else stop the task ('aws ecs stop-task'), which " +
      "a service replaces. With 'service' in place of 'task' the next task is tried by itself.",
  });
}
