import { logRetention } from "../aws/s3-retention.ts";
import type { BucketName, ObjectName, S3 } from "../aws/s3.ts";
import { isDenied } from "../errors.ts";
import type { Log } from "../log.ts";

/** A folder of pieces in the bucket. It holds no secret. */
export interface UploadedPieces extends BucketName {
  /** Ends in `/`. */
  readonly prefix: string;
  /** Pieces before this number have been read. There may be further ones. */
  readonly next: number;
  /**
   * How it is known that the container uploads no more. `read`: its last piece was read. `taken`: a session has taken the
   * end of the job. Undefined when the container may still upload.
   */
  readonly end?: "read" | "taken";
}

export interface DeletionContext {
  readonly s3: Pick<S3, "deleteObjects" | "getVersion">;
  readonly log: Log;
}

/** This many names in a row without an object show the end: a container writes each piece after the one before it. */
const MISSING_AT_END = 2;
/** The most pieces beyond the last one that was read. Another principal may have planted any number. */
const MOST_UNREAD = 100_000;

/**
 * Deletes the pieces from number `from` on, and the heartbeat. `control` is not deleted: the container may still have
 * to read it. Resolves with the number that the next piece would have.
 */
export async function deletePieces(
  pieces: UploadedPieces,
  context: DeletionContext,
  from = 0,
): Promise<number> {
  const names = Array.from({ length: pieces.next - from }, (_, index) => String(from + index));
  const [next] = await Promise.all([
    deleteUnread(pieces, context),
    deleteAll([...names, "alive"], pieces, context),
  ]);
  return next;
}

async function deleteAll(
  names: readonly string[],
  pieces: UploadedPieces,
  { s3, log }: DeletionContext,
): Promise<void> {
  const { bucket, owner, prefix } = pieces;
  const kept = await s3.deleteObjects(
    { bucket, owner },
    names.map((name) => `${prefix}${name}`),
  );
  for (const [key, reason] of kept) logRetention(log, { bucket, owner, key }, reason);
}

/** Deletes the pieces that were uploaded and not read. */
async function deleteUnread(pieces: UploadedPieces, context: DeletionContext): Promise<number> {
  let { next } = pieces;
  const limit = next + MOST_UNREAD;
  const unread: string[] = [];
  for (let number = next; number < next + MISSING_AT_END && number < limit; number += 1) {
    if (!(await isStored(objectOf(pieces, String(number)), context))) continue;
    unread.push(String(number));
    next = number + 1;
  }
  if (unread.length > 0) await deleteAll(unread, pieces, context);
  return next;
}

async function isStored(object: ObjectName, { s3 }: DeletionContext): Promise<boolean> {
  try {
    return (await s3.getVersion(object, 0)) !== undefined;
  } catch (error) {
    // Without s3:ListBucket this is S3's answer for an object that does not exist.
    if (isDenied(error)) return false;
    throw error;
  }
}

function objectOf({ bucket, owner, prefix }: UploadedPieces, name: string): ObjectName {
  return { bucket, owner, key: `${prefix}${name}` };
}
