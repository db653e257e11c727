import { isUnreadableDefinition } from "../../aws/missing.ts";
import type { Task } from "../../aws/task.ts";
import { Failure } from "../../errors.ts";
import { lastPart } from "../arn.ts";
import { chooseContainer, isInjected } from "../choose-container.ts";
import type { ResolveContext } from "../resolve-context.ts";
import { type Target, targetOf } from "../target.ts";
import { refuseWindows } from "../windows.ts";

/**
 * The target in this task: the container that the inputs name, else the only one, else the first essential one. Fails
 * with `container-not-found`, `container-ambiguous` or `windows-task`.
 */
export async function findTarget(
  task: Task,
  context: Pick<ResolveContext, "inputs" | "ecs">,
): Promise<Target> {
  const named = context.inputs.container;
  const owner = `task '${lastPart(task.arn)}'`;
  refuseWindows(task.platformFamily, owner);
  const plain = task.containers.map(({ name }) => ({ name, essential: undefined }));
  if (named !== undefined || plain.filter(({ name }) => !isInjected(name)).length === 1) {
    return targetOf(task, chooseContainer(named, plain, owner), false);
  }
  // Only the task definition tells which containers are essential, and in which order its author has put them.
  const known = await context.ecs.describeTaskDefinition(task.taskDefinitionArn).catch((error: unknown) => {
    if (isUnreadableDefinition(error)) return error;
    throw error;
  });
  const container =
    known instanceof Failure
      ? chooseContainer(named, plain, owner, `Which of them is essential is not known. ${known.failed}`)
      : chooseContainer(named, known.containers, owner);
  return targetOf(task, container, false);
}
