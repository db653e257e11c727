import type { Task } from "../aws/task.ts";
import type { Candidates } from "./candidates.ts";
import type { Target } from "./target.ts";

/** The targets that the jobs of a run start in. */
export interface JobTargets {
  /** The next phase waits until they are ready. */
  readonly targets: readonly [Target, ...Target[]];
  /** The targets' tasks, as ECS has just described them. */
  readonly described: readonly Task[];
  /** Whether a task may have a public IP address: true unless this run starts it without one. */
  readonly mayHavePublicIp: boolean;
  /** Tasks that are started while jobs run in the first ones. */
  readonly later?: LaterTargets | undefined;
  /** What can replace a target in which the job can't start; see `findReplacement`. */
  readonly candidates: Candidates;
}

/** New tasks that come after the first ones. */
export interface LaterTargets {
  /** How many there are. */
  readonly count: number;
  /** How many tasks may run at once, the first ones included. */
  readonly atOnce: number;
  /** The next of them, and what ECS has said of it. Waits until it is started, and fails as its start does. */
  readonly next: () => Promise<{ readonly target: Target; readonly described: Task }>;
  /** Starts no further one. Resolves when no start is under way. */
  readonly close: () => Promise<void>;
  /**
   * To be called when the job of a target has ended. `stoppable` is its task, unless that is kept: it is stopped when another one may start
   * only after that. Rejects only after a cancel.
   */
  readonly jobEnds: (stoppable: Target | undefined) => Promise<void>;
}

/** The targets as a list that is known not to be empty. */
export function allOf(targets: readonly Target[]): JobTargets["targets"] {
  const [first, ...others] = targets;
  if (first === undefined) throw new Error("the inputs were resolved to no target");
  return [first, ...others];
}
