import type { Task } from "../../aws/task.ts";
import type { ResolveContext } from "../resolve-context.ts";
import type { ServiceCandidates } from "./service-candidates.ts";
import { describeServiceTasks } from "./service-tasks.ts";

/** How long to wait for the successor of a task, and how often to look for it, in milliseconds. */
const SUCCESSOR_WITHIN = 60_000;
const LOOK_EVERY = 2_000;

/**
 * A task of the service that no job of this run has taken, and of the same deployment for a job that tries out its revision. Undefined when there is none
 * within a minute.
 */
export async function waitForSuccessor(
  tasks: ServiceCandidates,
  { ecs, inputs, revision, clock, signal }: ResolveContext,
): Promise<Task | undefined> {
  const until = clock.now() + SUCCESSOR_WITHIN;
  for (;;) {
    const found = await describeServiceTasks(
      { cluster: tasks.cluster, service: tasks.service, revision },
      ecs,
    );
    const serving = revision === undefined ? found : tasks.ofSameDeployment(found);
    const next = tasks.takeSuccessor(serving, inputs.container);
    if (next !== undefined || clock.now() + LOOK_EVERY > until) return next;
    await clock.sleep(LOOK_EVERY, signal);
  }
}
