import type { Ecs } from "../../aws/ecs.ts";
import type { Clock, Random } from "../../clock.ts";
import { Failure, isDenied, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { lastPart } from "../arn.ts";
import { FAMILY_PREFIX } from "../definitions/family.ts";
import { removeDefinition } from "./shared-definition.ts";

/** The age in milliseconds from which on a revision that no task uses counts as remaining of a lost run. */
const REMAINS_AFTER_MS = 24 * 3_600_000;
/**
 * The most families that one run examines, drawn by lot. A run examines some only after it has registered a revision, and ECS takes
 * one registration a second. So all runs together stay below ECS's rate for DescribeTaskDefinition, 20 a second.
 */
const MOST_EXAMINED = 5;

export interface RemainingDefinitionsContext {
  readonly ecs: Pick<
    Ecs,
    | "listDefinitionFamilies"
    | "describeTaskDefinition"
    | "listTasks"
    | "deregisterTaskDefinition"
    | "deleteTaskDefinition"
  >;
  readonly clock: Pick<Clock, "now" | "random">;
  readonly log: Log;
}

/**
 * Removes revisions of the action's own that remain of lost runs: they are older than a day, were registered by a run,
 * and no task that runs or starts in the cluster uses them. A wrong guess costs one call: a running task survives the
 * deregistration, and a job that is about to start a task registers the definition again. Never rejects: what is not removed now
 * is left to a later run.
 */
export async function removeRemainingDefinitions(
  cluster: string,
  own: string,
  context: RemainingDefinitionsContext,
): Promise<void> {
  try {
    const families = await context.ecs.listDefinitionFamilies(FAMILY_PREFIX);
    for (const family of drawFamilies(
      families.filter((name) => name !== own),
      context.clock.random,
    ))
      await removeIfRemaining(cluster, family, context);
  } catch (error) {
    if (isDenied(error)) context.log.info(`What lost runs have left is not looked for. ${error.failed}`);
    // The end of the step ends these calls, too. Then no text of AWS may be shown any more.
    else if (!(error instanceof Failure)) context.log.debug(messageOf(error));
  }
}

async function removeIfRemaining(
  cluster: string,
  family: string,
  { ecs, clock, log }: RemainingDefinitionsContext,
): Promise<void> {
  const { arn, registeredBy, registeredAt, active } = await ecs.describeTaskDefinition(family);
  const isOld = registeredAt !== undefined && registeredAt < clock.now() - REMAINS_AFTER_MS;
  if (!active || registeredBy === undefined || !isOld) return;
  if ((await ecs.listTasks(cluster, { family })).length > 0) return;
  log.info(`Removing ${lastPart(arn)}, which a run that was lost has left behind.`);
  await removeDefinition(arn, ecs, log);
}

/** Some of the families, drawn by lot. */
function drawFamilies(families: readonly string[], random: Random): readonly string[] {
  return families
    .map((family) => ({ family, lot: random.fraction() }))
    .sort((a, b) => a.lot - b.lot)
    .slice(0, MOST_EXAMINED)
    .map(({ family }) => family);
}
