import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { rootFileSystem, whyNoImages } from "../../local/images/root.ts";
import type { Task } from "../../local/task/task.ts";
import type { Aws } from "./local.ts";
import { withNeed } from "./needs.ts";

/**
 * `describe` for tests that need images with root file systems of their own. It skips them, with the reason, when
 * images can't be built.
 */
export const describeImages = withNeed(describe, "images", whyNoImages());

/** Time for a hook that builds images on a machine without any. */
export const BUILD_TIME = 600_000;

/** Builds the images that are missing, by their names in task definitions. */
export async function buildImages(images: readonly string[]): Promise<void> {
  for (const image of new Set(images))
    if (image.startsWith("local/")) await rootFileSystem(image.slice("local/".length));
}

/** A running task with one container of this image, `app`. `logged`: on the cluster that logs its sessions. */
export async function taskOf(
  aws: Aws,
  image: string,
  { logged = false, ...more }: Partial<ContainerDefinition> & { logged?: boolean } = {},
): Promise<Task> {
  const family = image.replaceAll(/[^\w-]+/g, "-");
  const container = { name: "app", image, essential: true, command: ["sleep", "600"], ...more };
  const { cluster, loggedCluster } = aws.world.made;
  return aws.runningTask(await aws.register(family, [container]), logged ? loggedCluster : cluster);
}

/** Runs all, at most `atOnce` at a time, and returns the results in order. */
export async function inTurn<T, R>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [at, item] of waiting) results[at] = await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
