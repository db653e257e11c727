import type { Log } from "../log.ts";
import type { ObjectName } from "./s3.ts";

/** Why a bucket still has the bytes of an object that was deleted. */
export type Kept =
  /** Its versions may not be deleted, or not be known. */
  | { readonly why: "right"; readonly right: "s3:DeleteObjectVersion" | "s3:GetObject" }
  /** Object Lock: nobody may delete the version before that, or while somebody's legal hold lasts. */
  | { readonly why: "lock"; readonly until: Date | undefined };

/** A process is one step: its script and its claims are told of once. */
const warned = new Set<string>();

/**
 * Says that the bytes are still there. What a right would mend is a warning, in the same words for every object of a
 * bucket; a lock is the bucket owner's intention.
 */
export function sayKept(log: Log, { bucket, key }: ObjectName, kept: Kept | undefined): void {
  if (kept === undefined) return;
  if (kept.why === "lock") {
    const until = kept.until === undefined ? "until that is lifted" : `until ${kept.until.toISOString()}`;
    log.info(
      `s3://${bucket}/${key} is hidden by a delete marker; its bytes stay, protected by Object Lock ${until}.`,
    );
    return;
  }
  const missing =
    kept.right === "s3:GetObject"
      ? "without 's3:GetObject' it is not known which version to delete"
      : "to delete a version needs 's3:DeleteObjectVersion'";
  const words =
    `The bucket '${bucket}' keeps versions. What this step deletes there is hidden by delete markers, and its bytes stay: ${missing}. ` +
    `Allow '${kept.right}' on the staged objects in the policy of the caller's role, or let a lifecycle rule expire noncurrent versions.`;
  if (warned.has(words)) return;
  warned.add(words);
  log.warning(words);
}
