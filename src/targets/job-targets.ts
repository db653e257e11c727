import type { Failure } from "../errors.ts";
import type { Task } from "../aws/task.ts";
import type { Candidates } from "./candidates.ts";
import type { Target } from "./target.ts";

/** The targets that the jobs of a run start in. */
export interface JobTargets {
  /** The next phase waits until they are ready. */
  readonly targets: readonly [Target, ...Target[]];
  /** Why further tasks were not started, one failure for each. */
  readonly notStarted?: readonly Failure[];
  /** The targets' tasks, as ECS has just described them. */
  readonly described: readonly Task[];
  /** Whether a task may have a public IP address: true unless this run starts it without one. */
  readonly mayHavePublicIp: boolean;
  /** Tasks that are started only when the jobs of others have ended. */
  readonly later?: LaterTargets | undefined;
  /** What can replace a target in which the job can't start; see `replacementFor`. */
  readonly candidates: Candidates;
}

/** New tasks of which no more may run at once than `max-parallel` allows. */
export interface LaterTargets {
  /** How many are still to be started. */
  readonly count: number;
  /** Starts one of them. Fails as the first ones do. */
  readonly start: () => Promise<Target>;
  /** Stops a task whose job has ended, so that another one may start. Rejects after a cancel only. */
  readonly stop: (target: Target) => Promise<void>;
}

/** The targets as a list that is known not to be empty. */
export function allOf(targets: readonly Target[]): JobTargets["targets"] {
  const [first, ...others] = targets;
  if (first === undefined) throw new Error("the inputs were resolved to no target");
  return [first, ...others];
}
