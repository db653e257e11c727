import type { RegistrableDefinition } from "../aws/task-definition.ts";
import type { StartInputs } from "../inputs/inputs.ts";
import { ownFamily } from "./family.ts";

/** The name of the only container, unless the input `container` gives it another. */
const IMAGE_CONTAINER = "app";

/** The most MiB of memory for each number of CPU units (AWS: "Task size"). The least is twice the units. */
const MOST_MEMORY: readonly (readonly [number, number])[] = [
  [256, 2_048],
  [512, 4_096],
  [1_024, 8_192],
  [2_048, 16_384],
  [4_096, 30_720],
  [8_192, 61_440],
  [16_384, 122_880],
];

/** A task definition with this image in its one container. */
export function imageDefinition(
  image: string,
  start: StartInputs,
  container: string | undefined,
): RegistrableDefinition & { readonly family: string } {
  const definition = {
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    ...size(start),
    ...(start.ephemeralStorage !== undefined && { ephemeralStorage: { sizeInGiB: start.ephemeralStorage } }),
    ...(start.taskRole !== undefined && { taskRoleArn: start.taskRole }),
    ...(start.executionRole !== undefined && { executionRoleArn: start.executionRole }),
    containerDefinitions: [
      {
        name: container ?? IMAGE_CONTAINER,
        image,
        essential: true,
        // An ENTRYPOINT of the image might not run the hold command.
        ...(start.hold && { entryPoint: ["sh", "-c"] }),
        // The init process reaps the orphans of the job and of the exec agent.
        linuxParameters: { initProcessEnabled: true },
      },
    ],
  };
  const name = /([^/]*?)(:[^/]*)?(@.*)?$/.exec(image)?.[1] ?? "";
  return { family: ownFamily(name, definition), ...definition };
}

/** The inputs without those that the definition holds, so that they don't become overrides too. */
export function withoutDefined(start: StartInputs): StartInputs {
  const defined = ["cpu", "memory", "ephemeralStorage", "taskRole", "executionRole"] as const;
  return { ...start, ...Object.fromEntries(defined.map((name) => [name, undefined])) };
}

/** The smallest size of Fargate that fits the inputs; 256 units and 512 MiB without any. */
function size({ cpu, memory }: StartInputs): { readonly cpu: string; readonly memory: string } {
  const least = MOST_MEMORY.find(([, most]) => Number(memory ?? 0) <= most)?.[0] ?? 16_384;
  const units = Number(cpu ?? least);
  return { cpu: String(units), memory: memory ?? String(units * 2) };
}
