import type { Task } from "../aws/task.ts";
import type { Candidates } from "./candidates.ts";
import type { Target } from "./target.ts";

/** Where the job runs. */
export interface JobTargets {
  /** The next phase waits until they are ready. */
  readonly targets: readonly [Target, ...Target[]];
  /** The targets' tasks, as ECS has just described them. */
  readonly seen: readonly Task[];
  /** Whether the tasks may have addresses outside their VPC. */
  readonly inPublic: boolean;
  /** What there is in the place of a target in which the job can't start; see `replacementFor`. */
  readonly candidates: Candidates;
}

/** A run has a target, or it has failed before. */
export function allOf(targets: readonly Target[]): JobTargets["targets"] {
  const [first, ...others] = targets;
  if (first === undefined) throw new Error("nothing was resolved to no target");
  return [first, ...others];
}
