import type { RegistrableDefinition } from "../aws/task-definition.ts";
import type { StartInputs } from "../inputs/inputs.ts";
import { ownFamily } from "./family.ts";

/** The name of the only container, unless the input `container` gives it another. */
const IMAGE_CONTAINER = "app";

/** MiB that a task may have at the most, by its CPU units (AWS: "Task size"); each has at least twice its units. */
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
        // The image's own ENTRYPOINT might not run the command that keeps the container alive.
        ...(start.hold && { entryPoint: ["sh", "-c"] }),
        // Reaps what the job and the exec agent orphan.
        linuxParameters: { initProcessEnabled: true },
      },
    ],
  };
  const name = /([^/]*?)(:[^/]*)?(@.*)?$/.exec(image)?.[1] ?? "";
  return { family: ownFamily(name, definition), ...definition };
}

/** The inputs without those that are in the definition, so that these don't become overrides as well. */
export function withoutDefined(start: StartInputs): StartInputs {
  const defined = ["cpu", "memory", "ephemeralStorage", "taskRole", "executionRole"] as const;
  return { ...start, ...Object.fromEntries(defined.map((name) => [name, undefined])) };
}

/** The smallest size that has what the inputs ask for: 256 units and 512 MiB where they ask for nothing. */
function size({ cpu, memory }: StartInputs): { readonly cpu: string; readonly memory: string } {
  const least = MOST_MEMORY.find(([, most]) => Number(memory ?? 0) <= most)?.[0] ?? 16_384;
  const units = Number(cpu ?? least);
  return { cpu: String(units), memory: memory ?? String(units * 2) };
}
