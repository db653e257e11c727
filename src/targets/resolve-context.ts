import type { Ecs, ServiceRevision } from "../aws/ecs.ts";
import type { Clock } from "../clock.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import type { Origin } from "../inputs/origin.ts";
import type { MadeResource, StartedTask } from "./made/made-resource.ts";

/** The revision that a deployment brings. */
export interface NewRevision extends ServiceRevision {
  /** When its deployment began, in milliseconds since the epoch. None of its tasks is older. */
  readonly since: number;
  /** The revisions that it replaces. The definition is undefined when ECS does not know the revision any more. */
  readonly sources: readonly {
    readonly arn: string;
    readonly taskDefinitionArn: string | undefined;
  }[];
}

export interface ResolveContext {
  readonly inputs: Pick<
    Inputs,
    "cluster" | "where" | "container" | "region" | "timeout" | "startTimeout" | "maxParallel"
  >;
  readonly ecs: Pick<
    Ecs,
    | "describeTask"
    | "describeTasks"
    | "listTasks"
    | "describeService"
    | "describeExpressService"
    | "describeServiceRevision"
    | "describeTaskDefinition"
    | "listDefinitionFamilies"
    | "registerTaskDefinition"
    | "deregisterTaskDefinition"
    | "deleteTaskDefinition"
    | "runTask"
    | "stopTask"
  >;
  /** The service revision in whose tasks the job has to run; undefined: in any task of the service. */
  readonly revision?: NewRevision | undefined;
  /** How many of the new tasks are started at once; undefined: all that may run at once. The others start when they are asked for. */
  readonly tasksAtFirst?: number | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  readonly origin: Origin;
  /** Reads a file that an input names, by its path from the workspace or its absolute path. Throws when it may not be read. */
  readonly readFile: (path: string) => Uint8Array;
  /**
   * Called with the whole list of what has to be undone, at each change: before a task is started, when its ARN is
   * known, and when a task definition is registered. The caller saves the list for the post step. `stopped`: a task that was told to stop, and so is no
   * longer in the list.
   */
  readonly onUndo: (undo: readonly MadeResource[], stopped?: StartedTask) => void;
  /** Called when running tasks are about to be described: what does not need the answer may be asked meanwhile. */
  readonly onDescribing?: (() => void) | undefined;
}
