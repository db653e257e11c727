import { AwsError } from "./aws-error.ts";
import type { Bucket, Version } from "./s3.ts";

type Input = Readonly<Record<string, unknown>>;

/** The answer of an operation of S3. Fails as S3 does. `now` is S3's own time. */
export function answerS3(bucket: Bucket, operation: string, input: Input, now: number): unknown {
  if (input["Bucket"] !== bucket.name)
    throw new AwsError("NoSuchBucket", 404, "The specified bucket does not exist");
  const key = String(input["Key"]);
  const text = (name: string): string | undefined => input[name] as string | undefined;
  switch (operation) {
    case "HeadBucket":
      return { $metadata: {} };
    case "GetObject": {
      const version = bucket.get(key, text("VersionId"));
      return {
        ...membersOf(version),
        Body: bodyOf(version.bytes),
        $metadata: { date: new Date(now).toUTCString() },
      };
    }
    case "HeadObject":
      return { ...membersOf(headOf(bucket, key, text("VersionId"))), $metadata: {} };
    case "PutObject": {
      const conditions = { ifMatch: text("IfMatch"), ifNoneMatch: text("IfNoneMatch") };
      const version = bucket.put(key, input["Body"] as Uint8Array, conditions);
      return { ...tagsOf(version), $metadata: {} };
    }
    case "DeleteObject": {
      const { marker } = bucket.delete(key, { versionId: text("VersionId"), ifMatch: text("IfMatch") });
      return { ...(marker !== undefined && { DeleteMarker: true, VersionId: marker }), $metadata: {} };
    }
    case "DeleteObjects": {
      const { Objects } = input["Delete"] as {
        Objects: readonly { Key: string; VersionId?: string; ETag?: string }[];
      };
      const errors = Objects.flatMap(({ Key, VersionId, ETag }) => {
        try {
          bucket.delete(Key, { versionId: VersionId, ifMatch: ETag });
          return [];
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          return [{ Key, Code: error.name, Message: error.message }];
        }
      });
      return { Errors: errors, $metadata: {} };
    }
    default:
      throw new Error(`the world has no s3:${operation}`);
  }
}

/** HEAD tells no error code: the SDK names the error after the status. */
function headOf(bucket: Bucket, key: string, versionId: string | undefined): Version {
  try {
    return bucket.get(key, versionId);
  } catch (error) {
    if (error instanceof AwsError && error.name === "NoSuchKey")
      throw new AwsError("NotFound", 404, "NotFound");
    throw error;
  }
}

function tagsOf({ etag, versionId }: Version): object {
  return { ETag: etag, ...(versionId !== undefined && { VersionId: versionId }) };
}

function membersOf(version: Version): object {
  return {
    ...tagsOf(version),
    LastModified: new Date(version.modified),
    ContentLength: version.bytes.length,
  };
}

async function* bodyOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}
