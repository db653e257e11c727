/**
 * Every way a run can fail. Each failure has a stable code for its kind, and the same three parts:
 *
 *   failed  what did not work, naming the input or the resource
 *   seen    what was observed: AWS's own words, stop codes, exit codes
 *   advice  the setting, IAM action or endpoint to look at
 *
 *   Failure
 *    ├── AccessDenied       which right is missing, and of which resource
 *    ├── StartStuck         a task makes no progress, but a second one may start
 *    ├── EncryptionRefused  the set-up of ECS Exec may explain it
 *    ├── TaskStopped        the task's end in the words of ECS
 *    └── NoCapacity, TagsNotEnabled: what ECS refuses to start (`aws/ecs-failures.ts`)
 *
 * The parts are for people. Code decides by the failure's code, class and fields, and never reads a part. Each folder
 * words its own failures; `docs/errors.md` has a paragraph for each code. An Error that is not a `Failure` is a bug of
 * the action. The author of a workflow and the user of a program read different words where their surroundings differ.
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
  "bucket-needed",
  "container-busy",
  "container-blocked",
  "lock-busy",
  "lock-lost",
  "deployment-not-found",
  "deployment-too-early",
  "deployment-replaced",
  "deployment-ended",
  "hook-not-configured",
  "hook-not-reached",
  "hook-expired",
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
  "files-not-placed",
  "artifacts-missing",
  "no-status",
  "job-gone",
  "job-followed",
  "logs-not-configured",
  "timed-out",
  "cancelled",
  "check-failed",
  "action-incomplete",
  "internal-error",
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

/** Who reads a message: the author of a workflow, or the user of the command line or of the module. */
export type Reader = "workflow" | "program";

/** A text in the words of each reader. */
export type WordsForEach = Readonly<Record<Reader, string>>;

interface Words {
  readonly failed: string;
  readonly seen: string;
  readonly advice: string;
}

/** A part of a message. The texts of its parts, joined as they are, are the message. */
export interface MessagePart {
  readonly text: string;
  /** Whether it says what to do. A quoted word in it is an input, where in what was seen it may be a name of the user's. */
  readonly isAdvice: boolean;
}

export interface FailureParts extends Omit<Words, "advice"> {
  readonly advice: string | WordsForEach;
  /** Those parts that the user of a program reads in other words. */
  readonly program?: Partial<Words> | undefined;
  readonly cause?: unknown;
}

/** The text in the words of this reader. */
export function wordsFor(reader: Reader, text: string | WordsForEach): string {
  return typeof text === "string" ? text : text[reader];
}

export class Failure extends Error {
  readonly code: FailureCode;
  /** The parts in the words of a workflow's author. `message` has these, too. */
  readonly failed: string;
  readonly seen: string;
  readonly advice: string;
  /** The parts that the user of a program reads in other words. */
  readonly program: Partial<Words>;

  constructor(code: FailureCode, { failed, seen, advice, program, cause }: FailureParts) {
    const forWorkflow = wordsFor("workflow", advice);
    super(textOf({ failed, seen, advice: forWorkflow }), { cause });
    this.name = "Failure";
    this.code = code;
    this.failed = failed;
    this.seen = seen;
    this.advice = forWorkflow;
    this.program = { ...(typeof advice !== "string" && { advice: advice.program }), ...program };
  }

  /** The message in the words of this reader. */
  messageFor(reader: Reader): string {
    return textOf(this.partsFor(reader));
  }

  /** The same in its parts. */
  messageParts(reader: Reader): readonly MessagePart[] {
    const { failed, seen, advice } = this.partsFor(reader);
    return [fact(failed), fact(`\n${seen}`), { text: `\n${advice}`, isAdvice: true }];
  }

  /** The parts in the words of this reader. */
  partsFor(reader: Reader): Words {
    return { ...textsOf(this), ...(reader === "program" && this.program) };
  }

