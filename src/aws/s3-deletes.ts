import type { DeleteObjectCommandOutput } from "@aws-sdk/client-s3";
import { Failure, isDenied } from "../errors.ts";
import { isAccessDenied, isNamed } from "./failures.ts";
import { dateOf } from "./s3-date.ts";
import type { RetentionReason, ObjectName, S3, StoredVersion, WrittenObject } from "./s3.ts";
import { type S3Requester, objectMembers } from "./s3-requester.ts";
import { isOtherwise } from "./s3-writes.ts";

/** The most versions of an object that are deleted. A repeated request writes a version twice, so there are few. */
export const MOST_VERSIONS = 5;

/**
 * The calls that delete an object. They carry `If-Match`, because a bucket policy may demand it. S3 checks it for the
 * current version only (S3 User Guide, conditional deletes), so the deletion of another version is repeated without it.
 */
export function deleteCalls(
  ask: S3Requester,
  finish: S3Requester,
): Pick<S3, "deleteObject" | "deleteVersion" | "deleteIf"> {
  return {
    deleteObject: async (object) => {
      let known: CurrentVersion | undefined = isKnown(object) ? object : await look(ask, object);
      const again = !isKnown(object) || object.repeated === true;
      for (let count = 1; known !== "absent"; count += 1) {
        const kept = await deleteWritten(ask, object, known ?? {});
        if (kept !== undefined || !again || !isVersion(known?.versionId) || count === MOST_VERSIONS)
          return kept;
        known = await look(ask, object);
        if (known === undefined) return undefined;
      }
      return undefined;
    },

    deleteVersion: async (object, versionId) => await deleteVersion(finish, object, { versionId }),

    deleteIf: async (object, version) => {
      const { etag, versionId } = version;
      const kept = isVersion(versionId)
        ? await deleteVersion(finish, object, { versionId, etag })
        : undefined;
      if (isVersion(versionId) && kept === undefined) return { deleted: true, kept };
      const deleted = await finish("DeleteObject", object, async (client, sdk, options) => {
        try {
          await client.send(
            new sdk.DeleteObjectCommand({ ...objectMembers(object), IfMatch: etag }),
            options,
          );
          return true;
        } catch (error) {
          if (isOtherwise(error)) return false;
          throw error;
        }
      });
      return { deleted, kept };
    },
  };
}

/** The current version at a key. */
type CurrentVersion = Partial<StoredVersion> | "absent";

/** The current version; undefined when it may not be read. */
export async function look(
  ask: S3Requester,
  object: ObjectName,
): Promise<(Partial<StoredVersion> & Lock) | "absent" | undefined> {
  try {
    return await ask("GetObject", object, async (client, { HeadObjectCommand }, options) => {
      try {
        const found = await client.send(new HeadObjectCommand(objectMembers(object)), options);
        return {
          ...(found.ETag !== undefined && { etag: found.ETag }),
          versionId: found.VersionId,
          until: stillLocked(found.ObjectLockRetainUntilDate, dateOf(found)),
          held: found.ObjectLockLegalHoldStatus === "ON",
        };
      } catch (error) {
        if (isGone(error)) return "absent";
        throw error;
      }
    });
  } catch (error) {
    if (isDenied(error)) return undefined;
    throw error;
  }
}

/** The end of a lock, unless it is over by S3's clock. */
function stillLocked(until: Date | undefined, now: number | undefined): Date | undefined {
  return until !== undefined && until.getTime() <= (now ?? -Infinity) ? undefined : until;
}

interface Lock {
  /** Undefined once it is over. Known only with the right s3:GetObjectRetention. */
  readonly until: Date | undefined;
  readonly held: boolean;
}

