import type { Ecs } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";

/** The tasks that the service has now. Calls `onListed` before it asks for more than their names. */
export async function describeServiceTasks(
  { cluster, service }: { readonly cluster: string; readonly service: string },
  ecs: Pick<Ecs, "listTasks" | "describeTasks">,
  onListed: () => void = () => undefined,
): Promise<readonly Task[]> {
  const arns = await ecs.listTasks(cluster, { service });
  onListed();
  return await ecs.describeTasks(cluster, arns);
}
