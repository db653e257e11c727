import type { TaskDefinition } from "../aws/definition.ts";
import type { RunTask } from "../aws/ecs.ts";
import type { Task } from "../aws/task.ts";
import { badInput, type Failure, TaskStopped } from "../errors.ts";
import type { NewTasks } from "../inputs/inputs.ts";
import { lastPart, parseService } from "./arn.ts";
import { borrow } from "./borrow.ts";
import { type Defined, type DefinitionContext, definitionOf } from "./definition.ts";
import { onDemand, startTasks, usesSpot } from "./launch.ts";
import { allOf, type Resolved, type ResolveContext } from "./resolved.ts";
import { requireNetwork, runTaskRequest, startedBy } from "./start.ts";
import { type Target, targetOf } from "./target.ts";
import { UndoList } from "./undo-list.ts";

/** Starts the tasks that the inputs describe; and once more, on demand, one that Spot takes away too early. */
export async function newTasks(where: NewTasks, context: ResolveContext): Promise<Resolved> {
  const launch = await Launch.planned(where, context);
  const { plan } = launch;
  const tasks = await launch.start(plan.request, where.tasks);
  const replacements = new Set<string>();
  return {
    targets: allOf(tasks.map((task) => launch.targetOf(task))),
    seen: tasks,
    inPublic: plan.request.network.assignPublicIp === true,
    others: [],
    instead: async (lost, failure) => {
      const { request } = launch.plan;
      if (!usesSpot(request) || replacements.has(lost.taskArn) || !isSpots(failure)) return undefined;
      context.log.info(
        `Fargate Spot took task ${lost.taskId} away before the job had started; starting it again, on demand.`,
      );
      const [task] = await launch.start(onDemand(request), 1);
      if (task === undefined) return undefined;
      replacements.add(task.arn);
      return launch.targetOf(task);
    },
  };
}

/** What the tasks of one run are started by. */
interface Plan extends Pick<Defined, "container" | "hold" | "otherwise"> {
  readonly request: RunTask;
}

/** Starts tasks by a plan, which changes where ECS refuses it and there is another. */
class Launch {
  plan: Plan;
  readonly #planFor: (defined: Defined) => Plan;
  readonly #undo: UndoList;
  readonly #context: Pick<ResolveContext, "ecs" | "log">;
  readonly #tagged: boolean;

  private constructor(
    defined: Defined,
    planFor: (defined: Defined) => Plan,
    undo: UndoList,
    context: Pick<ResolveContext, "ecs" | "log">,
    tagged: boolean,
  ) {
    this.plan = planFor(defined);
    this.#planFor = planFor;
    this.#undo = undo;
    this.#context = context;
    this.#tagged = tagged;
  }

  /** Everything up to the request, with no task started. */
  static async planned(where: NewTasks, context: ResolveContext): Promise<Launch> {
    const { inputs, ecs, origin } = context;
    const undo = new UndoList(context.onUndo, context.signal);
    const named =
      where.service === undefined ? undefined : parseService(where.service, inputs.cluster, inputs.region);
    const cluster = named?.cluster ?? inputs.cluster;
    const service = named && (await ecs.describeService(cluster, named.id));
    const wanted = service === undefined ? where.start : borrow(where.start, service);
    requireNetwork(wanted, nameOf(where.of), named?.id);
    if (where.of.kind === "service" && service?.taskDefinitionArn === "") throw noPrimary(service.name);
    const defined = await definitionOf(
      { of: where.of, start: wanted },
      service?.taskDefinitionArn,
      definitionContext(cluster, context, undo),
    );
    const { timeout } = inputs;
    const planFor = ({ definition, container, start, hold, tags, otherwise }: Defined): Plan => {
      const by = { cluster, definition, container, sourceTags: tags, timeout, origin };
      return { request: runTaskRequest(start, by), container, hold, otherwise };
    };
    return new Launch(defined, planFor, undo, context, Object.keys(where.start.tags).length > 0);
  }

  targetOf(task: Task): Target {
    return targetOf(task, this.plan.container, true, this.plan.hold);
  }

  async start(request: RunTask, count: number): Promise<readonly Task[]> {
    const { ecs, log } = this.#context;
    return await this.#undo.whileStarting(request, () =>
      startTasks(request, count, {
        ecs,
        log,
        tagged: this.#tagged,
        token: () => `${request.clientToken}-${this.#undo.nextCall()}`,
        onStarted: (tasks) => {
          for (const task of tasks) {
            this.#undo.started(request, task.arn);
            log.info(`Started task ${lastPart(task.arn)} of ${lastPart(this.plan.request.taskDefinition)}.`);
          }
        },
        otherwise: async (failure) => {
          const defined = await this.plan.otherwise(failure);
          if (defined === undefined) return undefined;
          this.plan = this.#planFor(defined);
          return this.plan.request;
        },
      }),
    );
  }
}

function definitionContext(cluster: string, context: ResolveContext, undo: UndoList): DefinitionContext {
  const { inputs, origin } = context;
  const shared = ({ arn, family }: TaskDefinition, registered: boolean) => {
    const names = { arn, family, cluster, startedBy: startedBy(origin) };
    return { kind: "shared-definition", ...names, registered } as const;
  };
  return {
    ...context,
    container: inputs.container,
    run: origin.id,
    whileRegistering: (family, register, isShared) =>
      undo.whileRegistering({ family, run: origin.id }, register, (made) =>
        isShared ? shared(made, true) : { kind: "task-definition", arn: made.arn },
      ),
    onShared: (definition) => undo.sharing(shared(definition, false)),
  };
}

function noPrimary(service: string): Failure {
  return badInput(
    "service",
    "a service with a PRIMARY task set, for a new task to be started like its own",
    `'${service}', which has none`,
    "Wait for its deployment, or name the input 'task-definition'.",
  );
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
