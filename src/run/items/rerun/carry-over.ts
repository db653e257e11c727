import { hasContainerEnded, type Task } from "../../../aws/task.ts";
import type { Inputs } from "../../../inputs/inputs.ts";
import { LOOK_EVERY } from "../../../ready/wait.ts";
import type { ItemResult } from "../../../report/item-results.ts";
import { countNouns } from "../../../report/item-words.ts";
import { NO_OUTPUT, type Result, type TaskResult } from "../../../report/result.ts";
import type { Target } from "../../../targets/target.ts";
import type { TaskLooks } from "../../../targets/tasks/task-looks.ts";
import { tellWhile } from "../../../waiting.ts";
import type { StepContext } from "../../step-context.ts";
import type { CarriedItems } from "./carried-items.ts";
import { type Program, whatChanged } from "./earlier-runs.ts";

/** How many new tasks are started before it is known which items have to run; undefined: all that the inputs ask for. Never rejects. */
export async function tasksAtFirst(
  carried: CarriedItems | undefined,
  inputs: Pick<Inputs, "items" | "where" | "workers">,
): Promise<number | undefined> {
  const { items, where } = inputs;
  if (items === undefined || where.kind !== "new") return undefined;
  const mayHaveEarlier = carried?.mayHaveEarlier === true;
  // The list is known once the first task has printed it.
  if (items.source.kind === "command") return mayHaveEarlier ? 1 : undefined;
  const { length } = items.source.items;
  if (mayHaveEarlier) await carried.recall(items.source.items);
  return tasksFor(carried?.hasEarlier === true ? carried.leftOf(length) : length, where.tasks, inputs);
}

/** How many of these tasks are needed for `left` items: at least one. */
export function tasksFor(
  left: number,
  tasks: number,
  { workers, items }: Pick<Inputs, "items" | "workers">,
): number {
  // What `auto` will be is known once the tasks run.
  const [atOnce, each] = [workers, items?.batch ?? 1].map((one) => (one === "auto" ? 1 : one));
  return Math.max(1, Math.min(tasks, Math.ceil(left / ((atOnce ?? 1) * (each ?? 1)))));
}

/** Which items of a list run, and in how many tasks. */
export interface CarryOver {
  /** The results of those that need not run, by their indices. */
  readonly carried: ReadonlyMap<number, ItemResult>;
  /** 0 when none has to run. */
  readonly tasks: number;
}

export interface CarryOverOptions {
  readonly carried: CarriedItems | undefined;
  /** The targets that are known so far. */
  readonly targets: readonly [Target, ...Target[]];
  readonly looks: TaskLooks;
  /** How many tasks the inputs ask for. */
  readonly tasks: number;
}

/**
 * Decides which items run, before any is handed out. Waits until the first task tells its image when an earlier run has left something. Rejects
 * after a cancel, and when the items' memory can't be kept from misleading the next run.
 */
export async function carryOver(
  list: readonly string[],
  { carried, targets, looks, tasks }: CarryOverOptions,
  step: StepContext,
): Promise<CarryOver> {
  const results = (await resultsOf(list, { carried, targets, looks }, step)) ?? new Map<number, ItemResult>();
  const left = list.length - results.size;
  if (left === 0) return { carried: results, tasks: 0 };
  // The others have been started already: see `tasksAtFirst`.
  const allStarted = step.inputs.items?.source.kind === "command" && carried?.mayHaveEarlier !== true;
  const needed = allStarted ? tasks : tasksFor(left, tasks, step.inputs);
  if (needed < tasks)
    step.log.info(`${countNouns(left, "item")} to run: no more than ${needed} of ${tasks} tasks are needed.`);
  return { carried: results, tasks: needed };
}

/** The results of the items that need not run; undefined when no earlier run is asked. */
async function resultsOf(
  list: readonly string[],
  { carried, targets, looks }: Omit<CarryOverOptions, "tasks">,
  step: StepContext,
): Promise<CarryOver["carried"] | undefined> {
  if (carried === undefined) return undefined;
  await carried.recall(list);
  const program = carried.hasEarlier ? await findProgram(targets, { carried, looks }, step) : undefined;
  return await carried.begin(list, program);
}

/** What the items would run in. Undefined when ECS does not tell it, or when it is not the same in all of these targets. */
async function findProgram(
  targets: readonly [Target, ...Target[]],
  { carried, looks }: { readonly carried: CarriedItems; readonly looks: TaskLooks },
  step: StepContext,
): Promise<Program | undefined> {
  // New tasks have one definition, so the first of them speaks for all.
  const [first, ...others] = targets;
  const asked = first.started ? [first] : [first, ...others];
  const finding = Promise.all(asked.map((target) => programIn(target, { carried, looks }, step)));
  const [program, ...more] = await tellWhile("ECS to tell the image of the task", step, finding);
  if (program === undefined) return undefined;
  const isOne = more.every((other) => other !== undefined && whatChanged(program, other) === undefined);
  return isOne ? program : undefined;
}

async function programIn(
  target: Target,
  { carried, looks }: { readonly carried: CarriedItems; readonly looks: TaskLooks },
  { clock, cancel, inputs }: StepContext,
): Promise<Program | undefined> {
  const { clusterArn, taskArn, container } = target;
  const deadline = clock.now() + inputs.startTimeout;
  for (;;) {
    cancel.throwIfAborted();
    const task = await looks.describeTask(clusterArn, taskArn);
    const program = task && carried.programOf(task, target);
    if (program !== undefined) return program;
    if (task !== undefined && isPastPull(task, container)) return undefined;
    if (clock.now() > deadline) return undefined;
    await clock.sleep(LOOK_EVERY, cancel);
  }
}

/** Whether ECS would have told the digest of the image by now. */
function isPastPull(task: Task, container: string): boolean {
  return (
    task.lastStatus === "RUNNING" || task.desiredStatus === "STOPPED" || hasContainerEnded(task, container)
  );
}

/**
 * The result of a step none of whose items had to run. Its task was only looked at, so whether it runs by now is not told: `keep-task` keeps no task
 * in which there is nothing to look into, unless later steps run in it.
 */
export function nothingToRun(carried: CarryOver["carried"], target: Target, looks: TaskLooks): Result {
  const described = looks.lastLook(target.taskArn);
  const task: TaskResult = {
    ...{ kind: "status", outcome: "succeeded", exitCode: 0, workers: [] },
    task: {
      ...{ target, described, startedAt: undefined, ...NO_OUTPUT },
      ...{ publicIp: undefined, sessionId: undefined, log: undefined, times: undefined },
    },
  };
  const items = [...carried.values()].toSorted((one, other) => one.index - other.index);
  return { kind: "several", tasks: [task], items: { items, workers: [] } };
}
