import type { Announcement, Refusal } from "./marks.ts";
import type { SpoolText } from "./records.ts";
import type { JobStatus } from "./status.ts";

/** An item of a session or of a session's log. */
export type ExtractedItem =
  | SpoolText
  | Announcement
  /** The container asks for the payload to be typed. */
  | { readonly kind: "payload-wanted" }
  /** The container has got the payload and asks for the secrets. */
  | { readonly kind: "secrets-wanted" }
  /** Another run in the container asks for a sign of the reader. */
  | { readonly kind: "sign-wanted" }
  /** The job runs or has run. Its spool follows, from the byte `offset` on. */
  | { readonly kind: "attached"; readonly offset: number }
  /** A note of the container for the user. */
  | { readonly kind: "note"; readonly text: string }
  /** The end of the job. It counts only when every byte before it has been read. */
  | { readonly kind: "status"; readonly status: JobStatus }
  /** No job was started or found, or the job was killed without a status. */
  | { readonly kind: "refused"; readonly code: Refusal; readonly text: string }
  /** All bytes so far are those that the container sent. */
  | { readonly kind: "confirmed" }
  | Gap;

/**
 * Bytes are missing, or foreign bytes came in between. The next session repeats the spool from the byte `offset` on.
 */
export interface Gap {
  readonly kind: "gap";
  readonly expected: number;
  readonly got: number;
  readonly offset: number;
  /** Why the bytes can't be the container's, when their length does not show it. */
  readonly why?: string;
}

/** An item for the printer: output of the job, or how much of it is certain. */
export type OutputItem = SpoolText | Extract<ExtractedItem, { kind: "confirmed" | "gap" }>;

/** Whether an item is for the printer. The others are for the one who follows the session. */
export function isOutput(item: ExtractedItem): item is OutputItem {
  switch (item.kind) {
    case "text":
    case "header":
    case "file-command":
    case "file-left-out":
    case "artifact-bytes":
    case "artifact-fact":
    case "confirmed":
    case "gap":
      return true;
    default:
      return false;
  }
}
