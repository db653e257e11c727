import type { Failure } from "../errors.ts";
import type { SessionEnd } from "../session/end.ts";
import type { Gap } from "./stream/items.ts";
import type { Refusal } from "./stream/marks.ts";
import type { JobStatus, RefusalCode } from "./stream/status.ts";

/**
 * Why the container shows no job: a code of a mark, a code of the job's status, or `echo` when the terminal's echo
 * can't be turned off.
 */
export type ContainerRefusal = Refusal | RefusalCode | "echo";

/** The end of one carrier of the job's output, a session or a log. */
export type CarrierEnd =
  | { readonly kind: "status"; readonly status: JobStatus }
  /** The container started no job, or knows none. `text` says why. */
  | { readonly kind: "refused"; readonly code: ContainerRefusal; readonly text: string }
  /** The session ended without the job's status. */
  | { readonly kind: "ended"; readonly end: SessionEnd; readonly attached: boolean }
  /** The log does not hold the status. */
  | { readonly kind: "missing"; readonly attached: boolean }
  /** Bytes were lost on the way, or foreign bytes came in between. */
  | Gap;

/** The step has detached from the job, which goes on. */
export interface DetachedJob {
  readonly kind: "detached";
  /** Until when the container may upload its output, in milliseconds since the epoch; undefined when it was not ordered to. 0 when a session has taken over from the pieces since. */
  readonly writableUntil: number | undefined;
}

/** The end of following a job: the end of its last carrier, or why there can be no further carrier. */
export type JobEnd = CarrierEnd | DetachedJob | { readonly kind: "impossible"; readonly failure: Failure };
