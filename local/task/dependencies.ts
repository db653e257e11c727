import type { ContainerDependency } from "../ecs-shapes.ts";
import type { Container } from "./container.ts";

/** A container's dependency can't be met any more. The message becomes the task's stopped reason. */
export class UnmetDependency extends Error {}

/**
 * Starts the containers without a dependency one after the other, then each other container when its `dependsOn` is met. Resolves
 * with false when a container could not start. Rejects with `UnmetDependency`, or with the signal's reason.
 */
export async function startInOrder(
  containers: readonly Container[],
  start: (container: Container) => Promise<boolean>,
  signal: AbortSignal,
): Promise<boolean> {
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  stopped.catch(() => undefined);
  const isFree = ({ definition }: Container): boolean => (definition.dependsOn ?? []).length === 0;
  for (const container of containers.filter(isFree)) if (!(await start(container))) return false;
  const started = containers
    .filter((container) => !isFree(container))
    .map(async (container) => {
      const conditions = (container.definition.dependsOn ?? []).map((one) => waitFor(one, containers));
      await Promise.race([Promise.all(conditions), stopped]);
      return await start(container);
    });
  return (await Promise.all(started)).every(Boolean);
}

/** Resolves when the dependency is met. */
async function waitFor(
  { containerName, condition }: ContainerDependency,
  containers: readonly Container[],
): Promise<void> {
  const found = containers.find(({ definition }) => definition.name === containerName);
  if (found === undefined) throw new UnmetDependency(`There is no container ${containerName} to depend on.`);
  await found.running;
  switch (condition) {
    case "START":
      return;
    case "COMPLETE":
      await found.ended;
      return;
    case "SUCCESS": {
      const status = await found.ended;
      if (status !== 0)
        throw new UnmetDependency(`Container ${containerName} had to succeed, but ended with ${status}.`);
      return;
    }
    case "HEALTHY": {
      const health = await found.health?.known;
      if (health !== "HEALTHY")
        throw new UnmetDependency(`Container ${containerName} had to be healthy, but is not.`);
    }
  }
}
