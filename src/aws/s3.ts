import type { S3Client } from "@aws-sdk/client-s3";
import type { AwsClients } from "./clients.ts";
import { attempt, isNamed } from "./failures.ts";
import { presignGet } from "./presign.ts";

/** Our calls of S3. Each fails with a `Failure` that names the IAM action and the object. */
export interface S3 {
  /** Fails with `bucket-not-found`, `bucket-elsewhere` or `access-denied`. */
  putObject(object: ObjectName, body: Uint8Array, options?: { readonly kmsKeyId?: string }): Promise<void>;
  /** An object that is gone already is no failure. */
  deleteObject(object: ObjectName): Promise<void>;
  /** Undefined where there is no such object. */
  getObject(object: ObjectName): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Undefined where there is no such object. Holds all of it in memory. */
  getBytes(object: ObjectName): Promise<Uint8Array | undefined>;
  /**
   * What an object holds now and which version that is; undefined where there is no such object. Of one with more than
   * `largest` bytes no byte is given.
   */
  getVersion(object: ObjectName, largest: number): Promise<ObjectVersion | undefined>;
  /**
   * Writes the object only while it is as expected: absent, or of this ETag. Its new ETag, or undefined where it is
   * otherwise. Besides s3:PutObject an ETag needs s3:GetObject.
   */
  putIf(
    object: ObjectName,
    body: Uint8Array,
    expected: { readonly etag: string } | "absent",
    options?: { readonly kmsKeyId?: string | undefined },
  ): Promise<string | undefined>;
  /** False where the object has another ETag or is gone. Needs s3:DeleteObject and s3:GetObject. */
  deleteIf(object: ObjectName, etag: string): Promise<boolean>;
  /** Fails unless the bucket is there, in our region, and readable (`s3:ListBucket`). */
  checkBucket(bucket: string): Promise<void>;
  /** A secret: who has the URL may read the object for `seconds`, as long as the credentials themselves last. */
  presignGet(object: ObjectName, seconds: number): Promise<string>;
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

export interface ObjectVersion {
  readonly bytes: Uint8Array;
  readonly etag: string;
  /** Milliseconds since it was written, to the second. Both times are S3's, so that no clock of ours counts. */
  readonly age: number;
}

export function s3Calls(clients: AwsClients): S3 {
  const { signal, region } = clients;
  const options = signal ? { abortSignal: signal } : {};
  const ask = <T>(
    action: string,
    { bucket, key }: { readonly bucket: string; readonly key?: string },
    send: (client: S3Client, sdk: typeof import("@aws-sdk/client-s3")) => Promise<T>,
    until = signal,
  ): Promise<T> => {
    const resource = `arn:aws:s3:::${bucket}${key === undefined ? "" : `/${key}`}`;
    const call = { service: "s3", action: `s3:${action}`, resource, region, bucket } as const;
    return attempt(call, until, async () => send(await clients.s3(), await import("@aws-sdk/client-s3")));
  };
  /** A cancel doesn't cut it short: whoever may have written something has to know it, to take it back. */
  const finish: typeof ask = (action, object, send) => ask(action, object, send, NEVER);
  const body = (object: ObjectName) =>
    ask("GetObject", object, async (client, { GetObjectCommand }) => {
      try {
        const answer = await client.send(
          new GetObjectCommand({ Bucket: object.bucket, Key: object.key }),
          options,
        );
        return answer.Body;
      } catch (error) {
        if (isNamed(error, "NoSuchKey", "NotFound")) return undefined;
        throw error;
      }
    });

  return {
    putObject: (object, bytes, { kmsKeyId } = {}) =>
      ask("PutObject", object, async (client, { PutObjectCommand }) => {
        const encryption = kmsKeyId && ({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKeyId } as const);
        const request = {
          Bucket: object.bucket,
          Key: object.key,
          Body: bytes,
          ...(encryption && encryption),
        };
        await client.send(new PutObjectCommand(request), options);
      }),

    deleteObject: (object) =>
      ask("DeleteObject", object, async (client, { DeleteObjectCommand }) => {
        await client.send(new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key }), options);
      }),

    // On Node the SDK's body is a Readable, whatever its type allows for browsers.
    getObject: async (object) => (await body(object)) as AsyncIterable<Uint8Array> | undefined,

    getBytes: async (object) => (await body(object))?.transformToByteArray(),

    getVersion: (object, largest) =>
      finish("GetObject", object, async (client, { GetObjectCommand }) => {
        const command = new GetObjectCommand({ Bucket: object.bucket, Key: object.key });
        let date: string | undefined;
        command.middlewareStack.add(
          (next) => async (request) => {
            const result = await next(request);
            date = (result.response as { headers?: Record<string, string> }).headers?.["date"];
            return result;
          },
          { step: "deserialize" },
        );
        try {
          const { Body, ETag = "", LastModified } = await client.send(command);
          const bytes = await upTo(largest, Body as AsyncIterable<Uint8Array> | undefined);
          const now = date === undefined ? Date.now() : Date.parse(date);
          return { bytes, etag: ETag, age: now - (LastModified?.getTime() ?? now) };
        } catch (error) {
          if (isNamed(error, "NoSuchKey", "NotFound")) return undefined;
          throw error;
        }
      }),

    putIf: (object, bytes, expected, { kmsKeyId } = {}) =>
      finish("PutObject", object, async (client, { PutObjectCommand }) => {
        const request = {
          Bucket: object.bucket,
          Key: object.key,
          Body: bytes,
          ...(expected === "absent" ? { IfNoneMatch: "*" } : { IfMatch: expected.etag }),
          ...(kmsKeyId && ({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKeyId } as const)),
        };
        try {
          return (await client.send(new PutObjectCommand(request))).ETag;
        } catch (error) {
          if (isOtherwise(error)) return undefined;
          throw error;
        }
      }),

    deleteIf: (object, etag) =>
      finish("DeleteObject", object, async (client, { DeleteObjectCommand }) => {
        try {
          await client.send(
            new DeleteObjectCommand({ Bucket: object.bucket, Key: object.key, IfMatch: etag }),
          );
          return true;
        } catch (error) {
          if (isOtherwise(error)) return false;
          throw error;
        }
      }),

    checkBucket: (bucket) =>
      ask("ListBucket", { bucket }, async (client, { HeadBucketCommand }) => {
        await client.send(new HeadBucketCommand({ Bucket: bucket }), options);
      }),

    presignGet: (object, seconds) =>
      ask("GetObject", object, (client) => presignGet(client, object, seconds, clients)),
  };
}

/** All of a body, or nothing of one that is larger: then the rest is not read. */
async function upTo(largest: number, body: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > largest) return new Uint8Array();
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

const NEVER = new AbortController().signal;

/** The object is not as a conditional request expects it, or somebody else changes it just now. */
function isOtherwise(error: unknown): boolean {
  return isNamed(error, "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "NotFound");
}
