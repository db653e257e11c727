import { type Failure, StartStuck, TaskStopped } from "../errors.ts";
import { lastPart } from "./arn.ts";
import type { ServiceCandidates } from "./tasks/service-candidates.ts";
import type { Candidates } from "./candidates.ts";
import type { Launcher } from "./start/launcher.ts";
import type { ResolveContext } from "./resolve-context.ts";
import type { Target } from "./target.ts";
import { findTarget } from "./tasks/find-target.ts";
import { waitForSuccessor } from "./tasks/successor.ts";

/**
 * A replacement for a task in which the job can't start:
 * - the successor of a task that its service replaces,
 * - another task of the service for a task that is busy or takes no session,
 * - a task on demand for a task that Spot took away,
 * - another new task for one that makes no progress, that found no capacity or no address, or that AWS throttled.
 *
 * Undefined for any other failure, and when there is no other task. A replacement is itself replaced only when it is
 * busy, takes no session, finds no capacity or no address, or was throttled.
 */
export async function findReplacement(
  lost: Target,
  failure: Failure,
  candidates: Candidates,
  context: ResolveContext,
): Promise<Target | undefined> {
  switch (candidates.kind) {
    case "none":
      return undefined;
    case "service":
      return hasNoPlace(failure)
        ? await findNeighbour(lost, failure, candidates, context)
        : await findSuccessor(lost, failure, candidates, context);
    case "new":
      return await restartTask(lost, failure, candidates.launcher, context);
  }
}

/** Whether the container is in use, or its agent takes no more sessions. Nothing was started, so another task may serve. */
function hasNoPlace({ code }: Failure): boolean {
  return code === "container-busy" || code === "container-blocked";
}

async function findNeighbour(
  lost: Target,
  failure: Failure,
  tasks: ServiceCandidates,
  context: ResolveContext,
): Promise<Target | undefined> {
  if (failure.code === "container-blocked") tasks.block(lost.taskArn);
  const next = tasks.takeNext();
  if (next === undefined) return undefined;
  context.log.info(`${failure.failed} Trying task ${lastPart(next.arn)} of the service.`);
  return await findTarget(next, context);
}

async function findSuccessor(
  lost: Target,
  failure: Failure,
  tasks: ServiceCandidates,
  context: ResolveContext,
): Promise<Target | undefined> {
  if (!isReplaced(failure) || tasks.isSuccessor(lost.taskArn)) return undefined;
  context.log.info(
    `Service '${tasks.service}' replaces task ${lost.taskId} before the job has started; looking for another.`,
  );
  const next = await waitForSuccessor(tasks, context, lost.taskArn);
  if (next === undefined) return undefined;
  context.log.info(`The job runs in task ${lastPart(next.arn)} instead.`);
  return await findTarget(next, context);
}

/** Whether the task is gone or being replaced. ECS forgets a task about an hour after its end, and a job may wait longer than that. */
function isReplaced(failure: Failure): boolean {
  if (failure.code === "task-not-found") return true;
  return failure instanceof TaskStopped && failure.stopCode === "ServiceSchedulerInitiated";
}

async function restartTask(
  lost: Target,
  failure: Failure,
  launcher: Launcher,
  { log }: ResolveContext,
): Promise<Target | undefined> {
  if (failure instanceof StartStuck) {
    if (launcher.isReplacement(lost)) return undefined;
    log.info(`${failure.failed} It is stopped, and another one is started.`);
    return await launcher.replaceStuck(lost);
  }
  if (!(failure instanceof TaskStopped)) return undefined;
  if (failure.isForCapacity && launcher.canReplaceOnDemand(lost)) {
    log.info(
      `Fargate Spot took task ${lost.taskId} away before the job had started; starting it again, on demand.`,
    );
    return await launcher.replaceOnDemand();
  }
  const mayStartLater =
    failure.isThrottled ||
    failure.isForAddress ||
    (failure.isForCapacity && failure.code === "task-not-started");
  return mayStartLater ? await launcher.replaceLater(lost, failure.seen) : undefined;
}
