import type { Refusal } from "./marks.ts";

/** What a carrier brings of a job's spool. */
export type SpoolEvent =
  /** The job runs or has run. Its spool follows, from this byte on. */
  | { readonly kind: "attached"; readonly at: number }
  /** Bytes of the spool, the first of which is byte `at`. They may repeat, and never skip. */
  | { readonly kind: "bytes"; readonly at: number; readonly bytes: Buffer }
  /** All bytes so far, up to this one, are those that the container has sent. */
  | { readonly kind: "confirmed"; readonly to: number }
  /** The end of the job: the length of its spool, and the words of the mark `.` or `!` (marks.ts). */
  | { readonly kind: "end"; readonly length: number; readonly words: string }
  /** No job was started or found, or the job was killed without a status. */
  | { readonly kind: "refused"; readonly code: Refusal | "echo"; readonly text: string }
  | Mismatch;

/** Bytes are missing, or foreign bytes came in between. */
export interface Mismatch {
  readonly kind: "mismatch";
  readonly expected: number;
  readonly got: number;
}
