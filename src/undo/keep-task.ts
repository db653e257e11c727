import { consoleHost } from "../aws/partitions.ts";
import type { Task } from "../aws/task.ts";
import type { Clock } from "../clock.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { HOLD_SLACK_MS } from "../targets/definitions/hold-command.ts";
import { besideOthers } from "../targets/made/made-resource.ts";
import type { Target } from "../targets/target.ts";
import { isEnding } from "../targets/tasks/choose-tasks.ts";
import type { Ledger } from "./ledger.ts";

/** A task at the end of a run. */
export interface EndedTask {
  readonly target: Pick<Target, "taskArn" | "taskId" | "clusterName" | "container">;
  readonly succeeded: boolean;
  /** Since when it runs (`runsSince`). */
  readonly startedAt: number | undefined;
}

/** What becomes of the tasks at the end of a run depends on this, too. */
export interface TasksEnd {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly isCancelled: boolean;
}

/** Since when a task runs, in milliseconds since the epoch; undefined when ECS has not told that it started, or told that it stops. */
export function runsSince(
  task:
    | {
        readonly startedAt: number | undefined;
        readonly described: Pick<Task, "lastStatus" | "desiredStatus"> | undefined;
      }
    | undefined,
): number | undefined {
  return task?.described !== undefined && isEnding(task.described) ? undefined : task?.startedAt;
}

/**
 * Drops the tasks that `keep-task` keeps from the ledger, so that the cleanup does not stop them. Returns them, for
 * `tellKept`. A task whose container has not started is stopped: there is nothing to look into, and it has no hold that ends it. A task
 * that stops by itself is not kept, either. A cancel keeps none: the job may still run there, and its cleanup may have stopped the task already.
 */
export function keepTasks(
  { where }: Pick<Inputs, "where">,
  tasks: readonly EndedTask[],
  { ledger, log, isCancelled }: TasksEnd,
): readonly EndedTask[] {
  if (where.kind !== "new" || where.start.keepTask === "job" || isCancelled) return [];
  const { keepTask } = where.start;
  return tasks.filter((task) => {
    const { taskArn } = task.target;
    if (!isKept(where, task)) return false;
    const kept = ledger.entries.filter((entry) => entry.kind === "task" && entry.taskArn === taskArn);
    for (const entry of kept) ledger.drop(entry);
    if (kept.length > 0) spare(taskArn, ledger);
    if (kept.length > 0) log.info(`Task ${taskArn} is kept: 'keep-task' is '${keepTask}'.`);
    return kept.length > 0;
  });
}

/** Leaves the tasks that live until the end of the workflow's job to the post step. A cancelled job has no further steps that need them. */
export function leaveTasks(
  { where }: Pick<Inputs, "where">,
  tasks: readonly EndedTask[],
  { ledger, log, isCancelled }: TasksEnd,
): void {
  if (where.kind !== "new" || where.start.keepTask !== "job" || isCancelled) return;
  const ended = new Set(tasks.map(({ target }) => target.taskArn));
  for (const entry of ledger.entries) {
    if (entry.kind !== "task" || entry.taskArn === undefined || !ended.has(entry.taskArn)) continue;
    ledger.exchange(entry, { ...entry, isForJob: true });
    spare(entry.taskArn, ledger);
    log.info(`Task ${entry.taskArn} lives until this job ends, for its later steps ('task').`);
  }
}

/** A task that was being started is found by what all tasks of the run have in common. The cleanup must not take this one for it. */
function spare(taskArn: string, ledger: Ledger): void {
  for (const entry of ledger.entries)
    if (entry.kind === "task" && entry.taskArn === undefined)
      ledger.exchange(entry, besideOthers(entry, [taskArn]));
}

/** Whether `keep-task` keeps a task. `succeeded` says whether its job has succeeded. */
export function isKept(
  where: Inputs["where"],
  { succeeded, startedAt }: Pick<EndedTask, "succeeded" | "startedAt">,
): boolean {
  if (where.kind !== "new" || startedAt === undefined) return false;
  const { keepTask } = where.start;
  return keepTask === "always" || keepTask === "job" || (keepTask === "on-failure" && !succeeded);
}

/** The command that opens a shell in this container, with the job's directory and variables. */
export function shellLine({ container, ...task }: EndedTask["target"], region: string): string {
  return `npx fargate-exec shell ${options(task, region)} --container ${container}`;
}

/** The command of the AWS CLI that opens a shell in this container. */
export function execLine({ container, ...task }: EndedTask["target"], region: string): string {
  return `aws ecs execute-command ${options(task, region)} --container ${container} --interactive --command /bin/sh`;
}

function options({ clusterName, taskId }: Omit<EndedTask["target"], "container">, region: string): string {
  return `--region ${region} --cluster ${clusterName} --task ${taskId}`;
}

/** How many kept tasks get a notice. The runner keeps ten notices of a step. */
const MOST_NOTICES = 3;

/** What a notice on a kept task depends on. */
export interface KeptContext {
  readonly inputs: Pick<Inputs, "where" | "region" | "timeout">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

/** Tells how long each kept task lives, and how to enter and stop it, with a notice for each of the first three. */
export function tellKept(
  kept: readonly EndedTask[],
  { inputs: { where, region, timeout }, clock, log }: KeptContext,
): void {
  const isHeld = where.kind === "new" && where.start.hold;
  for (const { target, startedAt = clock.now() } of kept.slice(0, MOST_NOTICES)) {
    const end = isHeld ? startedAt + timeout + HOLD_SLACK_MS : undefined;
    log.notice(noticeOn(target, region, end));
  }
  const more = kept.length - MOST_NOTICES;
  if (more > 0) log.info(`${more} more tasks are kept, as the lines above say.`);
}

/** `end`: when a held container ends by itself at the latest, in milliseconds since the epoch. */
function noticeOn(target: EndedTask["target"], region: string, end: number | undefined): string {
  const { clusterName, taskId } = target;
  const life =
    end === undefined
      ? "until its own command ends or you stop it"
      : `until ${new Date(end).toISOString().slice(0, 16).replace("T", " ")} UTC at the latest`;
  const host = consoleHost(region);
  return [
    `Task ${taskId} is kept, and costs, ${life}.`,
    `Open a shell: ${shellLine(target, region)}`,
    `Or by the AWS CLI: ${execLine(target, region)}`,
    `Stop it: aws ecs stop-task ${options(target, region)}`,
    ...(host === undefined
      ? []
      : [
          `Either in the console: https://${host}/ecs/v2/clusters/${clusterName}/tasks/${taskId}?region=${region}`,
        ]),
  ].join("\n");
}
