import type { ProcessIdentity } from "./process-identity.ts";

/** The argument with which a door starts the process of a forward. */
export const BACKGROUND = "background";
/** The line after the order: the process outlives the step. Without it, the end of the pipe ends the process. */
export const STAY = "stay";
/** The name of the state that the post step of a forward gets. */
export const STATE = "forward";

/** The first line that the process of a forward reads. */
export interface ForwardOrder {
  /** The variables of the step, with its inputs and credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The directory of its journal. */
  readonly directory: string;
  /** The runner's process, with which the forward ends. Undefined where it can't be seen, as from a container. */
  readonly worker: ProcessIdentity | undefined;
}

/** What the post step is told of the process of a forward. */
export interface ForwardState {
  readonly directory: string;
  /** Undefined when it was not started. */
  readonly process?: ProcessIdentity | undefined;
  /** The bytes of its journal that the step has shown. */
  readonly shown: number;
}