  /** The same failure, with more that was seen. */
  alsoSeen(more: string): this {
    return this.#with({ seen: `${this.seen} ${more}` }, (program) =>
      program.seen === undefined ? program : { ...program, seen: `${program.seen} ${more}` },
    );
  }

  /** The same failure, of its class and with its fields, in which these parts replace its own, for each reader. */
  withParts(parts: Partial<Pick<Words, "seen" | "advice">>): this {
    return this.#with(parts, ({ failed, seen, advice }) => ({
      ...(failed !== undefined && { failed }),
      ...(seen !== undefined && parts.seen === undefined && { seen }),
      ...(advice !== undefined && parts.advice === undefined && { advice }),
    }));
  }

  #with(parts: Partial<Words>, change: (program: Partial<Words>) => Partial<Words>): this {
    const program = change(this.program);
    const copy = new Failure(this.code, { ...textsOf(this), ...parts, program, cause: this });
    // The constructors of the classes differ, so the copy is made a member of the class afterwards.
    Object.setPrototypeOf(copy, Object.getPrototypeOf(this) as object);
    return Object.assign(copy, this, parts, { program });
  }
}

function textsOf({ failed, seen, advice }: Words): Words {
  return { failed, seen, advice };
}

/** A part of a message that says what is wrong. */
export function fact(text: string): MessagePart {
  return { text, isAdvice: false };
}

function textOf({ failed, seen, advice }: Words): string {
  return `${failed}\n${seen}\n${advice}`;
}

/** AWS denied a call. */
export class AccessDenied extends Failure {
  /** The IAM action that is missing, such as `ecs:RunTask`: the one that AWS named, else that of the call. */
  readonly action: string;
  /** True when AWS itself named that action and its resource. Otherwise the denial may have another reason. */
  readonly isNamed: boolean;

  constructor({ action, isNamed }: Pick<AccessDenied, "action" | "isNamed">, parts: FailureParts) {
    super("access-denied", parts);
    this.action = action;
    this.isNamed = isNamed;
  }
}

/** A new task makes no progress on its way to RUNNING. A second task may get there. */
export class StartStuck extends Failure {
  constructor(parts: Pick<FailureParts, "failed" | "seen">) {
    const advice = "Run the job again. If it repeats, see the task's events in the ECS console.";
    super("task-not-started", { ...parts, advice });
  }
}

/** The exec agent refused a session: it can't encrypt the session, or the session's log. */
export class EncryptionRefused extends Failure {
  constructor(parts: FailureParts) {
    super("session-refused", parts);
  }
}

export interface ContainerEnd {
  readonly name: string;
  readonly exitCode: number | undefined;
}

/** A task that ended before the job, with ECS's own fields on how it ended. */
export class TaskStopped extends Failure {
  declare readonly code: "task-not-started" | "task-stopped" | "no-shell";
  readonly stopCode: string | undefined;
  /** True when Fargate lacked capacity. Nothing need be wrong with the task itself then. */
  readonly isForCapacity: boolean;
  /** AWS throttled the task's set-up, so the task never ran. */
  readonly isThrottled: boolean;
  /** The task's subnet had no free address, so the task never ran. */
  readonly isForAddress: boolean;
  /** True when the platform or the service ended the task, and not one of its own programs or a caller of StopTask. */
  readonly isByPlatform: boolean;
  readonly containers: readonly ContainerEnd[];

  constructor(
    code: TaskStopped["code"],
    parts: FailureParts,
    ecs: Pick<
      TaskStopped,
      "stopCode" | "isForCapacity" | "isThrottled" | "isForAddress" | "isByPlatform" | "containers"
    >,
  ) {
    super(code, parts);
    this.stopCode = ecs.stopCode;
    this.isForCapacity = ecs.isForCapacity;
    this.isThrottled = ecs.isThrottled;
    this.isForAddress = ecs.isForAddress;
    this.isByPlatform = ecs.isByPlatform;
    this.containers = ecs.containers;
  }
}

export function isDenied(error: unknown): error is Failure {
  return error instanceof Failure && error.code === "access-denied";
}

const CREDENTIALS: ReadonlySet<FailureCode> = new Set(["no-credentials", "no-id-token", "role-not-assumed"]);

/** Whether only other credentials can mend it. */
export function isAboutCredentials(error: unknown): error is Failure {
  return error instanceof Failure && CREDENTIALS.has(error.code);
}

/** The message of a thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What failed and what was seen, in one line of the log. */
export function factsOf(error: unknown): string {
  return error instanceof Failure ? `${error.failed} ${error.seen}` : messageOf(error);
}

/** A thrown value as a `Failure`. Any other error is a bug of the action: `internal-error`. */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  return new Failure("internal-error", {
    failed: "fargate-exec itself went wrong.",
    seen: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    advice: {
      workflow: "Open an issue to report it, with the log of a run with step debug logging.",
      program: "Open an issue to report it, with what '--verbose' shows.",
    },
    cause: error,
  });
}
