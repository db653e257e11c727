import type { Log } from "../log.ts";
import type { RetentionReason, ObjectName } from "./s3.ts";

/**
 * Logs that the bytes of a deleted object are kept. A missing right is a warning, once for each bucket and right. An Object
 * Lock is the owner's intention, so it is a plain line.
 */
export function logRetention(
  log: Pick<Log, "info" | "warnOnce">,
  { bucket, key }: ObjectName,
  kept: RetentionReason | undefined,
): void {
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
    `The bucket '${bucket}' keeps versions. What this run deletes there is hidden by delete markers, and its bytes stay: ${missing}. ` +
    `Allow '${kept.right}' on the staged objects in the policy of the caller's role, or let a lifecycle rule expire noncurrent versions.`;
  log.warnOnce(words, "iam/README.md#what-a-step-does-without-a-right");
}
