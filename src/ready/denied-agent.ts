import type { Ecs } from "../aws/ecs.ts";
import type { Iam } from "../aws/iam.ts";
import type { Task } from "../aws/task.ts";
import { lookAt } from "./checks/check.ts";
import { type AgentAct, isAgentDenied } from "./checks/role.ts";

/**
 * True when the policies of the task's role prove that its exec agent can never connect, or never open a session. What the caller may not
 * read, or what IAM's simulator can't decide, proves nothing. Rejects for a cancel.
 */
export async function canNever(
  act: AgentAct,
  task: Task,
  container: string,
  { ecs, iam }: { readonly ecs: Pick<Ecs, "describeTaskDefinition">; readonly iam: Pick<Iam, "listDenied"> },
): Promise<boolean> {
  const look = await lookAt(ecs.describeTaskDefinition(task.taskDefinitionArn));
  const definition = "value" in look ? look.value : undefined;
  return await isAgentDenied(act, { task, container, definition }, task.arn, iam);
}
