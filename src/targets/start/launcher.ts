import type { RunTaskRequest } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";
import { lastPart } from "../arn.ts";
import type { LaunchDefinition } from "../definitions/launch-definition.ts";
import { onDemand, startTasks, usesSpot } from "./start-tasks.ts";
import type { ResolveContext } from "../resolve-context.ts";
import { type Target, targetOf } from "../target.ts";
import type { UndoList } from "../made/undo-list.ts";

/** The request by which the tasks of one run are started, and what belongs to it. */
export interface LaunchPlan extends Pick<LaunchDefinition, "container" | "hold" | "otherwise"> {
  readonly request: RunTaskRequest;
}

export interface LauncherOptions {
  readonly defined: LaunchDefinition;
  readonly planFor: (defined: LaunchDefinition) => LaunchPlan;
  readonly undo: UndoList;
  readonly context: Pick<ResolveContext, "ecs" | "log">;
  /** The tags that the user asked for. No task is started without them. */
  readonly ownTags: Readonly<Record<string, string>>;
}

/** Starts tasks by a plan. Where ECS refuses the plan, the launcher goes on with the next one, if there is one. */
export class Launcher {
  #plan: LaunchPlan;
  readonly #options: LauncherOptions;
  readonly #replacements = new Set<string>();

  constructor(options: LauncherOptions) {
    this.#options = options;
    this.#plan = options.planFor(options.defined);
  }

  /** Whether the tasks may have public IP addresses. */
  get mayHavePublicIp(): boolean {
    return this.#plan.request.network.assignPublicIp === true;
  }

  async start(count: number): Promise<readonly Task[]> {
    return await this.#start(this.#plan.request, count);
  }

  targetOf(task: Task): Target {
    return targetOf(task, this.#plan.container, true, this.#plan.hold);
  }

  /** Whether this task may be replaced by one on demand: it may run on Spot, and is no replacement itself. */
  canReplace({ taskArn }: Target): boolean {
    return usesSpot(this.#plan.request) && !this.#replacements.has(taskArn);
  }

  /** Starts one more task, on Fargate instead of Fargate Spot. */
  async replaceOnDemand(): Promise<Target | undefined> {
    const [task] = await this.#start(onDemand(this.#plan.request), 1);
    if (task === undefined) return undefined;
    this.#replacements.add(task.arn);
    return this.targetOf(task);
  }

  async #start(request: RunTaskRequest, count: number): Promise<readonly Task[]> {
    const { undo, ownTags, context } = this.#options;
    const { ecs, log } = context;
    return await undo.whileStarting(request, () =>
      startTasks(request, count, {
        ecs,
        log,
        ownTags,
        token: () => `${request.clientToken}-${undo.nextCall()}`,
        onStarted: (tasks) => {
          for (const task of tasks) {
            undo.started(request, task.arn);
            log.info(`Started task ${lastPart(task.arn)} of ${lastPart(this.#plan.request.taskDefinition)}.`);
          }
        },
        otherwise: async (failure) => {
          const defined = await this.#plan.otherwise(failure);
          if (defined === undefined) return undefined;
          this.#plan = this.#options.planFor(defined);
          return this.#plan.request;
        },
      }),
    );
  }
}
