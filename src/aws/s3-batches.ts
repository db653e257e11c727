import type { Clock } from "../clock.ts";
import { isRefusedByAws } from "./failures.ts";
import type { BucketName, RetentionReason, S3 } from "./s3.ts";
import { deleteCalls, isVersion, look, MOST_VERSIONS } from "./s3-deletes.ts";
import type { S3Requester } from "./s3-requester.ts";

/** The most objects of one call (S3 API reference, DeleteObjects). */
const MOST_OBJECTS = 1_000;
/** The most calls of one object that are under way at once. */
const CALLS_AT_ONCE = 8;

/** An object to be deleted, and which version of it, if known. */
interface Deletion {
  readonly key: string;
  readonly versionId?: string | undefined;
}

/** Thrown instead of a call that would begin when the time for a deletion is over. */
class TimeOver extends Error {}

/** The call that deletes many objects. Those that the call refuses are deleted one by one, which tells why they are kept. */
export function batchCalls(ask: S3Requester, clock: Pick<Clock, "now">): Pick<S3, "deleteObjects"> {
  return {
    deleteObjects: async (bucket, keys, until = Infinity) => {
      const inTime: S3Requester = async (...call) => {
        if (clock.now() > until) throw new TimeOver();
        return await ask(...call);
      };
      const { deleteObject } = deleteCalls(inTime, inTime);
      const kept = new Map<string, RetentionReason>();
      for (let at = 0; at < keys.length; at += MOST_OBJECTS) {
        try {
          const refused = await deleteBatch(inTime, bucket, keys.slice(at, at + MOST_OBJECTS));
          await fewAtOnce(refused, async (key) => {
            const reason = await deleteObject({ ...bucket, key });
            if (reason !== undefined) kept.set(key, reason);
          });
        } catch (error) {
          if (error instanceof TimeOver) return { kept, left: keys.length - at };
          throw error;
        }
      }
      return { kept, left: 0 };
    },
  };
}

/** Deletes these objects with all of their versions. Returns the keys of those that S3 refuses to delete. */
async function deleteBatch(
  ask: S3Requester,
  bucket: BucketName,
  keys: readonly string[],
): Promise<readonly string[]> {
  const first = await look(ask, { ...bucket, key: keys[0] ?? "" });
  if (first === "absent" && keys.length === 1) return [];
  // That the bucket keeps no versions is known from one object.
  if (first !== undefined && first !== "absent" && !isVersion(first.versionId))
    return await send(
      ask,
      bucket,
      keys.map((key) => ({ key })),
    );
  const refused = new Set<string>();
  let rest = keys;
  for (let round = 0; rest.length > 0 && round < MOST_VERSIONS; round += 1) {
    const found = await lookAtEach(ask, bucket, rest);
    for (const key of await send(ask, bucket, found)) refused.add(key);
    // A version below the deleted one may be the current one now.
    rest = found.flatMap(({ key, versionId }) => (isVersion(versionId) && !refused.has(key) ? [key] : []));
  }
  // Objects with more than MOST_VERSIONS versions are left to the calls for each object.
  for (const key of rest) refused.add(key);
  return [...refused];
}

/** The current versions of the objects that exist. */
async function lookAtEach(
  ask: S3Requester,
  bucket: BucketName,
  keys: readonly string[],
): Promise<readonly Deletion[]> {
  const found: Deletion[] = [];
  await fewAtOnce(keys, async (key) => {
    const current = await look(ask, { ...bucket, key });
    if (current === "absent") return;
    const { versionId } = current ?? {};
    found.push({ key, ...(isVersion(versionId) && { versionId }) });
  });
  return found;
}

/** Makes one call. Returns the keys of the objects that S3 did not delete. */
async function send(
  ask: S3Requester,
  { bucket, owner }: BucketName,
  objects: readonly Deletion[],
): Promise<readonly string[]> {
  if (objects.length === 0) return [];
  const named = objects.map(({ key, versionId }) => ({
    Key: key,
    ...(versionId !== undefined && { VersionId: versionId }),
  }));
  try {
    return await ask("DeleteObject", { bucket }, async (client, { DeleteObjectsCommand }, options) => {
      const request = { Bucket: bucket, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
      const command = new DeleteObjectsCommand({ ...request, Delete: { Objects: named, Quiet: true } });
      const { Errors = [] } = await client.send(command, options);
      return Errors.flatMap(({ Key }) => Key ?? []);
    });
  } catch (error) {
    if (!isRefusedByAws(error)) throw error;
    // A store may not know this call. The calls for each object then say what is wrong.
    return objects.map(({ key }) => key);
  }
}

async function fewAtOnce(keys: readonly string[], act: (key: string) => Promise<void>): Promise<void> {
  const left = keys.values();
  const work = async (): Promise<void> => {
    for (const key of left) await act(key);
  };
  await Promise.all(Array.from({ length: Math.min(CALLS_AT_ONCE, keys.length) }, work));
}
