import type { Ecs } from "../aws/ecs.ts";
import type { Task } from "../aws/task.ts";
import type { Clock } from "../clock.ts";
import type { Failure } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import type { Origin } from "../origin.ts";
import type { Target } from "./target.ts";
import type { Undo } from "./undo.ts";

export interface ResolveContext {
  readonly inputs: Pick<Inputs, "cluster" | "where" | "container" | "region" | "timeout">;
  readonly ecs: Pick<
    Ecs,
    | "describeTask"
    | "describeTasks"
    | "listTasks"
    | "describeService"
    | "describeTaskDefinition"
    | "registerTaskDefinition"
    | "runTask"
  >;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly origin: Origin;
  /** The directory that a task definition's path is relative to. */
  readonly workspace: string;
  /**
   * Told all that would have to be undone now, each time that changes: before a task is started, again when its
   * ARN is known, and as soon as a task definition is registered. The caller saves it for the post step.
   */
  readonly onUndo: (undo: readonly Undo[]) => void;
}

/** Where the job runs. */
export interface Resolved {
  /** Whether they are ready is the next phase's. */
  readonly targets: readonly [Target, ...Target[]];
  /** The targets' tasks, as ECS has just told of them. */
  readonly seen: readonly Task[];
  /** Whether the tasks may have addresses outside their VPC. */
  readonly inPublic: boolean;
  /** Tasks that would do as well as the target: where its place is taken, theirs are tried before it is waited for. */
  readonly others: readonly string[];
  /**
   * Another task in the place of one in which the job can't start: the successor of a service's task, another of the
   * service for one that is busy or takes no session, or an on-demand one for a task that Spot took away. Undefined
   * where that is not why it can't, and where there is none; a replacement is replaced for want of a place only.
   */
  readonly instead: (lost: Target, failure: Failure) => Promise<Target | undefined>;
}

/** A run has a target, or it has failed before. */
export function allOf(targets: readonly Target[]): Resolved["targets"] {
  const [first, ...others] = targets;
  if (first === undefined) throw new Error("nothing was resolved to no target");
  return [first, ...others];
}
