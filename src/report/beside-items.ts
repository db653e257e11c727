import { decisiveResult } from "./decisive.ts";
import type { ItemResult, ItemResults } from "./item-results.ts";
import { failuresOf, type Result, type TaskResult } from "./result.ts";

/**
 * The code of what failed a step besides the ends of its items: artifacts that had to come, a lock that was lost, a deployment that was not told, or
 * anything else although all items succeeded. Undefined when nothing did, and when a cancel is all that did: unless artifacts that had to come lack those
 * of an item that has succeeded.
 */
export function failureBesideItems(result: Result, mustArtifactsCome: boolean): string | undefined {
  if (result.kind !== "several" || result.items === undefined) return undefined;
  const { tasks, items } = result;
  const failures = tasks.flatMap((task) => {
    // The script had succeeded when the exit code of a failed result is 0.
    const isOfItems = task.kind === "failed" && task.exitCode !== 0 && task.failure.code !== "lock-lost";
    return failuresOf(task).slice(isOfItems ? 1 : 0);
  });
  if (failures[0] !== undefined) return failures[0].code;
  if (items.stoppedBy !== undefined && items.stoppedBy.code !== "cancelled") return items.stoppedBy.code;
  // A failed item decides how its task ends, whatever the task lacks.
  if (mustArtifactsCome && tasks.some((task, index) => isLacking(task, index, items)))
    return "artifacts-missing";
  const decisive = decisiveResult(result);
  if (items.items.some(({ outcome }) => outcome !== "succeeded")) return undefined;
  if (["succeeded", "cancelled"].includes(decisive.outcome)) return undefined;
  return decisive.kind === "failed" ? decisive.failure.code : decisive.outcome;
}

/** Whether artifacts of this task are missing. After a cancel only those of items that have succeeded count: all others run again. */
function isLacking({ task, outcome }: TaskResult, index: number, { items }: ItemResults): boolean {
  const { artifacts } = task ?? {};
  if (outcome !== "cancelled") return (artifacts?.problems ?? []).length > 0;
  const isOwn = (item: ItemResult): boolean => item.task === index && item.carriedFrom === undefined;
  return (
    artifacts?.problems.length !== 0 && items.some((item) => item.outcome === "succeeded" && isOwn(item))
  );
}
