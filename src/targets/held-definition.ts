import type { RegistrableDefinition, TaskDefinition } from "../aws/task-definition.ts";
import { Failure } from "../errors.ts";
import { FAMILY_PREFIX, ownFamily } from "./family.ts";
import { isShell } from "./hold-command.ts";
import { without } from "./normal-form.ts";

/** How a container that this run has started is kept alive. */
export type Hold =
  /** By an entry point of its task definition, which is a shell. */
  | { readonly by: "entry-point" }
  /** By a command alone, which the image's ENTRYPOINT gets as arguments; `because` is why there is no entry point. */
  | { readonly by: "command"; readonly because: string };

type Members = Readonly<Record<string, unknown>>;

/** Passes in any container that can be held, every five seconds, which is as often as ECS looks. */
const PASSING = { command: ["CMD-SHELL", "exit 0"], interval: 5, timeout: 5, retries: 3 };

/**
 * Whether the hold command works only with an entry point and a health check of our own. The ENTRYPOINT of the image
 * can't be seen, so it works without them only where the definition itself has a shell as its entry point, and where no
 * container waits for the health of this one.
 */
export function needsEntryPoint(definition: TaskDefinition, container: string): boolean {
  const held = definition.containers.find(({ name }) => name === container);
  return !isShell(held?.entryPoint ?? []) || waitsForHealth(definition, container);
}

export function waitsForHealth({ containers }: TaskDefinition, container: string): boolean {
  return containers.some(({ waitsFor }) =>
    waitsFor.some((one) => one.container === container && one.condition === "HEALTHY"),
  );
}

/** A held container ends with the task, so a container that waits for its end would never start. */
export function refuseAwaited({ containers }: TaskDefinition, container: string, owner: string): void {
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
 * The definition with a shell as the entry point of this container, an init, and a health check that passes where it
 * has one; all else is copied. It has no restart policy: that would start the container again when the hold ends.
 */
export function heldDefinition(
  { family, registrable }: Pick<TaskDefinition, "family" | "registrable">,
  container: string,
): RegistrableDefinition & { readonly family: string } {
  const whole = without(registrable, "tags");
  const containers = (whole["containerDefinitions"] ?? []) as readonly Members[];
  const definition = {
    ...whole,
    containerDefinitions: containers.map((one) =>
      one["name"] === container ? held(one, whole["pidMode"] === "task") : one,
    ),
  };
  return { ...definition, family: ownFamily(`${family.replace(FAMILY_PREFIX, "")}-held`, definition) };
}

/** An init is no use in a task whose containers share their processes: there PID 1 belongs to no container. */
function held(container: Members, sharesProcesses: boolean): Members {
  return {
    ...without(container, "restartPolicy"),
    entryPoint: ["sh", "-c"],
    ...(container["healthCheck"] !== undefined && { healthCheck: PASSING }),
    ...(!sharesProcesses && {
      linuxParameters: { ...(container["linuxParameters"] as Members | undefined), initProcessEnabled: true },
    }),
  };
}
