import { taskNotFound } from "../aws/missing.ts";
import { once } from "../aws/once.ts";
import type { Task } from "../aws/task.ts";
import { Failure, isDenied } from "../errors.ts";
import type { TaskSelection } from "../inputs/inputs.ts";
import type { JobHandle } from "../inputs/handle.ts";
import { clusterName, lastPart, parseService, parseTask } from "./arn.ts";
import { ServiceCandidates } from "./tasks/service-candidates.ts";
import { chooseTasks } from "./tasks/choose-tasks.ts";
import { noRunningTask } from "./failures.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { allOf, type JobTargets } from "./job-targets.ts";
import type { Target } from "./target.ts";
import { findTarget } from "./tasks/find-target.ts";
import { describeServiceTasks } from "./tasks/service-tasks.ts";

/** ECS may not show a task for a moment after RunTask (Amazon ECS API reference, RunTask: eventual consistency). */
const LOOK_AGAIN_MS = 1_000;

/** The container of a job that runs already. No call is made, because the job's output may outlive the task. */
export function jobOfHandle(handle: JobHandle): JobTargets {
  return {
    targets: [targetOfHandle(handle)],
    ...{ described: [], mayHavePublicIp: false, candidates: { kind: "none" } },
  };
}

export function targetOfHandle({ cluster, task, container }: JobHandle): Target {
  return {
    ...{
      clusterArn: cluster,
      clusterName: clusterName(cluster),
      taskArn: task,
      taskId: lastPart(task),
      container,
    },
    started: false,
    ...{ cpuUnits: undefined, privateIp: undefined },
  };
}

/** The task that the input `task` names. */
export async function findNamedTask(given: string, context: ResolveContext): Promise<JobTargets> {
  const { inputs, ecs, clock, signal } = context;
  const { cluster, id } = parseTask(given, inputs.cluster, inputs.region);
  context.onDescribing?.();
  let task = await ecs.describeTask(cluster, id);
  if (task === undefined) {
    await clock.sleep(LOOK_AGAIN_MS, signal);
    task = await ecs.describeTask(cluster, id);
  }
  if (task === undefined) throw taskNotFound(given, cluster, "ecs:DescribeTasks says MISSING.");
  const target = await findTarget(task, context);
  return { targets: [target], described: [task], mayHavePublicIp: true, candidates: { kind: "none" } };
}

/**
 * The best tasks of a service, as many as the inputs ask for. The other tasks are candidates to replace them. Fails
 * with `no-running-task` when the service has too few.
 */
export async function findTasksOfService(
  where: Extract<TaskSelection, { kind: "service" }>,
  context: ResolveContext,
): Promise<JobTargets> {
  const { inputs, ecs, revision, log, clock } = context;
  const { container } = inputs;
  const { cluster, id: service } = parseService(where.service, inputs.cluster, inputs.region);
  const found = await describeServiceTasks({ cluster, service, revision }, ecs, context.onDescribing);
  const chosen = chooseTasks(found, container, where.tasks);
  if (chosen === undefined) throw await explainTooFew(cluster, service, where.tasks, context);
  const [only, ...more] = chosen;
  const which = only !== undefined && more.length === 0 ? lastPart(only.arn) : `${chosen.length} of them`;
  log.info(
    `Service '${service}' has ${found.length} ${found.length === 1 ? "task" : "tasks"}${revision === undefined ? "" : " of the new revision"}; taking ${which}.`,
  );
  const isOnlyJob = where.tasks === 1;
  return {
    targets: allOf(await findTargets(chosen, context)),
    described: chosen,
    mayHavePublicIp: true,
    candidates: new ServiceCandidates({ cluster, service }, found, chosen, {
      container,
      isOnlyJob,
      random: clock.random,
    }),
  };
}

async function explainTooFew(
  cluster: string,
  name: string,
  wanted: number | "all",
  { ecs, revision }: ResolveContext,
): Promise<Failure> {
  const asked =
    (typeof wanted === "number" && wanted > 1 ? `Input 'tasks' asks for ${wanted}. ` : "") +
    (revision === undefined ? "" : "Only tasks that are certain to be the new revision's count. ");
  const seen = await ecs.describeService(cluster, name).then(
    ({ desiredCount, runningCount, pendingCount, events }) =>
      `Desired ${desiredCount}, running ${runningCount}, pending ${pendingCount}.` +
      (events[0] === undefined ? "" : ` Last event: ${events[0]}`),
    (error: unknown) => {
      if (!isDenied(error)) throw error;
      return `Its desired count is not known. ${error.failed}`;
    },
  );
  return noRunningTask(name, cluster, asked + seen, typeof wanted === "number" ? wanted : 1);
}

async function findTargets(tasks: readonly Task[], context: ResolveContext): Promise<readonly Target[]> {
  const ecs = { ...context.ecs, describeTaskDefinition: once(context.ecs.describeTaskDefinition) };
  const targets: Target[] = [];
  for (const task of tasks) targets.push(await findTarget(task, { inputs: context.inputs, ecs }));
  return targets;
}
