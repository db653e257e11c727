import type { TaskDefinition } from "../aws/task-definition.ts";
import { Failure, type TaskStopped } from "../errors.ts";
import { FAMILY_PREFIX } from "../targets/definitions/family.ts";
import type { Target } from "../targets/target.ts";

/**
 * Whether the task stopped because this container's program ended by itself. A signal (exit code 128 and more) or the
 * end of another container does not show that the hold command failed.
 */
export function isHoldEnded({ stopCode, containers }: TaskStopped, container: string): boolean {
  const { exitCode } = containers.find(({ name }) => name === container) ?? {};
  if (stopCode !== "EssentialContainerExited" || exitCode === undefined || exitCode >= 128) return false;
  // When another container ends, ECS sends TERM, and the hold command ends with 0.
  return (
    exitCode !== 0 || containers.every(({ name, exitCode: code = 0 }) => name === container || code === 0)
  );
}

/** `because` says why the container did not get the action's own entry point. */
export function holdEnded(
  failure: TaskStopped,
  { container, taskId }: Pick<Target, "container" | "taskId">,
  because: string,
  definition: TaskDefinition | undefined,
): Failure {
  const exitCode = failure.containers.find(({ name }) => name === container)?.exitCode ?? "unknown";
  const own = definition?.containers.find(({ name }) => name === container);
  const log = own?.awslogs;
  const where =
    log === undefined
      ? "See the container's own log for its output."
      : `Its output is in log group '${log.group}', stream '${[log.streamPrefix, container, taskId].filter(Boolean).join("/")}'.`;
  return new Failure("hold-ended", {
    failed: `Input 'hold' could not keep container '${container}' of task ${taskId} alive: it ended with ${exitCode} before anything ran in it.`,
    seen: `The ENTRYPOINT of its image got the words of the hold command as arguments, and did not run them. It could not be replaced by an entry point of fargate-exec: ${because} ${failure.seen}`,
    advice:
      `Allow 'ecs:RegisterTaskDefinition', 'ecs:DeregisterTaskDefinition' and 'ecs:RunTask' on task definitions '${FAMILY_PREFIX}*' to the caller's role, ` +
      `with 'iam:PassRole' on the task's roles; or set 'entryPoint' to ["sh", "-c"] in the task definition; or 'hold: false'. ${where}`,
    cause: failure,
  });
}
