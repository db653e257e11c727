/** What keeps a session out of a container, in the words of `Failure`. */
import { Failure } from "../errors.ts";

/** `held` says by whom and since when. */
export function containerBusy(container: string, taskArn: string, seconds: number, held: string): Failure {
  return new Failure("container-busy", {
    failed: `Container '${container}' of task ${taskArn} had no place for this run${seconds > 0 ? ` within ${seconds} s` : ""}.`,
    seen: `It is ${held}. ECS Exec takes very few sessions at once in a container, so runs of this action queue for a place.`,
    advice:
      "Raise 'start-timeout', let fewer jobs share a container ('strategy.max-parallel', 'concurrency'), or give each job " +
      "a task of its own ('start: true', 'task-definition').",
  });
}
