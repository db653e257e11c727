import type {
  RegisteredDefinition,
  RegistrableDefinition,
  TaskDefinition,
} from "../../aws/task-definition.ts";
import { labelWithRun } from "../../aws/task-definition.ts";
import type { Ecs } from "../../aws/ecs.ts";
import { isUnreadableDefinition } from "../../aws/missing.ts";
import type { Clock } from "../../clock.ts";
import { Failure } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { lastPart } from "../arn.ts";
import { copiedTags, isAboutTags, tellLeftOut } from "../tags.ts";
import { findDifferences } from "./normal-form.ts";

/** The pause, with jitter, before a registration that was throttled is tried again. */
const TRY_AGAIN_MS = 1_000;

/** What it takes to find or register a definition of the action's own. */
export interface RegistrationContext {
  readonly ecs: Pick<Ecs, "describeTaskDefinition" | "registerTaskDefinition">;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** The id of the run. The run puts it into what it registers. */
  readonly run: string;
  /** The tag that leads from what the run registers to the workflow run. */
  readonly runTag: Readonly<Record<string, string>>;
  /** Called before a revision of another job is used: the last of its users deregisters it. */
  readonly onShared: (definition: TaskDefinition) => void;
}

export interface OwnDefinitionContext extends RegistrationContext {
  /** Makes the call while the ledger holds what has to be deregistered. */
  readonly whileRegistering: (
    family: string,
    register: () => Promise<RegisteredDefinition>,
  ) => Promise<TaskDefinition>;
}

export interface OwnDefinitionOptions {
  readonly reuse: boolean;
  /** The tags of the user's definition from which this one is made; undefined: this one is registered without tags. */
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/**
 * A definition in a family of the action's own: the newest revision there if every member is equal, else a new
 * revision. `from` names the origin of the definition in messages. With `reuse: false` a new one is registered at
 * once. With `tags` a new one gets these and the run's, as far as ECS's limit allows and the caller may set tags.
 */
export async function findOrRegisterDefinition(
  wanted: RegistrableDefinition & { readonly family: string },
  from: string,
  { reuse, tags }: OwnDefinitionOptions,
  context: OwnDefinitionContext,
): Promise<TaskDefinition> {
  for (let look = reuse; ; look = true) {
    const found = look ? await findEqualRevision(wanted, from, context) : undefined;
    if (found !== undefined) return found;
    try {
      return await registerTagged(wanted, from, tags, context);
    } catch (error) {
      // ECS takes one registration a second. Another job of the matrix may have registered the definition by now.
      if (!(error instanceof Failure) || error.code !== "throttled") throw error;
      await context.clock.sleep(TRY_AGAIN_MS * (0.5 + context.clock.random.fraction()), context.signal);
    }
  }
}

async function registerTagged(
  wanted: RegistrableDefinition,
  from: string,
  tags: OwnDefinitionOptions["tags"],
  context: OwnDefinitionContext,
): Promise<TaskDefinition> {
  if (tags === undefined) return await register(wanted, from, context);
  const copied = copiedTags({}, tags, context.runTag);
  const all = Object.entries(copied.tags).map(([key, value]) => ({ key, value }));
  try {
    const registered = await register({ ...wanted, tags: all }, from, context);
    const lack = tellLeftOut(lastPart(registered.arn), copied);
    if (lack !== undefined) context.log.info(lack);
    return registered;
  } catch (error) {
    if (!isAboutTags(error)) throw error;
    context.log.info(`The task definition is registered without tags, which may not be set. ${error.seen}`);
    return await register(wanted, from, context);
  }
}

/** Registers a definition in the family that it names, with a label that holds the run's id. */
export async function register(
  definition: RegistrableDefinition,
  from: string,
  { ecs, log, run, whileRegistering }: Pick<OwnDefinitionContext, "ecs" | "log" | "run" | "whileRegistering">,
): Promise<TaskDefinition> {
  const registered = await whileRegistering(String(definition["family"]), () =>
    ecs.registerTaskDefinition(labelWithRun(definition, run)),
  );
  log.info(`Registered ${lastPart(registered.arn)} from ${from}.`);
  return registered;
}

/** The newest revision, if it is equal. Another principal may register in the action's families, so one that differs is never used. */
async function findEqualRevision(
  wanted: RegistrableDefinition & { readonly family: string },
  from: string,
  { ecs, log, onShared }: OwnDefinitionContext,
): Promise<TaskDefinition | undefined> {
  const found = await findNewestRevision(wanted.family, ecs);
  if (found?.active !== true) return undefined;
  const paths = [...findDifferences(wanted, found.registrable, found.arn), ...found.unread].map(shortenPath);
  if (paths.length > 0) {
    const where = [...new Set(paths)].slice(0, 5).join(", ");
    log.info(
      `${lastPart(found.arn)} is not used: it differs from what this run needs for ${from}, in ${where}.`,
    );
    return undefined;
  }
  log.info(`Using ${lastPart(found.arn)}, which is registered for ${from}.`);
  onShared(found);
  return found;
}

async function findNewestRevision(
  family: string,
  ecs: Pick<Ecs, "describeTaskDefinition">,
): Promise<TaskDefinition | undefined> {
  try {
    return await ecs.describeTaskDefinition(family);
  } catch (error) {
    if (isUnreadableDefinition(error)) return undefined;
    throw error;
  }
}

/**
 * The part of a path whose names are ECS's own. The principal that registered the revision may have chosen the deeper
 * names.
 */
function shortenPath(path: string): string {
  return /^\w+(\[\d+\](\.\w+)?)?/.exec(path)?.[0] ?? "its form";
}
