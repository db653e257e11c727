import {
  contentOf,
  type DefinitionContent,
  type RegistrableDefinition,
  type TaskDefinition,
} from "../aws/task-definition.ts";
import { AccessDenied, Failure } from "../errors.ts";
import type { NewTaskSource, StartInputs } from "../inputs/inputs.ts";
import { lastPart } from "./arn.ts";
import { chooseContainer } from "./choose.ts";
import { isDefinitionFile, readDefinitionFile } from "./definition-file.ts";
import {
  type Hold,
  heldDefinition,
  needsEntryPoint,
  refuseAwaited,
  waitsForHealth,
} from "./held-definition.ts";
import { imageDefinition, withoutDefined } from "./image.ts";
import {
  ownDefinition,
  type OwnDefinitionContext,
  register,
  type RegistrationContext,
} from "./own-definition.ts";
import { refuseWindows } from "./windows.ts";

export interface DefinitionContext extends RegistrationContext {
  /** The directory that a task definition's path is relative to. */
  readonly workspace: string;
  /** The input `container`. */
  readonly container: string | undefined;
  /** Makes the call while the ledger holds what has to be deregistered. `shared`: other jobs may use the revision. */
  readonly whileRegistering: (
    family: string,
    register: () => Promise<TaskDefinition>,
    shared: boolean,
  ) => Promise<TaskDefinition>;
}

/** The task definition that a new task is started from, and how it is started. */
export interface LaunchDefinition {
  readonly definition: TaskDefinition;
  readonly container: string;
  /** The inputs for RunTask: those that the definition does not hold. */
  readonly start: StartInputs;
  readonly hold: Hold | undefined;
  /** The tags of the user's definition, where the task is started from a copy of it; else undefined. */
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** The definition to try next, where RunTask has refused this one with `failure`; undefined where there is none. */
  readonly otherwise: (failure: Failure) => Promise<LaunchDefinition | undefined>;
}

/** The user's task definition, which a file may hold that is not registered yet. */
interface DefinitionSource {
  readonly known: DefinitionContent;
  /** As a message names it. */
  readonly name: string;
  /** As a sentence names it that begins with "The". */
  readonly subject: string;
  /** The registered definition; registers one that comes from a file. */
  readonly registered: () => Promise<TaskDefinition>;
}

/** Where a task definition comes from, once that of a service has its name. */
export type LaunchSource = Exclude<NewTaskSource, { kind: "service" }>;

/**
 * Decides on the task definition of a new task, its container, and how that is held. Registers a definition where
 * that is needed.
 */
export async function launchDefinition(
  of: LaunchSource,
  start: StartInputs,
  context: DefinitionContext,
): Promise<LaunchDefinition> {
  if (of.kind === "image") return await imageLaunch(of.image, start, context, { reuse: true });
  const source = isDefinitionFile(of.taskDefinition)
    ? await sourceOfFile(of.taskDefinition, context)
    : await describedSource(of.taskDefinition, context);
  refuseWindows(source.known.operatingSystem, source.subject);
  const container = chooseContainer(context.container, source.known.containers, source.name);
  const commands = (start.overrides["containerOverrides"] ?? []) as readonly RegistrableDefinition[];
  const replaced = commands.some(({ name, command }) => name === container && command !== undefined);
  const plain = { container, start, tags: undefined, otherwise: () => Promise.resolve(undefined) };
  if (!start.hold || replaced) return { ...plain, definition: await source.registered(), hold: undefined };
  refuseAwaited(source.known, container, source.name);
  if (!needsEntryPoint(source.known, container))
    return { ...plain, definition: await source.registered(), hold: { by: "entry-point" } };
  return await held(source, container, start, context, { reuse: true });
}

/** For an image: an equal definition that another run has registered, else a new one. */
async function imageLaunch(
  image: string,
  start: StartInputs,
  context: DefinitionContext,
  { reuse }: { readonly reuse: boolean },
): Promise<LaunchDefinition> {
  const wanted = imageDefinition(image, start, context.container);
  const definition = await ownDefinition(wanted, `image '${image}'`, { reuse }, shared(context));
  return {
    definition,
    container: chooseContainer(context.container, definition.containers, `image '${image}'`),
    start: withoutDefined(start),
    hold: start.hold ? { by: "entry-point" } : undefined,
    tags: undefined,
    // Another run may have deregistered the definition since.
    otherwise: async ({ code }) =>
      code === "task-definition-not-found"
        ? await imageLaunch(image, start, context, { reuse: false })
        : undefined,
  };
}

/** Holds the container by the action's own entry point, else by the command alone, which the log says. */
async function held(
  source: DefinitionSource,
  container: string,
  start: StartInputs,
  context: DefinitionContext,
  { reuse }: { readonly reuse: boolean },
): Promise<LaunchDefinition> {
  const byCommand = async (refusal: Failure): Promise<LaunchDefinition> => {
    const definition = await source.registered();
    context.log.info(overridden(source, container, refusal));
    const hold = { by: "command", because: refusal.failed } as const;
    const otherwise = (): Promise<undefined> => Promise.resolve(undefined);
    return { definition, container, start, hold, tags: undefined, otherwise };
  };
  const wanted = heldDefinition(source.known, container);
  let definition: TaskDefinition;
  try {
    definition = await ownDefinition(wanted, source.name, { reuse }, shared(context));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return await byCommand(error);
  }
  return {
    definition,
    container,
    start,
    hold: { by: "entry-point" },
    tags: source.known.tags,
    otherwise: async (failure) => {
      if (failure.code === "task-definition-not-found")
        return await held(source, container, start, context, { reuse: false });
      const isOfFamily = failure instanceof AccessDenied && failure.action === "ecs:RunTask";
      return isOfFamily ? await byCommand(failure) : undefined;
    },
  };
}

/** The right to register is missing, or ECS no longer takes a definition of this form. */
function isRefusal(error: unknown): error is Failure {
  return error instanceof Failure && (error.code === "access-denied" || error.code === "aws-error");
}

function overridden(source: DefinitionSource, container: string, refusal: Failure): string {
  const health = waitsForHealth(source.known, container)
    ? " Its health check stays, and another container waits for that."
    : "";
  return (
    `Container '${container}' is held by its command alone, which works unless its image has an ENTRYPOINT that runs no command: ` +
    `a task definition with an entry point of this action can't be used. ${refusal.failed}${health}`
  );
}

function shared(context: DefinitionContext): OwnDefinitionContext {
  return {
    ...context,
    whileRegistering: (family, register) => context.whileRegistering(family, register, true),
  };
}

async function describedSource(reference: string, { ecs }: DefinitionContext): Promise<DefinitionSource> {
  const known = await ecs.describeTaskDefinition(reference);
  const name = `task definition '${lastPart(known.arn)}'`;
  return { known, name, subject: name, registered: () => Promise.resolve(known) };
}

async function sourceOfFile(path: string, context: DefinitionContext): Promise<DefinitionSource> {
  const read = await readDefinitionFile(path, context.workspace);
  const { tags, ...definition } = read;
  return {
    // ECS checks the definition when it is registered, so its type is not checked here.
    known: contentOf(definition, tags as Parameters<typeof contentOf>[1]),
    name: `'${path}'`,
    subject: `file '${path}'`,
    registered: () =>
      register(read, `'${path}'`, {
        ...context,
        whileRegistering: (family, registering) => context.whileRegistering(family, registering, false),
      }),
  };
}
