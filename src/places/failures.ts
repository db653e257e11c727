/** The failure of queueing for a container's place. */
import { Failure } from "../errors.ts";

/** `held` is as in "in use by session X since 12:00:00 UTC". */
export function containerBusy(container: string, taskArn: string, seconds: number, held: string): Failure {
  return new Failure("container-busy", {
    failed: `Container '${container}' of task ${taskArn} had no place for this run${seconds > 0 ? ` within ${seconds} s` : ""}.`,
    seen: `It is ${held}. ECS Exec takes very few sessions at once in a container, so runs of fargate-exec queue for a place.`,
    advice: {
      workflow:
        "Raise 'queue-timeout', let fewer jobs share a container ('strategy.max-parallel', 'concurrency'), or give each job " +
        "a task of its own ('start: true', 'task-definition').",
      program: "Raise 'queue-timeout', let fewer runs share a container, or give each run a task of its own.",
    },
  });
}
