import { logRetention } from "../../aws/s3-retention.ts";
import type { BucketName, ObjectName, S3 } from "../../aws/s3.ts";
import type { Clock } from "../../clock.ts";
import { isDenied } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { FOLDER_BUDGET, type FolderBudget } from "./budget.ts";
import { partName } from "./parts.ts";

/** How many objects of a folder have been read. The reader counts them itself: nothing that a container says is in these numbers. */
export interface ObjectCounts {
  /** Pieces before this number have been read. There may be further ones. */
  readonly next: number;
  /** The same for parts of artifacts; undefined when no artifacts were asked for. */
  readonly parts?: number | undefined;
}

/** A folder of pieces in the bucket. It holds no secret. */
export interface UploadedPieces extends BucketName, ObjectCounts {
  /** Ends in `/`. */
  readonly prefix: string;
  /**
   * How it is known that the container uploads no more. `read`: its last piece was read. `closed`: an attacher has taken the word that the end
   * of the job was taken, has ended the uploads, and then its session. `taken`: that word was typed. Undefined when the container may still
   * upload.
   */
  readonly end?: "read" | "closed" | "taken";
  /** With `closed`: when S3 has surely stored or dropped what was on its way then, in milliseconds since the epoch. */
  readonly storedAt?: number | undefined;
  /** The name of this step in `control`, where it follows the job by its handle: other steps may read the folder, too. */
  readonly reader?: string | undefined;
  /** The task is this run's own and its container is not held: only the container's command decides how long it goes on after the task was stopped. */
  readonly isUnheld?: true;
}

export interface DeletionContext {
  readonly s3: Pick<S3, "deleteObjects" | "getVersion">;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  readonly budget?: FolderBudget;
}

export interface DeletionOptions {
  /** When the deletion has to be over, in milliseconds since the epoch. */
  readonly until: number;
  /** Pieces and parts before these were deleted already. */
  readonly from?: ObjectCounts;
}

/** The first look behind the last object: two names without an object show the end, since a container writes one after the other. */
const FIRST_LOOK = 2;
/** How many names each further look has. */
const LOOK = 16;
const RULE = "A lifecycle rule of the bucket deletes what is left.";

/**
 * Deletes the pieces and parts, and the heartbeat. `control` is not deleted: the container may still have
 * to read it. Resolves with the numbers that the next piece and the next part would have. Fails when the time is over.
 */
export async function deletePieces(
  pieces: UploadedPieces,
  context: DeletionContext,
  { until, from = { next: 0, parts: 0 } }: DeletionOptions,
): Promise<ObjectCounts> {
  const { next, parts } = pieces;
  const looking = { ...context, until };
  const partsFrom = from.parts ?? 0;
  const names = [...namesOf(String, from.next, next), ...namesOf(partName, partsFrom, parts ?? 0), "alive"];
  const [unread, unreadParts] = await Promise.all([
    findUnread(String, next, pieces, looking),
    parts === undefined ? undefined : findUnread(partName, parts, pieces, looking),
    deleteAll(names, pieces, context, until),
  ]);
  const more = [
    ...namesOf(String, next, unread),
    ...(parts === undefined || unreadParts === undefined ? [] : namesOf(partName, parts, unreadParts)),
  ];
  await deleteAll(more, pieces, context, until);
  return { next: unread, parts: unreadParts };
}

function namesOf(nameOf: (number: number) => string, from: number, next: number): string[] {
  return Array.from({ length: Math.max(0, next - from) }, (_, index) => nameOf(from + index));
}

async function deleteAll(
  names: readonly string[],
  { bucket, owner, prefix }: UploadedPieces,
  { s3, log }: DeletionContext,
  until: number,
): Promise<void> {
  if (names.length === 0) return;
  const keys = names.map((name) => `${prefix}${name}`);
  const { kept, left } = await s3.deleteObjects({ bucket, owner }, keys, until);
  for (const [key, reason] of kept) logRetention(log, { bucket, owner, key }, reason);
  if (left > 0) throw new Error(`The time for it is over, and up to ${left} objects are left. ${RULE}`);
}

/**
 * Looks for objects that were uploaded and not read. Returns the number behind the last one. Another principal, and the container, may have
 * planted any number of them, so the looks are bounded.
 */
async function findUnread(
  nameOf: (number: number) => string,
  next: number,
  pieces: UploadedPieces,
  context: DeletionContext & { readonly until: number },
): Promise<number> {
  const limit = next + (context.budget ?? FOLDER_BUDGET).unread;
  let end = next;
  for (let at = next, width = FIRST_LOOK; at < limit; at += width, width = LOOK) {
    if (context.clock.now() > context.until) throw new Error(`The time for it is over. ${RULE}`);
    const numbers = Array.from({ length: Math.min(width, limit - at) }, (_, index) => at + index);
    const found = await Promise.all(
      numbers.map((number) => isStored(objectOf(pieces, nameOf(number)), context)),
    );
    if (!found.includes(true)) break;
    end = at + found.lastIndexOf(true) + 1;
  }
  return end;
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
