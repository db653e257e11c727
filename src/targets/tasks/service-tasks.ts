import type { Ecs } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";

/** The tasks that the service has now. */
export async function describeServiceTasks(
  { cluster, service }: { readonly cluster: string; readonly service: string },
  ecs: Pick<Ecs, "listTasks" | "describeTasks">,
): Promise<readonly Task[]> {
  return await ecs.describeTasks(cluster, await ecs.listTasks(cluster, { service }));
}
