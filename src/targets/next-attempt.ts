import { lastPart } from "./arn.ts";
import type { Candidates } from "./candidates.ts";
import type { ResolveContext } from "./resolve-context.ts";
import type { Target } from "./target.ts";
import { findTarget } from "./tasks/find-target.ts";
import { waitForSuccessor } from "./tasks/successor.ts";

/** How the task of an attempt ended, and what that means for the next attempt. */
export interface AttemptEnd {
  /** The task, or its container, is gone. */
  readonly isGone: boolean;
  /** Fargate Spot took the task back, or Fargate had no capacity for it. */
  readonly isSpot: boolean;
  /** The script may still run in this task and must not run twice at once, so the task has to stop before the next attempt. */
  readonly mustStopFirst: boolean;
}

export interface NextAttemptContext extends ResolveContext {
  /** Asked once a task that has to stop first has stopped: whether the next attempt still has something to do. */
  readonly isNeeded: () => boolean;
}

/**
 * The target of the next attempt. A task that the step started is stopped and replaced. A service's task that is gone is replaced by its
 * successor, or by one that the job has passed by. Any other task that still runs is used again. Undefined when there is no such target, or
 * when the script may still run in a task that has not stopped, or when the next attempt has nothing to do.
 */
export async function findNextTarget(
  last: Target,
  { isGone, isSpot, mustStopFirst }: AttemptEnd,
  candidates: Candidates,
  { isNeeded, ...context }: NextAttemptContext,
): Promise<Target | undefined> {
  switch (candidates.kind) {
    case "new":
      return await candidates.launcher.replaceForRetry(last, { onDemand: isSpot, mustStopFirst, isNeeded });
    case "none":
      return isGone ? undefined : last;
    case "service": {
      if (!isGone) return last;
      const next = await waitForSuccessor(candidates, context, last.taskArn);
      if (next === undefined) return undefined;
      context.log.info(
        `The next attempt runs in task ${lastPart(next.arn)} of service '${candidates.service}'.`,
      );
      return await findTarget(next, context);
    }
  }
}
