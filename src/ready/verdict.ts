import type { Container, Task } from "../aws/task.ts";
import { Failure } from "../errors.ts";
import { lastPart } from "../targets/arn.ts";
import { isEnding } from "../targets/tasks/choose-tasks.ts";
import { containerNotFound } from "../targets/failures.ts";
import { execAgentStopped, execNotEnabled } from "./advice.ts";
import { taskStopped } from "./stopped.ts";

/** What the log says while the container runs and its exec agent does not. */
export const AGENT_STARTS = "waiting for the exec agent";

/** Whether a task takes a session, as one look at it shows. */
export type Verdict =
  | { readonly kind: "ready" }
  | {
      readonly kind: "wait";
      readonly why: string;
      /** True when the container runs and only its exec agent does not, so that a session is worth a try. */
      readonly near: boolean;
      /** True while the image is pulled, which takes longer for a larger image. */
      readonly isPulling: boolean;
    }
  | { readonly kind: "never"; readonly failure: Failure };

/**
 * `ready` when the container and its exec agent run. `never` when the task is ending, when it was started without ECS
 * Exec, which can't be turned on later, or when the container or its agent has stopped.
 */
export function judgeTask(task: Task, container: string): Verdict {
  if (isEnding(task)) return never(taskStopped(task));
  if (!task.enableExecuteCommand) return never(execNotEnabled(task));
  const found = task.containers.find(({ name }) => name === container);
  if (found === undefined) {
    const names = task.containers.map(({ name }) => name);
    return never(containerNotFound(container, `task '${lastPart(task.arn)}'`, names));
  }
  if (found.lastStatus === "STOPPED") return never(containerStopped(found));
  if (found.lastStatus !== "RUNNING") return progress(task, found);
  switch (found.execAgent?.status) {
    case "RUNNING":
      return { kind: "ready" };
    case "STOPPED":
      return never(execAgentStopped(task, found));
    default:
      return { kind: "wait", why: AGENT_STARTS, near: true, isPulling: false };
  }
}

function never(failure: Failure): Verdict {
  return { kind: "never", failure };
}

function progress(task: Task, { name, image, lastStatus }: Container): Verdict {
  if (task.pullStartedAt !== undefined && task.pullStoppedAt === undefined) {
    const why = image === undefined ? "pulling the image" : `pulling image ${image}`;
    return { kind: "wait", why, near: false, isPulling: true };
  }
  const why =
    task.lastStatus === "RUNNING" ? `container '${name}' is ${lastStatus}` : `task is ${task.lastStatus}`;
  return { kind: "wait", why, near: false, isPulling: false };
}

function containerStopped({ name, exitCode, reason }: Container): Failure {
  return new Failure("container-stopped", {
    failed: `The container '${name}' has stopped, while its task runs on.`,
    seen: `Its exit code is ${exitCode ?? "not known"}${reason ? `, reason: ${reason}` : ""}.`,
    advice: "See the container's own log, or name another container of the task with the input 'container'.",
  });
}
