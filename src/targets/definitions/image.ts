import type { DefinitionContent, RegistrableDefinition } from "../../aws/task-definition.ts";
import { leastUnits } from "../../inputs/fargate-size.ts";
import type { Architecture, StartInputs } from "../../inputs/inputs.ts";
import { isForFargate } from "../../inputs/start.ts";
import { FAMILY_PREFIX, ownFamily } from "./family.ts";
import { without } from "./normal-form.ts";

/** The name of the only container, unless the input `container` gives it another. */
const IMAGE_CONTAINER = "app";

type Members = Readonly<Record<string, unknown>>;

/** A task definition with this image in its one container. */
export function makeImageDefinition(
  { image, architecture }: { readonly image: string; readonly architecture: Architecture | undefined },
  start: StartInputs,
  container: string | undefined,
): RegistrableDefinition & { readonly family: string } {
  const definition = {
    networkMode: "awsvpc",
    requiresCompatibilities: compatibilitiesOf(start),
    ...sizeOf(start),
    ...(architecture === "arm64" && {
      runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
    }),
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

/** What the definition has to fit. A capacity provider of instances has those of an Auto Scaling group or managed ones: its name tells neither. */
function compatibilitiesOf({ capacityProviders }: StartInputs): readonly string[] {
  return isForFargate({ capacityProviders }) ? ["FARGATE"] : ["EC2", "MANAGED_INSTANCES"];
}

/**
 * The definition with this image in place of the container's, in a family of the action's own. Nothing else differs, except
 * that it has no tags.
 */
export function replaceImage(
  { family, registrable }: DefinitionContent,
  image: string,
  container: string,
): RegistrableDefinition & { readonly family: string } {
  const whole = without(registrable, "family", "tags");
  const containers = (whole["containerDefinitions"] ?? []) as readonly Members[];
  const definition = {
    ...whole,
    containerDefinitions: containers.map((one) => (one["name"] === container ? { ...one, image } : one)),
  };
  return { ...definition, family: ownFamily((family ?? container).replace(FAMILY_PREFIX, ""), definition) };
}

/** The image of this container; undefined when the definition has none. */
export function imageOf({ containers }: DefinitionContent, container: string): string | undefined {
  return containers.find(({ name }) => name === container)?.image;
}

/** The inputs without those that the definition holds, so that they don't become overrides too. */
export function withoutDefined(start: StartInputs): StartInputs {
  const defined = ["cpu", "memory", "taskRole", "executionRole"] as const;
  return { ...start, ...Object.fromEntries(defined.map((name) => [name, undefined])) };
}

/** The smallest size of Fargate that fits the inputs; 256 units and 512 MiB without any. The least memory is twice the units. */
function sizeOf({ cpu, memory }: StartInputs): { readonly cpu: string; readonly memory: string } {
  const units = Number(cpu ?? leastUnits(Number(memory ?? 512)));
  return { cpu: String(units), memory: memory ?? String(units * 2) };
}
