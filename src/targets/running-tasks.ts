import { taskNotFound } from "../aws/missing.ts";
import { once } from "../aws/once.ts";
import type { Task } from "../aws/task.ts";
import { Failure, TaskStopped } from "../errors.ts";
import type { Where } from "../inputs/inputs.ts";
import { lastPart, parseService, parseTask } from "./arn.ts";
import { chooseContainer, chooseTasks, isInjected, rankTasks } from "./choose.ts";
import { noRunningTask } from "./failures.ts";
import { hasNoPlace, Places } from "./candidates.ts";
import { allOf, type Resolved, type ResolveContext } from "./resolved.ts";
import { type Target, targetOf } from "./target.ts";
import { refuseWindows } from "./windows.ts";

/** How long a task that is replaced is waited for, and how often it is looked for, in milliseconds. */
const SUCCESSOR_WITHIN = 60_000;
const LOOK_EVERY = 2_000;

export async function namedTask(given: string, context: ResolveContext): Promise<Resolved> {
  const { inputs, ecs } = context;
  const { cluster, id } = parseTask(given, inputs.cluster, inputs.region);
  const task = await ecs.describeTask(cluster, id);
  if (task === undefined) throw taskNotFound(given, cluster, "ecs:DescribeTasks says MISSING.");
  const target = await inContainer(task, context);
  return {
    targets: [target],
    seen: [task],
    inPublic: true,
    others: [],
    instead: () => Promise.resolve(undefined),
  };
}

/**
 * Tasks of a service. One that the service replaces before the job has started is followed by its successor; where one
 * has no place for the job the others are tried, which also spreads many runs over them.
 */
export async function tasksOfService(
  where: Extract<Where, { kind: "service" }>,
  context: ResolveContext,
): Promise<Resolved> {
  const { inputs, ecs, log } = context;
  const { cluster, id: name } = parseService(where.service, inputs.cluster, inputs.region);
  const look = async (): Promise<readonly Task[]> =>
    await ecs.describeTasks(cluster, await ecs.listTasks(cluster, { service: name }));
  const found = await look();
  const chosen = chooseTasks(found, inputs.container, where.tasks);
  if (chosen === undefined) throw await tooFew(cluster, name, where.tasks, context);
  const which = chosen.length === 1 ? lastPart(chosen[0]?.arn ?? "") : `${chosen.length} of them`;
  log.info(
    `Service '${name}' has ${found.length} ${found.length === 1 ? "task" : "tasks"}; taking ${which}.`,
  );

  const taken = new Set(chosen.map(({ arn }) => arn));
  const successors = new Set<string>();
  const places = new Places(found, chosen, context);
  return {
    targets: allOf(await inContainers(chosen, context)),
    seen: chosen,
    inPublic: true,
    others: where.tasks === 1 ? places.others : [],
    instead: async (lost, failure) => {
      if (hasNoPlace(failure)) {
        const next = places.after(lost.taskArn, failure, { again: where.tasks === 1 });
        if (next === undefined) return undefined;
        taken.add(next.arn);
        log.info(`${failure.failed} Trying task ${lastPart(next.arn)} of the service.`);
        return await inContainer(next, context);
      }
      if (!isReplaced(failure) || successors.has(lost.taskArn)) return undefined;
      log.info(
        `Service '${name}' replaces task ${lost.taskId} before the job has started; looking for another.`,
      );
      const next = await another(look, taken, context);
      if (next === undefined) return undefined;
      log.info(`Taking ${lastPart(next.arn)}.`);
      successors.add(next.arn);
      return await inContainer(next, context);
    },
  };
}

function isReplaced(failure: Failure): boolean {
  return failure instanceof TaskStopped && failure.stopCode === "ServiceSchedulerInitiated";
}

/** The best task that is not taken yet, as soon as there is one; it is taken then. */
async function another(
  look: () => Promise<readonly Task[]>,
  taken: Set<string>,
  { inputs, clock, signal }: ResolveContext,
): Promise<Task | undefined> {
  const until = clock.now() + SUCCESSOR_WITHIN;
  for (;;) {
    const next = rankTasks(await look(), inputs.container).find(({ arn }) => !taken.has(arn));
    if (next !== undefined) {
      taken.add(next.arn);
      return next;
    }
    if (clock.now() + LOOK_EVERY > until) return undefined;
    await clock.sleep(LOOK_EVERY, signal);
  }
}

async function tooFew(
  cluster: string,
  name: string,
  wanted: number | "all",
  { ecs }: ResolveContext,
): Promise<Failure> {
  const asked = typeof wanted === "number" && wanted > 1 ? `Input 'tasks' asks for ${wanted}. ` : "";
  const seen = await ecs.describeService(cluster, name).then(
    ({ desiredCount, runningCount, pendingCount, events }) =>
      `Desired ${desiredCount}, running ${runningCount}, pending ${pendingCount}.` +
      (events[0] === undefined ? "" : ` Last event: ${events[0]}`),
    (error: unknown) => {
      if (!(error instanceof Failure) || error.code !== "access-denied") throw error;
      return `How many it should have is not known. ${error.failed}`;
    },
  );
  return noRunningTask(name, cluster, asked + seen, typeof wanted === "number" ? wanted : 1);
}

async function inContainers(tasks: readonly Task[], context: ResolveContext): Promise<readonly Target[]> {
  const ecs = { ...context.ecs, describeTaskDefinition: once(context.ecs.describeTaskDefinition) };
  const targets: Target[] = [];
  for (const task of tasks) targets.push(await inContainer(task, { ...context, ecs }));
  return targets;
}

async function inContainer(task: Task, context: ResolveContext): Promise<Target> {
  const named = context.inputs.container;
  const owner = `task '${lastPart(task.arn)}'`;
  refuseWindows(task.platformFamily, owner);
  const plain = task.containers.map(({ name }) => ({ name, essential: undefined }));
  if (named !== undefined || plain.filter(({ name }) => !isInjected(name)).length === 1) {
    return targetOf(task, chooseContainer(named, plain, owner), false);
  }
  // Only the task definition tells which container is essential, and the order that its author gave them.
  const known = await context.ecs.describeTaskDefinition(task.taskDefinitionArn).catch((error: unknown) => {
    if (error instanceof Failure && error.code === "access-denied") return error;
    throw error;
  });
  const container =
    known instanceof Failure
      ? chooseContainer(named, plain, owner, `Which of them is essential is not known. ${known.failed}`)
      : chooseContainer(named, known.containers, owner);
  return targetOf(task, container, false);
}
