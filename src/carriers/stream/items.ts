import type { Refusal } from "./marks.ts";
import type { SpoolText } from "./records.ts";
import type { JobStatus } from "./status.ts";

/** Output of the job, or how much of it is certain. */
export type OutputItem =
  | SpoolText
  /** All bytes so far are those that the container sent. */
  | { readonly kind: "confirmed" }
  | Gap;

/**
 * Bytes are missing, or foreign bytes came in between. The next carrier repeats the spool from the byte `offset` on.
 */
export interface Gap {
  readonly kind: "gap";
  readonly expected: number;
  readonly got: number;
  readonly offset: number;
  /** Why the bytes can't be the container's, when their length does not show it. */
  readonly why?: string;
}

/** The end of the job. */
export type EndOfJob =
  /** It counts only when every byte before it has come. */
  | { readonly kind: "status"; readonly status: JobStatus }
  /** No job was started or found, or the job was killed without a status. `echo`: the terminal's echo can't be turned off. */
  | { readonly kind: "refused"; readonly code: Refusal | "echo"; readonly text: string };
