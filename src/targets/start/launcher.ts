import type { RunTaskRequest } from "../../aws/ecs.ts";
import { LAUNCHES, Pace } from "../../aws/pace.ts";
import type { Task } from "../../aws/task.ts";
import { factsOf } from "../../errors.ts";
import { lastPart } from "../arn.ts";
import type { LaunchDefinition } from "../definitions/launch-definition.ts";
import { areStopped } from "../made/stopped.ts";
import { isOnFargate } from "./capacity.ts";
import { CapacityWait } from "./capacity-wait.ts";
import { ArrivingTasks, type ArrivalWatch } from "./arriving-tasks.ts";
import { onDemand, type StartedTasks, startTasks, mayUseSpot } from "./start-tasks.ts";
import type { ResolveContext } from "../resolve-context.ts";
import { type Target, targetOf } from "../target.ts";
import type { UndoList } from "../made/undo-list.ts";
import { Waves } from "./waves.ts";

/** The request by which the tasks of one run are started, and what belongs to it. */
export interface LaunchPlan extends Pick<LaunchDefinition, "container" | "hold" | "revision" | "otherwise"> {
  readonly request: RunTaskRequest;
}

export interface LauncherOptions {
  readonly defined: LaunchDefinition;
  readonly planFor: (defined: LaunchDefinition) => LaunchPlan;
  readonly undo: UndoList;
  readonly context: Pick<ResolveContext, "ecs" | "log" | "clock" | "signal">;
  /** How long to wait for capacity in all, in milliseconds. */
  readonly patience: number;
  /** The tags that the user asked for. No task is started without them. */
  readonly ownTags: Readonly<Record<string, string>>;
}

/** Fargate takes less than a minute for each step of a start, except for the image pull, which is not counted. */
const STUCK_AFTER_MS = 180_000;

/** For more tasks than this, the log has only their number, every few seconds. */
const MOST_NAMED = 20;
const TELL_EVERY_MS = 5_000;

