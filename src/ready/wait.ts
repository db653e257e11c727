import type { Ecs } from "../aws/ecs.ts";
import { taskNotFound } from "../aws/missing.ts";
import type { Task } from "../aws/task.ts";
import type { Clock } from "../clock.ts";
import { Failure, StartStuck } from "../errors.ts";
import { pauseAfter, WaitLines } from "../waiting.ts";
import type { Target } from "../targets/target.ts";
import { judgeTask, type Verdict } from "./verdict.ts";

/**
 * The interval of looks. An account may call DescribeTasks twenty times a second, and all jobs of a matrix share
 * that.
 */
export const LOOK_EVERY = 2_000;
/** The interval while AWS throttles the account. */
const LONGEST_PAUSE = 15_000;
const JITTER = 500;

export interface WaitContext {
  readonly ecs: Pick<Ecs, "describeTask">;
  readonly clock: Clock;
  /** Tells the log what the step waits for. */
  readonly lines: WaitLines;
  readonly signal: AbortSignal | undefined;
  /** For how long a task that does not run yet may make no progress, in milliseconds; undefined: until the deadline. */
  readonly stuckAfter?: number | undefined;
  /** Returns a number from 0 up to 1. */
  readonly random?: () => number;
}

/**
 * Looks at the task at once and then about every two seconds, until its container runs. The exec agent may still be
 * missing then: `requestSession` waits for it. Fails with the verdict's failure, with `StartStuck`, or at `deadline`
 * (milliseconds since the epoch) with `timed-out` and all that was seen. An abort throws its reason.
 */
export async function waitUntilReady(
  target: Pick<Target, "clusterArn" | "taskArn" | "taskId" | "container" | "started">,
  deadline: number,
  context: WaitContext,
): Promise<Task> {
  const { ecs, clock, lines, signal, stuckAfter = Infinity, random = clock.random.fraction } = context;
  const begun = clock.now();
  const progress = new Progress(clock);
  for (;;) {
    signal?.throwIfAborted();
    const asked = clock.now();
    const task = await ecs.describeTask(target.clusterArn, target.taskArn);
    const now: Verdict = task === undefined ? unseen(target) : judgeTask(task, target.container);
    if (now.kind === "never") throw now.failure;
    lines.tell(now.kind === "ready" ? "task is ready" : now.why);
    if (task !== undefined && (now.kind === "ready" || now.near)) return task;
    const still = progress.stillFor(task, now);
    if (still >= stuckAfter) throw stuck(target, { seconds: still / 1000, seen: lines.seen });
    const answered = clock.now();
    const jitter = random() * JITTER;
    if (answered + LOOK_EVERY + jitter > deadline) {
      const isPulling = now.kind === "wait" && now.isPulling;
      throw tooSlow(target, { seconds: (deadline - begun) / 1000, seen: lines.seen, isPulling });
    }
    const pause = pauseAfter(answered - asked, LOOK_EVERY, LONGEST_PAUSE) + jitter;
    await clock.sleep(Math.min(pause, deadline - answered), signal);
  }
}

/** Tells for how long a task has shown no progress on its way to RUNNING. */
class Progress {
  readonly #clock: Pick<Clock, "now">;
  #shown: string | undefined;
  #since: number;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** In milliseconds. 0 while the image is pulled, because ECS shows no progress of a pull. 0, too, once the task runs. */
  stillFor(task: Task | undefined, now: Verdict): number {
    const isPulling = now.kind === "wait" && now.isPulling;
    const shown = task === undefined ? "" : stagesOf(task);
    if (isPulling || task?.lastStatus === "RUNNING" || shown !== this.#shown) this.#since = this.#clock.now();
    this.#shown = shown;
    return this.#clock.now() - this.#since;
  }
}

function stagesOf({
  lastStatus,
  networkInterfaceId,
  pullStartedAt,
  pullStoppedAt,
  containers,
}: Task): string {
  const stages = containers.map((container) => container.lastStatus);
  return [lastStatus, networkInterfaceId, pullStartedAt, pullStoppedAt, ...stages].join();
}

function stuck(
  { taskId }: Pick<Target, "taskId">,
  { seconds, seen }: { readonly seconds: number; readonly seen: readonly string[] },
): Failure {
  return new StartStuck({
    failed: `The task ${taskId} made no progress for ${Math.round(seconds)} s before it ran.`,
    seen: `Seen: ${seen.join(", ")}.`,
  });
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
