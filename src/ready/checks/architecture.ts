import type { Task } from "../../aws/task.ts";
import { type Check, check, passedCheck, skippedCheck } from "./check.ts";
import type { CheckFacts } from "./facts.ts";

const NAME = "architecture";

/**
 * Whether the image is for the processor of the task. Only the registry knows the image's architecture. But a container
 * that runs shows that the image fits, and many images have their architecture in their name.
 */
export function checkArchitecture({ task, container, definition }: CheckFacts): Check {
  if (isRunning(task, container)) return passedCheck(NAME, "the container's image runs");
  if (definition === undefined) return skippedCheck(NAME, "not known: the task definition may not be read");
  const own = definition.containers.find(({ name }) => name === container);
  const wanted = definition.architecture ?? "X86_64";
  const image = own?.image;
  if (image === undefined)
    return skippedCheck(NAME, "not known: the task definition names no image for the container");
  const named = architectureIn(image);
  if (named === undefined)
    return skippedCheck(
      NAME,
      `the task's is ${wanted}; the name of the image '${image}' does not tell its own`,
    );
  return check(
    NAME,
    named === wanted,
    `the task's is ${wanted}, and the image '${image}' is for ${named} by its name`,
    `Set 'runtimePlatform.cpuArchitecture' to ${named} in the task definition, or name an image for ${wanted}.`,
  );
}

function isRunning(task: Task | undefined, container: string): boolean {
  return (
    task?.containers.some(({ name, lastStatus }) => name === container && lastStatus === "RUNNING") === true
  );
}

function architectureIn(image: string): "ARM64" | "X86_64" | undefined {
  if (/(^|[^a-z0-9])(arm64(v8)?|aarch64)([^a-z0-9]|$)/i.test(image)) return "ARM64";
  if (/(^|[^a-z0-9])(amd64|x86[_-]64)([^a-z0-9]|$)/i.test(image)) return "X86_64";
  return undefined;
}