/** Starts tasks by a plan. When ECS refuses the plan, the launcher goes on with the next one, if there is one. */
export class Launcher {
  #plan: LaunchPlan;
  readonly #options: LauncherOptions;
  readonly #replacements = new Set<string>();
  #capacity: CapacityWait;
  readonly #waves: Waves;
  readonly #pace: Pace;

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#capacity = capacityWait(options);
    this.#waves = new Waves({ ...options.context, patience: options.patience });
    this.#plan = options.planFor(options.defined);
    this.#pace = new Pace(LAUNCHES, options.context.clock);
  }

  /** Whether the tasks may have public IP addresses. */
  get mayHavePublicIp(): boolean {
    return this.#plan.request.network.assignPublicIp === true;
  }

  /**
   * For how long a task may make no progress before it runs, in milliseconds. Undefined when it may have to wait until
   * the capacity provider has a further instance: another task would wait for that, too.
   */
  get stuckAfter(): number | undefined {
    const { request } = this.#plan;
    const waitsForInstance = request.capacityProviders.length > 0 && !isOnFargate(request);
    return waitsForInstance ? undefined : STUCK_AFTER_MS;
  }

  /** Begins to start `count` tasks, or as many as ECS starts. */
  launch(count: number): ArrivingTasks {
    const { log, signal } = this.#options.context;
    return new ArrivingTasks({
      count,
      cancel: signal,
      start: (watch) => this.#start(this.#plan.request, count, watch),
      onMissing: (missing, why) => {
        if (signal?.aborted !== true)
          log.warning(
            `${missing} of ${count} tasks were not started. ${factsOf(why)}`,
            "errors.md#task-not-started",
          );
      },
    });
  }

  targetOf(task: Task): Target {
    return targetOf(task, this.#plan.container, true, this.#plan);
  }

  /** Whether this task was started in the place of another one. */
  isReplacement({ taskArn }: Pick<Target, "taskArn">): boolean {
    return this.#replacements.has(taskArn);
  }

  /** Whether this task may be replaced by one on demand: it may run on Spot, and is no replacement itself. */
  canReplaceOnDemand(lost: Target): boolean {
    return mayUseSpot(this.#plan.request) && !this.isReplacement(lost);
  }

  /** Starts one more task like the first ones. It waits for capacity as long as they did. */
  async startAnother(): Promise<Task> {
    this.#capacity = capacityWait(this.#options);
    const { tasks } = await this.#start(this.#plan.request, 1);
    const [task] = tasks;
    if (task === undefined) this.#options.context.signal?.throwIfAborted();
    if (task === undefined) throw new Error("RunTask has started no task and told of no failure");
    return task;
  }

  /** A job begins in a task that this launcher has started. */
  jobBegins(): void {
    this.#waves.jobBegins();
  }

  /**
   * A job has ended, while others go on. `stoppable` is its task, unless that is kept: it is stopped once another task needs what it holds, which
   * is now when `mustStop` says so. Rejects only after a cancel: then the cleanup stops the task.
   */
  async jobEnds(stoppable: Target | undefined, { mustStop }: { readonly mustStop: boolean }): Promise<void> {
    const surplus = this.#waves.jobEnds(mustStop ? undefined : stoppable);
    await this.#stopEnded(mustStop && stoppable !== undefined ? [...surplus, stoppable] : surplus);
  }

  async #stopEnded(ended: readonly Target[]): Promise<void> {
    if (ended.length === 0) return;
    await Promise.all(ended.map((target) => this.#stop(target, "fargate-exec: the job has ended")));
    this.#waves.taskStops();
  }

  /** Starts one more task, on Fargate instead of Fargate Spot. */
  async replaceOnDemand(): Promise<Target | undefined> {
    return await this.#startReplacement(onDemand(this.#plan.request));
  }

  /** Stops a task that makes no progress, and starts another one like it. */
  async replaceStuck(lost: Target): Promise<Target | undefined> {
    await this.#stop(lost, "fargate-exec: it made no progress and is replaced");
    return await this.#startReplacement(this.#plan.request);
  }

  /**
   * Stops the task of an attempt, and starts one for the next attempt. `mustStopFirst`: the script may still run in the old task, so the new one
   * is started only after the old one has stopped; undefined when it does not stop, or when `isNeeded` then says that nothing is left to do.
   */
  async replaceForRetry(
    lost: Target,
    {
      onDemand: isOnDemand,
      mustStopFirst,
      isNeeded,
    }: { readonly onDemand: boolean; readonly mustStopFirst: boolean; readonly isNeeded: () => boolean },
  ): Promise<Target | undefined> {
    const { request } = this.#plan;
    const isStopping = await this.#stop(lost, "fargate-exec: the script is run again in another task");
    if (mustStopFirst) {
      const { context } = this.#options;
      const task = { cluster: lost.clusterArn, taskArn: lost.taskArn };
      if (!isStopping || !(await areStopped([task], context))) {
        context.log.info(`The script may still run in task ${lost.taskId}, which has not stopped.`);
        return undefined;
      }
      if (!isNeeded()) return undefined;
    }
    return await this.#startReplacement(isOnDemand ? onDemand(request) : request);
  }

  /** Stops a task. False when the call failed. */
  async #stop({ clusterArn, taskArn }: Target, reason: string): Promise<boolean> {
    const { undo, context } = this.#options;
    try {
      await context.ecs.stopTask(clusterArn, taskArn, reason);
      undo.stopped(taskArn);
      return true;
    } catch (error) {
      context.signal?.throwIfAborted();
      // It is still in the ledger, so the cleanup stops it.
      context.log.info(`Task ${lastPart(taskArn)} could not be stopped now. ${factsOf(error)}`);
      return false;
    }
  }

  /** Starts another task like this one after a pause. Undefined when there is no more time. `seen`: why this one has ended. */
  async replaceLater(lost: Target, seen: string): Promise<Target | undefined> {
    const { request } = this.#plan;
    this.#options.undo.stopped(lost.taskArn);
    const network = await this.#capacity.next(request.network, seen);
    if (network === undefined) return undefined;
    const wasOnDemand = this.isReplacement(lost) || !mayUseSpot(request);
    return await this.#startReplacement({ ...(wasOnDemand ? onDemand(request) : request), network });
  }

  async #startReplacement(request: RunTaskRequest): Promise<Target | undefined> {
    const { tasks } = await this.#start(request, 1);
    const [task] = tasks;
    if (task === undefined) return undefined;
    this.#replacements.add(task.arn);
    return this.targetOf(task);
  }

  async #start(request: RunTaskRequest, count: number, watch?: ArrivalWatch): Promise<StartedTasks> {
    const { undo, ownTags, context } = this.#options;
    const { ecs, log, signal } = context;
    const tell = startLines(count, context);
    const over = eitherOf(signal, watch?.over);
    const started = undo.whileStarting(request, () =>
      startTasks(request, count, {
        ecs,
        log,
        ownTags,
        capacity: this.#capacity,
        quota: {
          onRefused: (seen) => {
            // After a cancel the cleanup stops them.
            void this.#stopEnded(this.#waves.begin(seen)).catch(() => undefined);
          },
          onStarted: () => this.#waves.refusalIsOver(),
          next: (until) => this.#waves.next(until),
        },
        pace: (wanted) => this.#pace.wait(wanted, over),
        token: () => `${request.clientToken}-${undo.nextCall()}`,
        onStarted: (tasks) => {
          const arns = tasks.map(({ arn }) => arn);
          undo.started(request, arns);
          tell(arns, lastPart(this.#plan.request.taskDefinition));
        },
        onNext: (tasks) => watch?.onNext(tasks),
        over,
        otherwise: async (failure) => {
          const defined = await this.#plan.otherwise(failure);
          if (defined === undefined) return undefined;
          this.#plan = this.#options.planFor(defined);
          return this.#plan.request;
        },
      }),
    );
    return await started.catch((error: unknown) => {
      // The cleanup of a cancel may have taken what a call that was under way needed.
      signal?.throwIfAborted();
      throw error;
    });
  }
}

function eitherOf(...signals: readonly (AbortSignal | undefined)[]): AbortSignal {
  return AbortSignal.any(signals.filter((signal) => signal !== undefined));
}

/** Says which tasks were started. To be called with each answer of RunTask. */
function startLines(
  count: number,
  { clock, log }: LauncherOptions["context"],
): (arns: readonly string[], definition: string) => void {
  let started = 0;
  let toldAt = clock.now();
  return (arns, definition) => {
    started += arns.length;
    if (count <= MOST_NAMED) {
      for (const arn of arns) log.info(`Started task ${lastPart(arn)} of ${definition}.`);
    } else if (started === count || clock.now() - toldAt >= TELL_EVERY_MS) {
      toldAt = clock.now();
      log.info(`Started ${started} of ${count} tasks of ${definition}.`);
    }
  };
}

function capacityWait({ context: { clock, log, signal }, patience }: LauncherOptions): CapacityWait {
  return new CapacityWait({ clock, log, signal, until: clock.now() + patience });
}
