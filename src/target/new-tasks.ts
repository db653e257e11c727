import type { RunTask } from "../aws/ecs.ts";
import type { Task } from "../aws/task.ts";
import { Failure, TaskStopped } from "../errors.ts";
import type { NewTasks } from "../inputs/inputs.ts";
import { lastPart, parseService } from "./arn.ts";
import { borrow } from "./borrow.ts";
import { chooseContainer } from "./choose.ts";
import { definitionOf, type DefinitionContext } from "./definition.ts";
import { onDemand, startTasks, usesSpot } from "./launch.ts";
import { allOf, type Resolved, type ResolveContext } from "./resolved.ts";
import { requireNetwork, runTaskRequest } from "./start.ts";
import { targetOf } from "./target.ts";
import { UndoList } from "./undo-list.ts";

/** Starts the tasks that the inputs describe; and once more, on demand, one that Spot takes away too early. */
export async function newTasks(where: NewTasks, context: ResolveContext): Promise<Resolved> {
  const undo = new UndoList(context.onUndo, context.signal);
  const launch = await planned(where, { reuse: true }, context, undo);
  const started = await begin(launch, where, context, undo).catch(async (error: unknown) => {
    // Another run registered it for the same image, and has taken it away since.
    const gone = error instanceof Failure && error.code === "task-definition-not-found";
    if (where.of.kind !== "image" || !gone) throw error;
    return await begin(await planned(where, { reuse: false }, context, undo), where, context, undo);
  });

  const replacements = new Set<string>();
  return {
    targets: allOf(started.tasks.map((task) => targetOf(task, started.container, true))),
    seen: started.tasks,
    inPublic: started.request.network.assignPublicIp === true,
    others: [],
    instead: async (lost, failure) => {
      const { request, container, start } = started;
      if (!usesSpot(request) || replacements.has(lost.taskArn) || !isSpots(failure)) return undefined;
      context.log.info(
        `Fargate Spot took task ${lost.taskId} away before the job had started; starting it again, on demand.`,
      );
      const [task] = await start(onDemand(request), 1);
      if (task === undefined) return undefined;
      replacements.add(task.arn);
      return targetOf(task, container, true);
    },
  };
}

interface Planned {
  readonly request: RunTask;
  readonly container: string;
}

/** Everything up to the request, with no task started. */
async function planned(
  where: NewTasks,
  { reuse }: Pick<DefinitionContext, "reuse">,
  context: ResolveContext,
  undo: UndoList,
): Promise<Planned> {
  const { inputs, ecs, log, origin, workspace } = context;
  const named =
    where.service === undefined ? undefined : parseService(where.service, inputs.cluster, inputs.region);
  const cluster = named?.cluster ?? inputs.cluster;
  const service = named && (await ecs.describeService(cluster, named.id));
  const wanted = service === undefined ? where.start : borrow(where.start, service);
  requireNetwork(wanted, nameOf(where.of), named?.id);
  const { definition, start } = await definitionOf(
    { of: where.of, start: wanted },
    service?.taskDefinitionArn,
    {
      ecs,
      log,
      workspace,
      reuse,
      container: inputs.container,
      run: origin.id,
      whileRegistering: (family, register) => undo.whileRegistering({ family, run: origin.id }, register),
    },
  );
  const container = chooseContainer(
    inputs.container,
    definition.containers,
    `task definition '${definition.family}'`,
  );
  const plan = { cluster, definition, container, timeout: inputs.timeout, origin };
  return { request: runTaskRequest(start, plan), container };
}

interface Started extends Planned {
  readonly tasks: readonly Task[];
  readonly start: (request: RunTask, count: number) => Promise<readonly Task[]>;
}

async function begin(
  { request, container }: Planned,
  where: NewTasks,
  { ecs, log }: ResolveContext,
  undo: UndoList,
): Promise<Started> {
  const start = (asked: RunTask, count: number): Promise<readonly Task[]> =>
    undo.whileStarting(asked, () =>
      startTasks(asked, count, {
        ecs,
        log,
        tagged: Object.keys(where.start.tags).length > 0,
        token: () => `${request.clientToken}-${undo.nextCall()}`,
        onStarted: (tasks) => {
          for (const task of tasks) {
            undo.started(asked, task.arn);
            log.info(`Started task ${lastPart(task.arn)} of ${lastPart(request.taskDefinition)}.`);
          }
        },
      }),
    );
  return { request, container, tasks: await start(request, where.tasks), start };
}

function nameOf(of: NewTasks["of"]): string {
  switch (of.kind) {
    case "service":
      return "the service's task definition";
    case "task-definition":
      return of.taskDefinition;
    case "image":
      return of.image;
  }
}

/** The task was taken for want of capacity, which says nothing against the task. */
function isSpots(failure: Failure): boolean {
  if (!(failure instanceof TaskStopped)) return false;
  const { stopCode = "", stoppedReason } = failure;
  if (/^(SpotInterruption|TerminationNotice)$/.test(stopCode)) return true;
  return stopCode === "TaskFailedToStart" && /capacity|spot/i.test(stoppedReason);
}
