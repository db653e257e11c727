import type { Ecs } from "../../aws/ecs.ts";
import type { Clock } from "../../clock.ts";

/** How long a stopped task may still run: ECS sends KILL after `stopTimeout`, 120 s at most on Fargate. */
const STOPPED_WITHIN_MS = 150_000;
const LOOK_EVERY_MS = 3_000;

export interface StoppedContext {
  readonly ecs: Pick<Ecs, "describeTasks">;
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until ECS says that these tasks, which were told to stop, have stopped. False when it does not say so in time. */
export async function areStopped(
  tasks: readonly { readonly cluster: string; readonly taskArn?: string | undefined }[],
  { ecs, clock, signal }: StoppedContext,
): Promise<boolean> {
  const until = clock.now() + STOPPED_WITHIN_MS;
  for (const { cluster, taskArn } of tasks) {
    if (taskArn === undefined) continue;
    for (;;) {
      const [task] = await ecs.describeTasks(cluster, [taskArn]);
      if (task === undefined || task.lastStatus === "STOPPED") break;
      if (clock.now() >= until) return false;
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  }
  return true;
}
