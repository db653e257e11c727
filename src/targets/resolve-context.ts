import type { Ecs } from "../aws/ecs.ts";
import type { Clock } from "../clock.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import type { Origin } from "../origin.ts";
import type { MadeResource } from "./made-resource.ts";

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
  readonly onUndo: (undo: readonly MadeResource[]) => void;
}
