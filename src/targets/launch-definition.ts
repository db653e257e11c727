import {
  taskDefinitionFrom,
  type RegistrableDefinition,
  type TaskDefinition,
} from "../aws/task-definition.ts";
import { AccessDenied, Failure } from "../errors.ts";
import type { NewTasks, StartInputs } from "../inputs/inputs.ts";
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
import { ownDefinition, type OwnDefinitionContext, register } from "./own-definition.ts";
import { refuseWindows } from "./windows.ts";

export interface DefinitionContext extends Omit<OwnDefinitionContext, "whileRegistering"> {
  /** The directory that a task definition's path is relative to. */
  readonly workspace: string;
  /** The input `container`. */
  readonly container: string | undefined;
  /** Makes the call with a record of what has to be deregistered; `shared`: other jobs may use the revision. */
  readonly whileRegistering: (
    family: string,
    register: () => Promise<TaskDefinition>,
    shared: boolean,
  ) => Promise<TaskDefinition>;
}

/** The task definition that a new task is started of, and how. */
export interface LaunchDefinition {
  readonly definition: TaskDefinition;
  readonly container: string;
  /** The inputs that are not in the definition, and so go into RunTask. */
  readonly start: StartInputs;
  readonly hold: Hold | undefined;
  /** The tags of the user's own definition, where the task is started of another one; else undefined. */
  readonly tags: Readonly<Record<string, string>> | undefined;
  /** The definition to try where RunTask refuses this one with `failure`; undefined where there is none. */
  readonly otherwise: (failure: Failure) => Promise<LaunchDefinition | undefined>;
}

/** The user's own task definition, as far as it is known before it is registered. */
interface DefinitionSource {
  readonly known: TaskDefinition;
  /** In the words of a message. */
  readonly name: string;
  /** The definition as RunTask can name it; registers one that comes from a file. */
  readonly registered: () => Promise<TaskDefinition>;
}

/** The task definition of a new task, its container, and how that is held; registered first where that is needed. */
export async function launchDefinition(
  { of, start }: Pick<NewTasks, "of" | "start">,
  ofService: string | undefined,
  context: DefinitionContext,
): Promise<LaunchDefinition> {
  if (of.kind === "image") return await ofImage(of.image, start, context, { reuse: true });
  const source =
    of.kind === "service"
      ? await describedSource(ofService ?? "", context)
      : isDefinitionFile(of.taskDefinition)
        ? await sourceOfFile(of.taskDefinition, context)
        : await describedSource(of.taskDefinition, context);
  refuseWindows(source.known.operatingSystem, source.name);
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

/** Another run's, where there is an equal one. */
async function ofImage(
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
    // Another run has taken it away since.
    otherwise: async ({ code }) =>
      code === "task-definition-not-found"
        ? await ofImage(image, start, context, { reuse: false })
        : undefined,
  };
}

/** By an entry point of our own, else by the command alone, which is said. */
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

/** The right is missing, or ECS takes the definition in this form no more. */
function isRefusal(error: unknown): error is Failure {
  return error instanceof Failure && (error.code === "access-denied" || error.code === "aws-error");
}

function overridden(source: DefinitionSource, container: string, refusal: Failure): string {
  const health = waitsForHealth(source.known, container)
    ? " Its health check stays, and another container waits for that."
    : "";
  return (
    `Container '${container}' is held by its command alone, which works unless its image has an ENTRYPOINT that runs no command: ` +
    `a task definition with an entry point of ours can't be used. ${refusal.failed}${health}`
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
  return { known, name, registered: () => Promise.resolve(known) };
}

async function sourceOfFile(path: string, context: DefinitionContext): Promise<DefinitionSource> {
  const read = await readDefinitionFile(path, context.workspace);
  const { tags, ...definition } = read;
  return {
    // ECS is the judge of the text, so its type is taken on trust.
    known: taskDefinitionFrom(definition, tags as Parameters<typeof taskDefinitionFrom>[1]),
    name: `'${path}'`,
    registered: () =>
      register(read, `'${path}'`, {
        ...context,
        whileRegistering: (family, registering) => context.whileRegistering(family, registering, false),
      }),
  };
}
