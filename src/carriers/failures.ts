import { EncryptionRefused, Failure } from "../errors.ts";
import type { Gap } from "./stream/items.ts";
import type { Target } from "../targets/target.ts";
import type { Loss } from "./carrier.ts";
import { type SessionEndReason, sessionEndReason } from "./session-end.ts";
import type { CarrierEnd } from "./job-end.ts";
import { refusalFailure } from "./refusals.ts";

const NO_SHELL =
  "The image needs /bin/sh, which also starts 'shell: python' and other interpreters. Use the variant of the image that has a shell, such as ':debug' of a distroless image.";

/**
 * The failure of a carrier that gave no status. It is for a task that still runs: the end of a task explains more than the
 * end of its carrier.
 */
export function failureOfEnd(
  end: Exclude<CarrierEnd, { kind: "status" }>,
  target: Pick<Target, "container" | "taskId">,
  sessionId: string,
): Failure {
  const container = `container '${target.container}' of task ${target.taskId}`;
  switch (end.kind) {
    case "refused":
      return refusalFailure(end.code, end.text, container);
    case "missing":
      return new Failure("no-status", {
        failed: `The log of session '${sessionId}' does not tell how the job ended.`,
        seen: end.attached
          ? "It holds the beginning of the job's output, but not its end."
          : "Nothing of the job arrived in it.",
        advice:
          "The agent uploads a transcript when the session is over: the image needs 'script' and 'cat', and the task role 'logs:CreateLogStream' and 'logs:PutLogEvents' on the log group, or 's3:PutObject' on the log bucket. With 'logs: auto' the live session is read instead.",
      });
    case "gap":
      return new Failure("no-status", {
        failed: `The output of session '${sessionId}' did not arrive whole, so its end can't be trusted.`,
        seen: `In it ${describeGap(end)} Only what came before byte ${end.offset} is certain.`,
        advice:
          "Something else wrote to the session's terminal, or the agent dropped bytes. Run the job again.",
      });
    case "ended":
      return sessionEnded(end, container, sessionId);
  }
}

/** Describes a gap, as in "in it byte 5 was expected and byte 7 came." */
export function describeGap({ expected, got, why }: Gap): string {
  return why ?? `byte ${expected} was expected and byte ${got} came.`;
}

function sessionEnded(
  { end, attached }: Extract<CarrierEnd, { kind: "ended" }>,
  container: string,
  sessionId: string,
): Failure {
  const reason = sessionEndReason(end);
  switch (reason.kind) {
    case "no-shell":
      return new Failure("no-shell", {
        failed: `The ${container} has no shell to run a script with.`,
        seen: `The exec agent said: ${reason.said}`,
        advice: NO_SHELL,
      });
    case "encryption-refused":
      return new EncryptionRefused({
        failed: `The exec agent of the ${container} refused the session.`,
        seen: `It said: ${reason.said}`,
        advice:
          "The cluster's executeCommandConfiguration asks for encryption: give the task role 'kms:Decrypt' on its key, and 'logs:DescribeLogGroups' or 's3:GetEncryptionConfiguration' to see that its logs are encrypted; encrypt the log group or bucket it names, or turn the demand off.",
      });
    case "given-up":
      return reason.failure;
    default:
      return attached ? endedUnderJob(reason, sessionId) : endedBeforeJob(reason, sessionId);
  }
}

type PlainReason = Extract<SessionEndReason, { kind: "closed" | "lost" | "closed-here" }>;

function endedUnderJob(reason: PlainReason, sessionId: string): Failure {
  return new Failure("no-status", {
    failed: `Session '${sessionId}' ended before the job's status was known.`,
    ...seenOf(reason),
    advice:
      "The job may have gone on in the container; its exit status is not known, so the run fails. Look at the container, then run it again.",
  });
}

function endedBeforeJob(reason: PlainReason, sessionId: string): Failure {
  return new Failure("session-lost", {
    failed: `Session '${sessionId}' ended before the script was started.`,
    ...seenOf(reason),
    advice:
      "Run it again. If it repeats, see whether the image has /bin/sh and whether the container is short of memory.",
  });
}

function seenOf(reason: PlainReason): { readonly seen: string; readonly cause?: unknown } {
  switch (reason.kind) {
    case "closed":
      return {
        seen: `It was closed${reason.said === undefined ? ", without a reason" : `: ${reason.said}`}.`,
      };
    case "lost":
      return { seen: `It was lost: ${reason.why}.`, cause: reason.cause };
    case "closed-here":
      return { seen: "The run closed it when the job's time was over." };
  }
}

/** The warning of a job whose container has ended. */
export function restIsLost(position: number): string {
  return `The output came by S3 up to byte ${position}. What the job printed after that is lost.`;
}

/** The warning when S3 can't carry the output any more. */
export function sessionGoesOn(why: Loss | Gap, offset: number): string {
  const seen =
    why.kind === "gap"
      ? `byte ${why.expected} was expected and byte ${why.got} came`
      : why.kind === "stalled"
        ? why.seen
        : why.kind;
  return `The output does not come by S3 any more: ${seen}. A session goes on at byte ${offset}.`;
}
