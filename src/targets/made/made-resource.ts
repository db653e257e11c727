import type { TaskDefinition } from "../../aws/task-definition.ts";
import type { Ecs } from "../../aws/ecs.ts";
import { Failure, isDenied } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { lastPart } from "../arn.ts";
import { FAMILY_PREFIX } from "../definitions/family.ts";
import { leaveShared, removeDefinition, type SharedDefinition } from "./shared-definition.ts";

/** A resource that a run has made and has to remove; plain data, since it is saved for the post step. */
export type MadeResource =
  | {
      readonly kind: "task";
      readonly cluster: string;
      /** Unique to the run. By it the task is found when a cancel came before the ARN was known. */
      readonly startedBy: string;
      readonly taskArn: string | undefined;
      /**
       * Other tasks of the run, which live on, are undone by themselves, or were stopped a moment ago, so that ECS may still list them. They are not
       * the one whose ARN is not known. The newest hundred.
       */
      readonly others?: readonly string[];
      /** It lives until the end of the workflow's job, so that only the post step stops it. */
      readonly isForJob?: true;
    }
  | { readonly kind: "task-definition"; readonly arn: string }
  | SharedDefinition
  /**
   * A task definition whose ARN was not known at a cancel: one of the family's last revisions, with the run's label. `known`: a
   * repeated call has answered with this ARN, which has an entry of its own. Then a second revision may be there, or not.
   */
  | {
      readonly kind: "registration";
      readonly family: string;
      readonly run: string;
      readonly known?: string;
    };

/**
 * The most revisions of the family that are examined: other runs may have registered some in the meantime. The second revision of
 * a repeated call is next to the known one, perhaps after it, because a try without an answer may take effect late.
 */
const REVISIONS = 10;

/** The most tasks that an entry names as others: each takes a hundred bytes of a page of the ledger. */
const MOST_OTHERS = 100;

export type StartedTask = Extract<MadeResource, { kind: "task" }>;

/** Names further tasks of the run that this one is not, when it is being started. One whose ARN is known is returned as it is. */
export function besideOthers(task: StartedTask, arns: readonly string[]): StartedTask {
  if (task.taskArn !== undefined || arns.length === 0) return task;
  return { ...task, others: [...new Set([...(task.others ?? []), ...arns])].slice(-MOST_OTHERS) };
}

type UndoCalls = Pick<
  Ecs,
  | "listTasks"
  | "describeTasks"
  | "stopTask"
  | "describeTaskDefinition"
  | "deregisterTaskDefinition"
  | "deleteTaskDefinition"
>;

/**
 * Removes the resource; a second call does no harm. `reason` becomes a task's stoppedReason. False when the resource
 * was not found: it may still appear, if the call that makes it is under way.
 */
export async function removeResource(
  what: MadeResource,
  ecs: UndoCalls,
  reason: string,
  log: Log,
): Promise<boolean> {
  switch (what.kind) {
    case "task-definition":
      await ecs.deregisterTaskDefinition(what.arn);
      return true;
    case "shared-definition":
      await leaveShared(what, ecs, log);
      return true;
    case "registration":
      return what.known === undefined
        ? await removeOwn(what, ecs, log)
        : await removeSecond({ ...what, known: what.known }, ecs, log);
    case "task":
      return await stopTasks(what, ecs, reason);
  }
}

async function stopTasks(
  what: StartedTask,
  ecs: Pick<Ecs, "listTasks" | "stopTask">,
  reason: string,
): Promise<boolean> {
  const { cluster, startedBy, taskArn, others = [] } = what;
  const found = taskArn === undefined ? await ecs.listTasks(cluster, { startedBy }) : [taskArn];
  const arns = found.filter((arn) => !others.includes(arn));
  await Promise.all(arns.map((arn) => ecs.stopTask(cluster, arn, reason)));
  return arns.length > 0;
}

type Registration = Extract<MadeResource, { kind: "registration" }>;

/**
 * Removes the second revision of a repeated call. It stays when the right to look for it is missing. Mostly there is none, because a
 * throttled try registers nothing.
 */
async function removeSecond(
  what: Registration & { readonly known: string },
  ecs: Parameters<typeof removeOwn>[1],
  log: Log,
): Promise<true> {
  try {
    await removeOwn(what, ecs, log);
  } catch (error) {
    if (!isDenied(error)) throw error;
    log.info(`A second revision of ${lastPart(what.known)} is not looked for. ${error.failed}`);
  }
  return true;
}

/**
 * Removes those of the family's last revisions that have the run's label, except the known one. False when there are none. In a
 * family of the user's they are only deregistered.
 */
async function removeOwn(
  { family, run, known }: Registration,
  ecs: Pick<UndoCalls, "describeTaskDefinition" | "deregisterTaskDefinition" | "deleteTaskDefinition">,
  log: Log,
): Promise<boolean> {
  const near = known ?? (await describeIfKnown(family, ecs))?.arn;
  const last = Number(near?.split(":").at(-1)) + (known === undefined ? 0 : 1);
  const found: TaskDefinition[] = [];
  for (let revision = last; revision > 0 && revision > last - REVISIONS; revision -= 1) {
    const one = await describeIfKnown(`${family}:${revision}`, ecs);
    if (one?.registeredBy === run && one.arn !== known) found.push(one);
  }
  for (const { arn, active } of found) {
    if (!active) continue;
    if (family.startsWith(FAMILY_PREFIX)) await removeDefinition(arn, ecs, log);
    else await ecs.deregisterTaskDefinition(arn);
  }
  return found.length > 0;
}

async function describeIfKnown(
  taskDefinition: string,
  ecs: Pick<Ecs, "describeTaskDefinition">,
): Promise<TaskDefinition | undefined> {
  try {
    return await ecs.describeTaskDefinition(taskDefinition);
  } catch (error) {
    if (error instanceof Failure && error.code === "task-definition-not-found") return undefined;
    throw error;
  }
}
