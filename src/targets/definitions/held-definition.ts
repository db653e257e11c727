import type { RegistrableDefinition, DefinitionContent } from "../../aws/task-definition.ts";
import { Failure } from "../../errors.ts";
import { FAMILY_PREFIX, ownFamily } from "./family.ts";
import { isShell } from "./hold-command.ts";
import { without } from "./normal-form.ts";

/** How the container of a task that this run has started is kept alive. */
export type Hold =
  /** By the entry point of its task definition, which is a shell. */
  | { readonly by: "entry-point" }
  /** By a command alone, which the image's ENTRYPOINT gets as arguments; `because` is why there is no entry point. */
  | { readonly by: "command"; readonly because: string };

type Members = Readonly<Record<string, unknown>>;

/** A health check that passes in any container with a shell. Five seconds is the shortest interval of ECS. */
const PASSING = { command: ["CMD-SHELL", "exit 0"], interval: 5, timeout: 5, retries: 3 };

/**
 * Whether the hold command needs a definition with the action's own entry point and health check. No API shows the
 * ENTRYPOINT of an image. So the command works without them only when the definition itself sets a shell as the
 * entry point, no container waits for the health of this one, and ECS does not start this one again when the hold ends.
 */
export function needsEntryPoint(definition: DefinitionContent, container: string): boolean {
  const heldContainer = definition.containers.find(({ name }) => name === container);
  return (
    !isShell(heldContainer?.entryPoint ?? []) ||
    isHealthAwaited(definition, container) ||
    isRestarted(definition, container)
  );
}

/** Whether ECS starts this container again when its command ends. */
export function isRestarted({ registrable }: DefinitionContent, container: string): boolean {
  const containers = (registrable["containerDefinitions"] ?? []) as readonly Members[];
  const held = containers.find(({ name }) => name === container);
  return (held?.["restartPolicy"] as Members | undefined)?.["enabled"] === true;
}

/** Whether another container starts only when this one is healthy. */
export function isHealthAwaited({ containers }: DefinitionContent, container: string): boolean {
  return containers.some(({ waitsFor }) =>
    waitsFor.some((one) => one.container === container && one.condition === "HEALTHY"),
  );
}

/**
 * Fails with `hold-awaited` when another container waits for the end of the held one. The held one ends with the task, so
 * the other one would never start.
 */
export function refuseAwaited({ containers }: DefinitionContent, container: string, owner: string): void {
  for (const { name, waitsFor } of containers) {
    const end = waitsFor.find(
      (one) => one.container === container && /^(COMPLETE|SUCCESS)$/.test(one.condition),
    );
    if (end === undefined) continue;
    throw new Failure("hold-awaited", {
      failed: `Input 'hold' can't keep container '${container}' of ${owner} alive: another container waits for its end.`,
      seen: `Container '${name}' has dependsOn '${container}' with condition ${end.condition}, so it never starts while the job runs. No task was started.`,
      advice:
        "Set 'hold: false' if the container lasts as long as the job does, name another container in 'container', or use a task definition without this dependency.",
    });
  }
}

/**
 * A copy of the definition in which this container has a shell as entry point and an init process. A health check of the
 * container becomes one that passes. The copy drops a restart policy, which would start the container again when the
 * hold ends.
 */
export function makeHeldDefinition(
  { family, registrable }: DefinitionContent,
  container: string,
): RegistrableDefinition & { readonly family: string } {
  const whole = without(registrable, "tags");
  const containers = (whole["containerDefinitions"] ?? []) as readonly Members[];
  const definition = {
    ...whole,
    containerDefinitions: containers.map((one) =>
      one["name"] === container ? copyForHold(one, whole["pidMode"] === "task") : one,
    ),
  };
  const name = [...(family === undefined ? [] : [family.replace(FAMILY_PREFIX, "")]), "held"];
  return { ...definition, family: ownFamily(name.join("-"), definition) };
}

/** In a task whose containers share their processes no init process is set: there PID 1 belongs to no container. */
function copyForHold(container: Members, sharesProcesses: boolean): Members {
  return {
    ...without(container, "restartPolicy"),
    entryPoint: ["sh", "-c"],
    ...(container["healthCheck"] !== undefined && { healthCheck: PASSING }),
    ...(!sharesProcesses && {
      linuxParameters: { ...(container["linuxParameters"] as Members | undefined), initProcessEnabled: true },
    }),
  };
}
