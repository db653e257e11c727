import { Failure, type FailureCode } from "../errors.ts";
import { PLACES } from "../payload/source.ts";
import type { Target } from "../targets/target.ts";
import type { Gap } from "../stream/extract.ts";
import type { CarrierEnd } from "./job-end.ts";

const NO_SHELL =
  "The image needs /bin/sh, which also 'shell: python' and other interpreters are started by. Use the variant of the image that has one, such as ':debug' of a distroless image.";

/**
 * Why a session gave no status, in words. The task's own end, where it has ended, says more than this and comes
 * first; this is for a task that still runs.
 */
export function withoutStatus(
  followed: Exclude<CarrierEnd, { kind: "status" }>,
  target: Pick<Target, "container" | "taskId">,
  sessionId: string,
): Failure {
  const container = `container '${target.container}' of task ${target.taskId}`;
  switch (followed.kind) {
    case "refused":
      return refused(followed.code, followed.text, container);
    case "missing":
      return new Failure("no-status", {
        failed: `The log of session '${sessionId}' does not tell how the job ended.`,
        seen: followed.attached
          ? "It holds the beginning of the job's output, but not its end."
          : "Nothing of the job arrived in it.",
        advice:
          "The agent uploads a transcript when the session is over: the image needs 'script' and 'cat', and the task role the right to write the log. With 'logs: auto' the live session is read instead.",
      });
    case "gap":
      return new Failure("no-status", {
        failed: `The output of session '${sessionId}' did not arrive whole, so its end can't be trusted.`,
        seen: `In it ${describeGap(followed)} Sure is what came before byte ${followed.offset}.`,
        advice:
          "Something else wrote to the session's terminal, or the agent dropped bytes. Run the job again.",
      });
    case "ended":
      return ended(followed, container, sessionId);
  }
}

/** As in "in it …". */
export function describeGap({ expected, got, why }: Gap): string {
  return why ?? `byte ${expected} was expected and byte ${got} came.`;
}

function refused(code: string, text: string, container: string): Failure {
  const facts = { failed: `The ${container} could not run the script.`, seen: `It said: ${text || code}.` };
  switch (code) {
    case "download":
      return new Failure("download-failed", {
        failed: `The ${container} could not fetch the script.`,
        seen: `Its last words: ${text || "none"}.`,
        advice: /No module named '?boto3|python3: *not found|python3: command not found/.test(text)
          ? "The image needs python3 with boto3 to fetch from S3. Install it (pip install boto3), or leave 'bucket' out: then the script travels over the session."
          : "Allow 's3:GetObject' on the staged object to the task role ('task-role'), and give the task a route to S3.",
      });
    case "echo":
      return new Failure("container-refused", {
        ...facts,
        advice:
          "Nothing secret is typed into a terminal that echoes. The image needs stty (coreutils) or python3.",
      });
    case "busy":
      return new Failure("container-busy", {
        failed: `The ${container} was not free for this run, so the script was not started.`,
        seen: `It is ${text}.`,
        advice:
          "Wait for that job or stop it in the container; with a shorter 'abandon-after' it is stopped by the next run. Raise 'timeout' to wait longer.",
      });
    case "gone":
      return new Failure("no-status", {
        ...facts,
        advice: "The job's directory in the container is gone, and its status with it. Run the job again.",
      });
    case "user":
      return new Failure("user-not-found", {
        failed: `Input 'user' names a user that the ${container} does not have.`,
        seen: `It said: ${text}. No script has run.`,
        advice:
          "Name a user of the image's /etc/passwd, or a number such as 1000:1000, which need not be in it.",
      });
    case "directory":
      return new Failure("working-directory-not-found", {
        failed: `Input 'working-directory' names no directory that the ${container} can enter.`,
        seen: `It said: ${text}. No script has run.`,
        advice:
          "Name a directory of the image, or of a volume that the container mounts; it is not made. Without the input the script begins in the image's own WORKDIR.",
      });
    case "shell":
      return new Failure("shell-not-found", {
        failed: `The ${container} can't run what input 'shell', or else the script's first line, asks for.`,
        seen: `It said: ${text}. No script has run.`,
        advice:
          "Name a program that is in the image, with its full path where its directory is not in PATH, or leave 'shell' out: then it is 'sh -e {0}'.",
      });
    case "variable":
      return new Failure("bad-input", {
        failed: `Input 'env' or 'secrets' sets a variable that the shell of the ${container} does not let anybody set.`,
        seen: `It said: ${text}. No script has run.`,
        advice:
          "Give the variable another name: bash keeps UID, EUID, PPID and others to itself, and so does zsh.",
      });
    case "place":
      return new Failure("container-refused", {
        ...facts,
        advice: `One of ${PLACES.join(", ")} has to be writable for root, and for others only where it is sticky, as /tmp is.`,
      });
    case "lost":
      return new Failure("no-status", {
        failed: `The ${container} ran the script, and how it ended is not known.`,
        seen: `It said: ${text || "nothing of use"}.`,
        advice:
          "Something in the container filled the disk or killed what waits for the script, maybe for want of memory: see the task's 'memory' and 'ephemeral-storage'.",
      });
    default:
      return new Failure("container-refused", {
        ...facts,
        advice:
          "Check what the image needs: a POSIX shell, stty or python3, python3 or awk, and the usual small tools.",
      });
  }
}

/** Losses that tell more of themselves than that the session has ended. */
const OWN_WORDS: ReadonlySet<FailureCode> = new Set(["access-denied", "encryption-mismatch"]);

/** The texts are the agent's own. */
function ended(
  { end, attached }: Extract<CarrierEnd, { kind: "ended" }>,
  container: string,
  sessionId: string,
): Failure {
  const text = end.kind === "closed" ? end.text.replace(/-{3,}ERROR-{3,}/, "").trim() : "";
  if (text.includes("Unable to start command")) {
    return new Failure("no-shell", {
      failed: `The ${container} has no shell to run a script by.`,
      seen: `The exec agent said: ${text}`,
      advice: NO_SHELL,
    });
  }
  if (/encryption is not set up|unable to validate encryption|handshake/i.test(text)) {
    return new Failure("session-refused", {
      failed: `The exec agent of the ${container} refused the session.`,
      seen: `It said: ${text}`,
      advice:
        "The cluster's executeCommandConfiguration asks for encryption: give the task role 'kms:Decrypt' on its key, and 'logs:DescribeLogGroups' or 's3:GetEncryptionConfiguration' to see that its logs are encrypted; encrypt the log group or bucket it names, or turn the demand off.",
    });
  }
  if (end.kind === "lost" && end.cause instanceof Failure && OWN_WORDS.has(end.cause.code)) return end.cause;
  const how =
    end.kind === "closed"
      ? `It was closed${text === "" ? ", without a reason" : `: ${text}`}.`
      : end.kind === "lost"
        ? `It was lost: ${end.why}.`
        : "It was left.";
  return new Failure(attached ? "no-status" : "session-lost", {
    failed: attached
      ? `Session '${sessionId}' ended before the job's status was known.`
      : `Session '${sessionId}' ended before the script was started.`,
    seen: how,
    advice: attached
      ? "The job may have gone on in the container; its exit status is not known, so the step fails. Look at the container, then run it again."
      : "Run it again. If it repeats, see whether the image has /bin/sh and whether the container is short of memory.",
    cause: end.kind === "lost" ? end.cause : undefined,
  });
}
