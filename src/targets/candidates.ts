import type { Launcher } from "./start/launcher.ts";
import type { Target } from "./target.ts";
import type { ServiceCandidates } from "./tasks/service-candidates.ts";

/** What can replace a target in which the job can't start. */
export type Candidates =
  /** Nothing: the user named the task. */
  | { readonly kind: "none" }
  | ServiceCandidates
  /** New tasks, started like the first ones. */
  | { readonly kind: "new"; readonly launcher: Launcher };

/** ARNs of the other tasks that a job tries before it queues for a seat. */
export function othersToTry(candidates: Candidates): readonly string[] {
  return candidates.kind === "service" ? candidates.others : [];
}

/** For how long a new task may make no progress before it is replaced, in milliseconds; undefined: it is not replaced. */
export function stuckAfter(candidates: Candidates, target: Pick<Target, "taskArn">): number | undefined {
  if (candidates.kind !== "new" || candidates.launcher.isReplacement(target)) return undefined;
  return candidates.launcher.stuckAfter;
}
