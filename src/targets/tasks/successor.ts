import type { Task } from "../../aws/task.ts";
import type { ResolveContext } from "../resolve-context.ts";
import type { ServiceCandidates } from "./service-candidates.ts";
import { describeServiceTasks } from "./service-tasks.ts";

/** How long to wait for the successor of a task, and how often to look for it, in milliseconds. */
const SUCCESSOR_WITHIN = 60_000;
const LOOK_EVERY = 2_000;

/**
 * Waits up to a minute for a task of the service that no job of this run has taken. For a job that tries out a revision the task is of the same deployment. When
 * the minute is over, a step with one job gets a task that it has passed by before, unless that is `lost`, the task that has failed. Without `lost`, and for several
 * jobs, the result is undefined.
 */
export async function waitForSuccessor(
  tasks: ServiceCandidates,
  { ecs, inputs, revision, clock, signal }: ResolveContext,
  lost?: string,
): Promise<Task | undefined> {
  const until = clock.now() + SUCCESSOR_WITHIN;
  for (;;) {
    const found = await describeServiceTasks(
      { cluster: tasks.cluster, service: tasks.service, revision },
      ecs,
    );
    const serving = revision === undefined ? found : tasks.ofSameDeployment(found);
    const next = tasks.takeSuccessor(serving, inputs.container);
    if (next !== undefined) return next;
    if (clock.now() + LOOK_EVERY > until)
      return lost === undefined ? undefined : tasks.takeAgain(serving, inputs.container, lost);
    await clock.sleep(LOOK_EVERY, signal);
  }
}
