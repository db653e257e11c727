import { decisiveResult } from "./decisive.ts";
import type { Result } from "./result.ts";

/**
 * The code of what failed a step besides the ends of its items: artifacts that had to come, a lock that was lost, a deployment that was not told, or
 * anything else although all items succeeded. Undefined when nothing did, and when a cancel is all that did.
 */
export function failureBesideItems(result: Result, mustArtifactsCome: boolean): string | undefined {
  if (result.kind !== "several" || result.items === undefined) return undefined;
  const { tasks, items } = result;
  const failures = tasks.flatMap((task) => (task.kind === "failed" ? [task] : []));
  // The script had succeeded when the exit code of a failed result is 0.
  const after = failures.find(({ exitCode, failure }) => exitCode === 0 || failure.code === "lock-lost");
  if (after !== undefined) return after.failure.code;
  if (items.stoppedBy !== undefined && items.stoppedBy.code !== "cancelled") return items.stoppedBy.code;
  // A failed item decides how its task ends, whatever the task lacks.
  const lacking = tasks.filter(({ task }) => (task?.artifacts?.problems ?? []).length > 0);
  if (mustArtifactsCome && lacking.some(({ outcome }) => outcome !== "cancelled")) return "artifacts-missing";
  const decisive = decisiveResult(result);
  if (items.items.some(({ outcome }) => outcome !== "succeeded")) return undefined;
  if (["succeeded", "cancelled"].includes(decisive.outcome)) return undefined;
  return decisive.kind === "failed" ? decisive.failure.code : decisive.outcome;
}
