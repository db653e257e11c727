import type { Ecs } from "../aws/ecs.ts";
import { taskNotFound } from "../aws/missing.ts";
import type { Task } from "../aws/task.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import { WaitLines } from "../waiting.ts";
import type { Target } from "../targets/target.ts";
import { verdict, type Verdict } from "./verdict.ts";

/**
 * The interval of looks. An account may call DescribeTasks twenty times a second, and all jobs of a matrix share
 * that.
 */
export const LOOK_EVERY = 2_000;
const JITTER = 500;

export interface WaitContext {
  readonly ecs: Pick<Ecs, "describeTask">;
  readonly clock: Clock;
  /** Say what is waited for. */
  readonly lines: WaitLines;
  readonly signal: AbortSignal | undefined;
  /** Returns a number from 0 up to 1. */
  readonly random?: () => number;
}

/**
 * Looks at the task at once and then about every two seconds, until its container takes a session or soon will;
 * `requestSession` waits for the rest. Fails with the verdict's failure, or at `deadline`
 * (milliseconds since the epoch) with `timed-out` and all that was seen. An abort throws its reason.
 */
export async function waitUntilReady(
  target: Pick<Target, "clusterArn" | "taskArn" | "taskId" | "container" | "started">,
  deadline: number,
  context: WaitContext,
): Promise<Task> {
  const { ecs, clock, lines, signal, random = Math.random } = context;
  const begun = clock.now();
  for (;;) {
    signal?.throwIfAborted();
    const task = await ecs.describeTask(target.clusterArn, target.taskArn);
    const now: Verdict = task === undefined ? unseen(target) : verdict(task, target.container);
    if (now.kind === "never") throw now.failure;
    lines.tell(now.kind === "ready" ? "task is ready" : now.why);
    if (task !== undefined && (now.kind === "ready" || now.near)) return task;
    const pause = LOOK_EVERY + random() * JITTER;
    if (clock.now() + pause > deadline) {
      const isPulling = now.kind === "wait" && now.isPulling;
      throw tooSlow(target, { seconds: (deadline - begun) / 1000, seen: lines.seen, isPulling });
    }
    await clock.sleep(pause, signal);
  }
}

/**
 * The verdict on a task that ECS does not describe. A task that was just started may not be visible yet; any other
 * one does not exist.
 */
function unseen({ started, taskId, clusterArn }: Pick<Target, "started" | "taskId" | "clusterArn">): Verdict {
  if (started) return { kind: "wait", why: "task is not listed yet", near: false, isPulling: false };
  return { kind: "never", failure: taskNotFound(taskId, clusterArn, "ecs:DescribeTasks says MISSING.") };
}

function tooSlow(
  { taskId }: Pick<Target, "taskId">,
  {
    seconds,
    seen,
    isPulling,
  }: { readonly seconds: number; readonly seen: readonly string[]; readonly isPulling: boolean },
): Failure {
  return new Failure("timed-out", {
    failed: `The task ${taskId} was not ready within ${Math.round(seconds)} s.`,
    seen: `Seen: ${seen.join(", ")}.`,
    advice: isPulling
      ? "Raise 'start-timeout', or make the image smaller and keep it in ECR of the same region."
      : "Raise 'start-timeout' if the task is only slow; else look at its events in the ECS console.",
  });
}
