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
  /** Fails unless the bucket is there, in our region, and readable (`s3:ListBucket`). */
  checkBucket(bucket: string): Promise<void>;
  /** A secret: who has the URL may read the object for `seconds`, as long as the credentials themselves last. */
  presignGet(object: ObjectName, seconds: number): Promise<string>;
}

export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
}

export function s3Calls(clients: AwsClients): S3 {
  const { signal, region } = clients;
  const options = signal ? { abortSignal: signal } : {};
  const ask = <T>(
    action: string,
    { bucket, key }: { readonly bucket: string; readonly key?: string },
    send: (client: S3Client, sdk: typeof import("@aws-sdk/client-s3")) => Promise<T>,
  ): Promise<T> => {
    const resource = `arn:aws:s3:::${bucket}${key === undefined ? "" : `/${key}`}`;
    const call = { service: "s3", action: `s3:${action}`, resource, region, bucket } as const;
    return attempt(call, signal, async () => send(await clients.s3(), await import("@aws-sdk/client-s3")));
  };
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

    checkBucket: (bucket) =>
      ask("ListBucket", { bucket }, async (client, { HeadBucketCommand }) => {
        await client.send(new HeadBucketCommand({ Bucket: bucket }), options);
      }),

    presignGet: (object, seconds) =>
      ask("GetObject", object, (client) => presignGet(client, object, seconds, clients)),
  };
}
