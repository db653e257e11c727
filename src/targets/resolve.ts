import { newTasks } from "./new-tasks.ts";
import type { ResolveContext } from "./resolve-context.ts";
import type { JobTargets } from "./job-targets.ts";
import { namedTask, tasksOfService } from "./running-tasks.ts";

/** Finds the tasks and the container that the inputs name, or starts new tasks. */
export async function resolveTargets(context: ResolveContext): Promise<JobTargets> {
  const { where } = context.inputs;
  switch (where.kind) {
    case "task":
      return await namedTask(where.task, context);
    case "service":
      return await tasksOfService(where, context);
    case "new":
      return await newTasks(where, context);
  }
}
