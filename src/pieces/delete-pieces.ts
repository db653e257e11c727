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
   * How it is known that the container uploads no more: its last piece was `read`, or a session has `taken` the end of
   * the job; undefined where it may still upload.
   */
  readonly end?: "read" | "taken";
}

export interface DeletionContext {
  readonly s3: Pick<S3, "deleteObject" | "getVersion">;
  readonly log: Log;
}

const AT_ONCE = 8;
/** This many names in a row without an object show the end: a container writes each piece after the one before it. */
const MISSING_AT_END = 2;
/** The most pieces beyond the last one that was read. Another principal may have planted any number. */
const MOST_UNREAD = 100_000;

/**
 * Deletes the pieces and the heartbeat. `control` is not deleted: the container may still have to read it. Resolves
 * with the number that the next piece would have.
 */
export async function deletePieces(pieces: UploadedPieces, context: DeletionContext): Promise<number> {
  const names = Array.from({ length: pieces.next }, (_, number) => String(number));
  const [next] = await Promise.all([
    deleteUnread(pieces, context),
    deleteEach([...names, "alive"], pieces, context),
  ]);
  return next;
}

async function deleteEach(
  names: readonly string[],
  pieces: UploadedPieces,
  { s3, log }: DeletionContext,
): Promise<void> {
  const left = names.values();
  const work = async (): Promise<void> => {
    for (const name of left) {
      const object = objectOf(pieces, name);
      logRetention(log, object, await s3.deleteObject(object));
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, names.length) }, work));
}

/** Deletes the pieces that were uploaded and not read. */
async function deleteUnread(pieces: UploadedPieces, context: DeletionContext): Promise<number> {
  let { next } = pieces;
  const limit = next + MOST_UNREAD;
  for (let number = next; number < next + MISSING_AT_END && number < limit; number += 1) {
    if (!(await exists(objectOf(pieces, String(number)), context))) continue;
    await deleteEach([String(number)], pieces, context);
    next = number + 1;
  }
  return next;
}

async function exists(object: ObjectName, { s3 }: DeletionContext): Promise<boolean> {
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
