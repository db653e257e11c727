import type { Failure } from "../errors.ts";
import type { SessionEnd } from "../session/session.ts";
import type { Gap } from "../stream/extract.ts";
import type { Refusal } from "../stream/marks.ts";
import type { JobStatus, RefusalCode } from "../stream/status.ts";

/** Why the container shows no job: by a mark, by the job's status, or since its terminal's echo can't be turned off. */
export type ContainerRefusal = Refusal | RefusalCode | "echo";

/** What one carrier of the job's output came to: a session, or a log. */
export type CarrierEnd =
  | { readonly kind: "status"; readonly status: JobStatus }
  /** The container started no job, or knows none, and says why. */
  | { readonly kind: "refused"; readonly code: ContainerRefusal; readonly text: string }
  /** The session ended without the job's status. */
  | { readonly kind: "ended"; readonly end: SessionEnd; readonly attached: boolean }
  /** The log never held the status. */
  | { readonly kind: "missing"; readonly attached: boolean }
  /** Bytes were lost on the way, or others came in between. */
  | Gap;

/** What following a job came to: what the last carrier came to, or why there can be no further one. */
export type JobEnd = CarrierEnd | { readonly kind: "impossible"; readonly failure: Failure };
