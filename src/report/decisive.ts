import type { Failure } from "../errors.ts";
import { type FailedItem, hasFailed, type ItemResults } from "./item-results.ts";
import { itemsNotEnded } from "./item-words.ts";
import {
  type CheckResult,
  failedAfter,
  type FailedResult,
  failureAfterSuccess,
  type Result,
  type TaskResult,
  withLostLock,
} from "./result.ts";

/**
 * The result that the step ends with. Of several tasks it is that of the first task that did not succeed; when all succeeded, that of the first
 * task. With items
 *
 * 1. it has the outcome and the exit code of the first item that failed, in the order of the list;
 * 2. else, when an item has not ended, it is the failure of a task, or says so: such a step never succeeds;
 * 3. else, when all items succeeded, a task that was lost, that never started or that was out of time fails nothing, since the others, or its
 *    own workers before, have done its part. What failed after the ends of the items does, with exit code 0: files that had to come, or a verdict.
 */
export function decisiveResult(result: Result): TaskResult | CheckResult {
  if (result.kind !== "several") return result;
  const { tasks, items } = result;
  const [first] = tasks;
  if (first === undefined) throw new Error("no task has a result");
  if (items !== undefined) return decisiveOfItems(first, tasks, items);
  return tasks.find(({ outcome }) => outcome !== "succeeded") ?? first;
}

function decisiveOfItems(first: TaskResult, tasks: readonly TaskResult[], results: ItemResults): TaskResult {
  const { items } = results;
  const decisive = items.find(hasFailed);
  if (decisive !== undefined) return resultOfItem(decisive, tasks, results) ?? first;
  const failing = tasks.filter(({ outcome }) => outcome !== "succeeded");
  if (items.every(({ outcome }) => outcome === "succeeded")) {
    const succeeded = tasks.find(({ outcome }) => outcome === "succeeded") ?? withoutItsWorkers(tasks);
    const decisive = failing.find((task) => !isReplaceable(task));
    return decisive ?? (succeeded === undefined ? first : (afterItems(failing) ?? succeeded));
  }
  const unknown = items.some(({ outcome }) => outcome === "unknown")
    ? failing.find(({ outcome }) => outcome === "unknown")
    : undefined;
  return unknown ?? failing[0] ?? withoutEnd(first, results);
}

/**
 * The success of items in a task whose workers did not end well: the job's time was over while they waited for further items, or one was killed
 * that had none. Undefined when no job has told its end.
 */
function withoutItsWorkers(tasks: readonly TaskResult[]): TaskResult | undefined {
  const ended = tasks.find(({ kind }) => kind === "status");
  return ended?.kind === "status" ? { ...ended, outcome: "succeeded", exitCode: 0 } : undefined;
}

/** Whether other tasks may have done the part of this task: it was lost, never started, lost a worker, or waited for items until its time was over. */
function isReplaceable({ kind, outcome }: TaskResult): boolean {
  const outcomes = kind === "status" ? ["failed", "timed-out"] : ["not-started", "unknown"];
  return outcomes.includes(outcome);
}

/** What failed after the ends of the items in tasks that others have replaced. */
function afterItems(tasks: readonly TaskResult[]): FailedResult | undefined {
  const [first] = tasks.flatMap((task) =>
    task.kind === "detached" || task.later === undefined ? [] : [failureAfterSuccess(task, task.later)],
  );
  return first;
}

/** The tasks that failed although the step has succeeded, because all items have succeeded. */
export function replacedTasks(
  result: Result,
): readonly { readonly task: number; readonly result: TaskResult }[] {
  if (result.kind !== "several" || result.items === undefined) return [];
  if (decisiveResult(result).outcome !== "succeeded") return [];
  return result.tasks.flatMap((each, task) => (each.outcome === "succeeded" ? [] : [{ task, result: each }]));
}

/** Undefined when no task is known, in which an item can't have run. */
function resultOfItem(
  { exitCode, outcome, task: index }: FailedItem,
  tasks: readonly TaskResult[],
  { stoppedBy }: ItemResults,
): TaskResult | undefined {
  const own = tasks.find((each, task) => task === index && each.task !== undefined);
  const result = own ?? tasks.find(({ task }) => task !== undefined);
  if (result?.task === undefined) return undefined;
  if (outcome === "cancelled") {
    // The task's failure says more, such as that the lock was lost, or that the credentials ended before the job.
    const stopped = tasks.find((each) => each.kind === "failed" && each.outcome === "cancelled");
    const cause = stopped ?? (stoppedBy === undefined ? own : undefined);
    if (cause?.kind === "failed") return { ...cause, outcome, exitCode };
    if (stoppedBy !== undefined && stoppedBy.code !== "cancelled") return stoppedResult(result, stoppedBy);
  }
  const { task, earlier } = result;
  const workers = result.kind === "status" ? result.workers : [];
  return { kind: "status", outcome, exitCode, workers, task, ...(earlier && { earlier }) };
}

/** The result of a step in which no task has failed, but some items have not ended. */
function withoutEnd(first: TaskResult, results: ItemResults): FailedResult {
  if (results.stoppedBy !== undefined) return stoppedResult(first, results.stoppedBy);
  const isUnknown = results.items.some(({ outcome }) => outcome === "unknown");
  return {
    ...{ kind: "failed", outcome: isUnknown ? "unknown" : "not-started", exitCode: undefined },
    ...{
      failure: itemsNotEnded(results),
      task: first.task,
      ...(first.earlier && { earlier: first.earlier }),
    },
  };
}

function stoppedResult({ task, earlier }: TaskResult, failure: Failure): FailedResult {
  return { kind: "failed", outcome: "cancelled", exitCode: 130, failure, task, ...(earlier && { earlier }) };
}

/** A task of a step, with whether it has done all that it was given. */
export interface JudgedTask {
  readonly result: TaskResult;
  /** With items also each item whose last run began in the task has to have succeeded, or other tasks have done its part of a green step. */
  readonly succeeded: boolean;
}

/** The tasks of a step, each with its own success. */
export function judgedTasks(result: Result): readonly JudgedTask[] {
  if (result.kind === "checked") return [];
  const tasks = result.kind === "several" ? result.tasks : [result];
  const items = result.kind === "several" ? (result.items?.items ?? []) : [];
  const failed = new Set(items.flatMap(({ task, outcome }) => (outcome === "succeeded" ? [] : [task])));
  const replaced = new Set(replacedTasks(result).map(({ task }) => task));
  return tasks.map((each, task) => ({
    result: each,
    succeeded: (each.outcome === "succeeded" && !failed.has(task)) || replaced.has(task),
  }));
}

/** The results of a step that has lost its lock: those of jobs that were stopped for it, and of items that have not ended, say so. */
export function withLostLockIn(result: Result, lost: Failure): Result {
  if (result.kind === "checked") return result;
  if (result.kind !== "several") return withLostLock(result, lost);
  const tasks = result.tasks.map((each) => withLostLock(each, lost));
  return { ...result, tasks, ...(result.items && { items: { ...result.items, stoppedBy: lost } }) };
}

/**
 * The result of a step whose script succeeded, but whose deployment could not be told of that. Or a cancel or a lost lock rolled the
 * deployment back.
 */
export function withoutVerdict(result: Result, failure: Failure): Result {
  if (result.kind === "checked") return result;
  if (result.kind !== "several") return failedAfter(result, failure);
  const decisive = decisiveResult(result);
  return {
    ...result,
    tasks: result.tasks.map((each) => (each === decisive ? failedAfter(each, failure) : each)),
  };
}
