import type { RegistrableDefinition, TaskDefinition } from "../../aws/task-definition.ts";
import { AccessDenied, Failure } from "../../errors.ts";
import type { NewTaskSource, StartInputs } from "../../inputs/inputs.ts";
import { chooseContainer } from "../choose-container.ts";
import {
  type DefinitionContext,
  type DefinitionSource,
  sharedContext,
  readUserDefinition,
  withImage,
} from "./definition-source.ts";
import {
  type Hold,
  makeHeldDefinition,
  isHealthAwaited,
  isRestarted,
  needsEntryPoint,
  refuseAwaited,
} from "./held-definition.ts";
import { makeImageDefinition, imageOf, withoutDefined } from "./image.ts";
import { findOrRegisterDefinition } from "./own-definition.ts";
import { refuseWindows } from "../windows.ts";

/** The task definition that a new task is started from, and how it is started. */
export interface LaunchDefinition {
  readonly definition: TaskDefinition;
  readonly container: string;
  /** The inputs for RunTask: those that the definition does not hold. */
  readonly start: StartInputs;
  readonly hold: Hold | undefined;
  /** The user's registered revision that this is, or is made from, by its ARN; undefined when there is none. */
  readonly revision: string | undefined;
  /** The tags of the user's definition, when the task is started from a copy of it; else undefined. */
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** The definition to try next, when RunTask has refused this one with `failure`; undefined when there is none. */
  readonly otherwise: (failure: Failure) => Promise<LaunchDefinition | undefined>;
}

/** Where a task definition comes from. The service's own definition is already resolved to its name here. */
export type LaunchSource =
  | Extract<NewTaskSource, { kind: "image" }>
  | {
      readonly kind: "definition";
      /** A family, `family:revision`, an ARN, or the path of a file in the workspace. */
      readonly reference: string;
      /** What takes the place of the container's image; undefined: nothing does. */
      readonly image: string | undefined;
    };

/** `reuse: false` takes no revision of the action's own that is registered already. */
interface ReuseOption {
  readonly reuse: boolean;
}

/**
 * Decides on the task definition of a new task, its container, and how the container is held. Registers a definition
 * when that is needed.
 */
export async function chooseDefinition(
  of: LaunchSource,
  start: StartInputs,
  context: DefinitionContext,
): Promise<LaunchDefinition> {
  if (of.kind === "image") return await chooseImageDefinition(of, start, context, { reuse: true });
  const users = await readUserDefinition(of.reference, context);
  refuseWindows(users.known.operatingSystem, users.subject);
  const container = chooseContainer(context.container, users.known.containers, users.name);
  const source =
    of.image === undefined ? users : replaceImage(users, { image: of.image, container }, context);
  const commands = (start.overrides["containerOverrides"] ?? []) as readonly RegistrableDefinition[];
  const isReplaced = commands.some(({ name, command }) => name === container && command !== undefined);
  if (!start.hold || isReplaced) return await useSourceAsIs(source, { container, start, hold: undefined });
  refuseAwaited(source.known, container, source.name);
  if (!needsEntryPoint(source.known, container))
    return await useSourceAsIs(source, { container, start, hold: { by: "entry-point" } });
  return await holdDefinition(source, container, start, context, { reuse: true });
}

function replaceImage(
  source: DefinitionSource,
  by: { readonly image: string; readonly container: string },
  context: DefinitionContext,
): DefinitionSource {
  const before = imageOf(source.known, by.container) ?? "none";
  tellUnread(source, context.log);
  context.log.info(
    `All of ${source.name} is used but the image of container '${by.container}': ${by.image} in place of ${before}.`,
  );
  return withImage(source, by, context);
}

