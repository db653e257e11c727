/** The failures of sharing a container. */
import { Failure } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";

/** The exec agent runs two sessions of a container at once, and queues one more; a fourth one blocks it for good. */
export const FEW_AT_ONCE = 2;

/**
 * Fails with `bucket-needed` for a matrix that runs more jobs at once in a running task than its container takes sessions, unless a bucket
 * orders them.
 */
export function checkBucketIsGiven({
  bucket,
  matrix,
  where,
}: Pick<Inputs, "bucket" | "matrix" | "where">): void {
  const isRunning = where.kind === "task" || where.kind === "service";
  if (bucket !== undefined || !isRunning || matrix === undefined || matrix.atOnce <= FEW_AT_ONCE) return;
  const own = "give each job a task of its own ('start: true', 'image', 'task-definition')";
  throw new Failure("bucket-needed", {
    failed:
      "This matrix needs a bucket: its jobs may meet in a container, and wait for each other only in a bucket.",
    seen:
      `Up to ${matrix.atOnce} of its ${matrix.total} jobs run at once. A container runs ${FEW_AT_ONCE} sessions of ECS Exec at once, and ` +
      "one too many blocks it for good.",
    advice: {
      workflow:
        `Name a bucket in 'bucket', set 'strategy.max-parallel' to ${FEW_AT_ONCE}, or ${own}. ` +
        "If no two jobs name the same container, set 'matrix' to an empty text.",
      program: `Name a bucket in 'bucket', let ${FEW_AT_ONCE} runs go at once, or ${own}. If no two runs name the same container, leave 'matrix' out.`,
    },
  });
}

/** `held` is as in "in use by session X since 12:00:00 UTC". */
export function containerBusy(container: string, taskId: string, seconds: number, held: string): Failure {
  return new Failure("container-busy", {
    failed: `Container '${container}' of task ${taskId} had no seat for this run${seconds > 0 ? ` within ${seconds} s` : ""}.`,
    seen: `It is ${held}. ECS Exec takes very few sessions at once in a container, so runs of fargate-exec queue for a seat.`,
    advice: {
      workflow:
        "Raise 'queue-timeout', let fewer jobs share a container ('strategy.max-parallel', 'concurrency'), or give each job " +
        "a task of its own ('start: true', 'task-definition').",
      program: "Raise 'queue-timeout', let fewer runs share a container, or give each run a task of its own.",
    },
  });
}