/** Deletes the known version; without one, the object, whose bytes then stay behind a delete marker. */
async function deleteWritten(
  ask: S3Requester,
  object: ObjectName,
  { etag, versionId }: Partial<StoredVersion>,
): Promise<RetentionReason | undefined> {
  const kept = isVersion(versionId) ? await deleteVersion(ask, object, { versionId, etag }) : undefined;
  if (isVersion(versionId) && kept === undefined) return undefined;
  const answer = await deleteCurrent(ask, object, etag);
  const marked = answer.DeleteMarker === true && isVersion(answer.VersionId);
  // A version of `null`, as with suspended versioning, does not outlive the deletion.
  return kept ?? (marked && versionId === undefined ? { why: "right", right: "s3:GetObject" } : undefined);
}

/** Undefined when the version is gone. */
async function deleteVersion(
  ask: S3Requester,
  object: ObjectName,
  { versionId, etag }: { readonly versionId: string; readonly etag?: string | undefined },
): Promise<RetentionReason | undefined> {
  try {
    await ask("DeleteObjectVersion", object, async (client, { DeleteObjectCommand }, options) => {
      const request = { ...objectMembers(object), VersionId: versionId };
      const send = (more: { readonly IfMatch?: string }) =>
        client.send(new DeleteObjectCommand({ ...request, ...more }), options);
      try {
        if (etag !== undefined) return await send({ IfMatch: etag });
      } catch (error) {
        if (!isOtherwise(error) && !isUnsupported(error)) throw error;
      }
      try {
        return await send({});
      } catch (error) {
        if (!isGone(error)) throw error;
        return undefined;
      }
    });
    return undefined;
  } catch (error) {
    if (!isDenied(error)) throw error;
    return await whyKept(ask, object, error);
  }
}

/**
 * Why a version is kept. This looks at the current version even when another one is kept, because a look at the other one
 * needs a right of its own. The run has written both, and a bucket's Object Lock holds for every version.
 */
async function whyKept(ask: S3Requester, object: ObjectName, { cause }: Failure): Promise<RetentionReason> {
  const found = await look(ask, object);
  if (found !== undefined && found !== "absent") {
    if (found.held) return { why: "lock", until: undefined };
    if (found.until !== undefined) return { why: "lock", until: found.until };
  }
  if (cause instanceof Error && /object lock/i.test(cause.message)) return { why: "lock", until: undefined };
  return { why: "right", right: "s3:DeleteObjectVersion" };
}

/**
 * Deletes the object of this ETag or, without an ETag, any object, because no other program writes under these keys. Tries three conditions: the
 * ETag; `If-Match: *`, which satisfies a policy and needs no s3:GetObject; no condition, for stores that don't know conditions. Fails with the first
 * denial, or without one with the last answer.
 */
async function deleteCurrent(
  ask: S3Requester,
  object: ObjectName,
  etag: string | undefined,
): Promise<DeleteObjectCommandOutput> {
  return await ask("DeleteObject", object, async (client, { DeleteObjectCommand }, options) => {
    const conditions = [...(etag === undefined ? [] : [{ IfMatch: etag }]), { IfMatch: "*" }, {}];
    let denied: unknown;
    let last: unknown;
    for (const condition of conditions) {
      try {
        return await client.send(
          new DeleteObjectCommand({ ...objectMembers(object), ...condition }),
          options,
        );
      } catch (error) {
        if (isGone(error)) return { $metadata: {} };
        if (isAccessDenied(error)) denied ??= error;
        else if (!isOtherwise(error) && !isUnsupported(error)) throw error;
        last = error;
      }
    }
    throw denied ?? last;
  });
}

function isKnown({ etag, versionId }: WrittenObject): boolean {
  return etag !== undefined || versionId !== undefined;
}

/**
 * True for the id of a kept version. In a bucket with suspended versioning the id is `null`, and no version is kept.
 */
export function isVersion(versionId: string | undefined): versionId is string {
  return versionId !== undefined && versionId !== "null";
}

function isGone(error: unknown): boolean {
  return isNamed(error, "NoSuchKey", "NoSuchVersion", "NotFound");
}

function isUnsupported(error: unknown): boolean {
  return isNamed(error, "NotImplemented", "InvalidArgument", "InvalidRequest");
}