/** For an image alone: an equal definition that another run has registered, else a new one. */
async function chooseImageDefinition(
  of: Extract<LaunchSource, { kind: "image" }>,
  start: StartInputs,
  context: DefinitionContext,
  { reuse }: ReuseOption,
): Promise<LaunchDefinition> {
  const name = `image '${of.image}'`;
  const wanted = makeImageDefinition(of, start, context.container);
  const definition = await findOrRegisterDefinition(
    wanted,
    name,
    { reuse, tags: undefined },
    sharedContext(context),
  );
  return {
    definition,
    container: chooseContainer(context.container, definition.containers, name),
    start: withoutDefined(start),
    hold: start.hold ? { by: "entry-point" } : undefined,
    revision: undefined,
    tags: undefined,
    otherwise: async (failure) =>
      isDeregistered(failure) ? await chooseImageDefinition(of, start, context, { reuse: false }) : undefined,
  };
}

/** The source's own definition, without an entry point of the action's. */
async function useSourceAsIs(
  source: DefinitionSource,
  how: Pick<LaunchDefinition, "container" | "start" | "hold">,
  { reuse }: ReuseOption = { reuse: true },
): Promise<LaunchDefinition> {
  return {
    ...how,
    definition: await source.registered({ reuse }),
    revision: source.revision,
    tags: source.isOwn ? source.known.tags : undefined,
    otherwise: async (failure) =>
      source.isOwn && isDeregistered(failure)
        ? await useSourceAsIs(source, how, { reuse: false })
        : undefined,
  };
}

/** Holds the container by the action's own entry point, else by the command alone, and then says so in the log. */
async function holdDefinition(
  source: DefinitionSource,
  container: string,
  start: StartInputs,
  context: DefinitionContext,
  { reuse }: ReuseOption,
): Promise<LaunchDefinition> {
  const byCommand = async (refusal: Failure): Promise<LaunchDefinition> => {
    const hold = { by: "command", because: refusal.failed } as const;
    const launch = await useSourceAsIs(source, { container, start, hold });
    context.log.info(heldByCommand(source, container, refusal));
    return launch;
  };
  const wanted = makeHeldDefinition(source.known, container);
  if (!source.isOwn && reuse) tellUnread(source, context.log);
  const tags = source.isOwn ? source.known.tags : undefined;
  let definition: TaskDefinition;
  try {
    definition = await findOrRegisterDefinition(wanted, source.name, { reuse, tags }, sharedContext(context));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return await byCommand(error);
  }
  return {
    definition,
    container,
    start,
    hold: { by: "entry-point" },
    revision: source.revision,
    tags: source.known.tags,
    otherwise: async (failure) => {
      if (isDeregistered(failure))
        return await holdDefinition(source, container, start, context, { reuse: false });
      const isOfFamily = failure instanceof AccessDenied && failure.action === "ecs:RunTask";
      return isOfFamily ? await byCommand(failure) : undefined;
    },
  };
}

/** Says in the log what the copy of a definition lacks, because this SDK does not know it. */
function tellUnread({ name, unread }: DefinitionSource, log: DefinitionContext["log"]): void {
  if (unread.length === 0) return;
  log.info(
    `The task starts from a copy of ${name} without ${unread.slice(0, 5).join(", ")}, which this version of the action does not know. ` +
      "Without 'image', 'hold: false' starts it from the definition itself.",
  );
}

/** Whether the definition is not there any more: another run may have deregistered it since it was looked at. */
function isDeregistered({ code }: Failure): boolean {
  return code === "task-definition-not-found";
}

/** Whether the right to register is missing, or ECS no longer takes a definition of this form. */
function isRefusal(error: unknown): error is Failure {
  return error instanceof Failure && (error.code === "access-denied" || error.code === "aws-error");
}

function heldByCommand(source: DefinitionSource, container: string, refusal: Failure): string {
  const health = isHealthAwaited(source.known, container)
    ? " Its health check stays, and another container waits for that."
    : "";
  const restart = isRestarted(source.known, container)
    ? " Its restart policy stays, and ECS starts the container again when the hold ends: the task of a lost run does not end by itself."
    : "";
  return (
    `Container '${container}' is held by its command alone, which works unless its image has an ENTRYPOINT that runs no command: ` +
    `a task definition with an entry point of fargate-exec can't be used. ${refusal.failed}${health}${restart}`
  );
}
