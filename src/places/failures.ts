/** What keeps a session out of a container, in the words of `Failure`. */
import { Failure } from "../errors.ts";

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
