import type { TaskSelection } from "../inputs/inputs.ts";
import { tellWhile } from "../waiting.ts";
import type { JobTargets } from "./job-targets.ts";
import { startNewTasks } from "./new-tasks.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { jobOfHandle, findNamedTask, findTasksOfService } from "./running-tasks.ts";

/** Finds the tasks and the container that the inputs name, or starts new tasks. Says every 30 s what it waits for. */
export async function resolveTargets(context: ResolveContext): Promise<JobTargets> {
  const { where } = context.inputs;
  const what = where.kind === "new" ? "ECS to start the task" : "ECS to describe the task";
  return await tellWhile(what, context, findOrStartTargets(where, context));
}

async function findOrStartTargets(where: TaskSelection, context: ResolveContext): Promise<JobTargets> {
  switch (where.kind) {
    case "handle":
      return jobOfHandle(where.handle);
    case "task":
      return await findNamedTask(where.task, context);
    case "service":
      return await findTasksOfService(where, context);
    case "new":
      return await startNewTasks(where, context);
  }
}
