import { lastPart } from "./arn.ts";
import type { Candidates } from "./candidates.ts";
import type { ResolveContext } from "./resolve-context.ts";
import type { Target } from "./target.ts";
import { findTarget } from "./tasks/find-target.ts";
import { waitForSuccessor } from "./tasks/successor.ts";

/** How the task of an attempt has ended. */
export interface AttemptEnd {
  /** The task, or its container, is gone. */
  readonly isGone: boolean;
  /** Fargate Spot has taken it. */
  readonly isSpot: boolean;
  /** The script may still run in its task, and is not to be run beside it. */
  readonly mayRun: boolean;
}

/**
 * The target in which a job is run again. A task that the step has started is stopped, and another one started; of a
 * service's task that is gone its successor is taken; a running task that is still there is taken again. Undefined
 * where there is none, and where the script may still run in a task that can't be stopped.
 */
export async function targetOfNextAttempt(
  last: Target,
  { isGone, isSpot, mayRun }: AttemptEnd,
  candidates: Candidates,
  context: ResolveContext,
): Promise<Target | undefined> {
  switch (candidates.kind) {
    case "new":
      return await candidates.launcher.replaceForRetry(last, { onDemand: isSpot, mayRun });
    case "none":
      return isGone ? undefined : last;
    case "service": {
      if (!isGone) return last;
      const next = await waitForSuccessor(candidates, context);
      if (next === undefined) return undefined;
      context.log.info(`Taking ${lastPart(next.arn)} of service '${candidates.service}'.`);
      return await findTarget(next, context);
    }
  }
}
