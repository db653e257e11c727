import type { DeleteObjectCommandOutput } from "@aws-sdk/client-s3";
import { Failure } from "../errors.ts";
import { isAccessDenied, isNamed } from "./failures.ts";
import type { RetentionReason, ObjectName, S3, StoredVersion, WrittenObject } from "./s3.ts";
import { type S3Requester, requestOf } from "./s3-requester.ts";
import { isOtherwise } from "./s3-writes.ts";

/** A version may hide another one with the same bytes, written by a request that was repeated; more is not ours. */
const MOST_VERSIONS = 5;

/**
 * The calls that delete an object. Deletes carry `If-Match`, since a bucket policy may demand it. It counts for the
 * current version alone (S3 User Guide, conditional deletes), so that a version that isn't goes without.
 */
export function deletes(
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
          await client.send(new sdk.DeleteObjectCommand({ ...requestOf(object), IfMatch: etag }), options);
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

/** What is at a key now. */
type CurrentVersion = Partial<StoredVersion> | "absent";

/** Undefined where it may not be read. */
async function look(
  ask: S3Requester,
  object: ObjectName,
): Promise<(Partial<StoredVersion> & Lock) | "absent" | undefined> {
  try {
    return await ask("GetObject", object, async (client, { HeadObjectCommand }, options) => {
      try {
        const found = await client.send(new HeadObjectCommand(requestOf(object)), options);
        return {
          ...(found.ETag !== undefined && { etag: found.ETag }),
          versionId: found.VersionId,
          until: found.ObjectLockRetainUntilDate,
          held: found.ObjectLockLegalHoldStatus === "ON",
        };
      } catch (error) {
        if (isGone(error)) return "absent";
        throw error;
      }
    });
  } catch (error) {
    if (error instanceof Failure && error.code === "access-denied") return undefined;
    throw error;
  }
}

interface Lock {
  /** Known to those with s3:GetObjectRetention. */
  readonly until: Date | undefined;
  readonly held: boolean;
}

/** The version that is known, else the object, whose version then stays behind a delete marker. */
async function deleteWritten(
  ask: S3Requester,
  object: ObjectName,
  { etag, versionId }: Partial<StoredVersion>,
): Promise<RetentionReason | undefined> {
  const kept = isVersion(versionId) ? await deleteVersion(ask, object, { versionId, etag }) : undefined;
  if (isVersion(versionId) && kept === undefined) return undefined;
  const answer = await deleteCurrent(ask, object, etag);
  const marked = answer.DeleteMarker === true && isVersion(answer.VersionId);
  // With a version that is known to be none, as where versioning is suspended, the bytes are gone.
  return kept ?? (marked && versionId === undefined ? { why: "right", right: "s3:GetObject" } : undefined);
}

/** Undefined where the version is gone. */
async function deleteVersion(
  ask: S3Requester,
  object: ObjectName,
  { versionId, etag }: { readonly versionId: string; readonly etag?: string | undefined },
): Promise<RetentionReason | undefined> {
  try {
    await ask("DeleteObjectVersion", object, async (client, { DeleteObjectCommand }, options) => {
      const request = { ...requestOf(object), VersionId: versionId };
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
    if (!(error instanceof Failure) || error.code !== "access-denied") throw error;
    return await whyKept(ask, object, versionId, error);
  }
}

async function whyKept(
  ask: S3Requester,
  object: ObjectName,
  versionId: string,
  { seen }: Failure,
): Promise<RetentionReason> {
  const found = await look(ask, object);
  if (found !== undefined && found !== "absent" && found.versionId === versionId) {
    if (found.held) return { why: "lock", until: undefined };
    if (found.until !== undefined && found.until.getTime() > Date.now())
      return { why: "lock", until: found.until };
  }
  if (/object lock/i.test(seen)) return { why: "lock", until: undefined };
  return { why: "right", right: "s3:DeleteObjectVersion" };
}

/**
 * The object of this ETag; without one whatever is there, since no other program writes under our keys. `If-Match: *`
 * satisfies a policy and needs no s3:GetObject, and a store that is not AWS's may know no condition. Fails with the first
 * denial.
 */
async function deleteCurrent(
  ask: S3Requester,
  object: ObjectName,
  etag: string | undefined,
): Promise<DeleteObjectCommandOutput> {
  return await ask("DeleteObject", object, async (client, { DeleteObjectCommand }, options) => {
    const conditions = [...(etag === undefined ? [] : [{ IfMatch: etag }]), { IfMatch: "*" }, {}];
    let denied: unknown;
    for (const condition of conditions) {
      try {
        return await client.send(new DeleteObjectCommand({ ...requestOf(object), ...condition }), options);
      } catch (error) {
        if (isGone(error)) return { $metadata: {} };
        if (isAccessDenied(error)) denied ??= error;
        else if (!isOtherwise(error) && !isUnsupported(error)) throw error;
      }
    }
    throw denied;
  });
}

function isKnown({ etag, versionId }: WrittenObject): boolean {
  return etag !== undefined || versionId !== undefined;
}

/** The versions of a bucket whose versioning is suspended are called `null`, and don't outlive their deletion. */
function isVersion(versionId: string | undefined): versionId is string {
  return versionId !== undefined && versionId !== "null";
}

function isGone(error: unknown): boolean {
  return isNamed(error, "NoSuchKey", "NoSuchVersion", "NotFound");
}

function isUnsupported(error: unknown): boolean {
  return isNamed(error, "NotImplemented", "InvalidArgument", "InvalidRequest");
}
