import type { S3Client } from "@aws-sdk/client-s3";
import type { AwsClients } from "./clients.ts";
import { attempt } from "./failures.ts";
import type { ObjectName } from "./s3.ts";

/** Makes one call of S3. Fails with a `Failure` that names the IAM action and the object. */
export type S3Requester = <T>(
  action: string,
  object: { readonly bucket: string; readonly key?: string },
  send: (
    client: S3Client,
    sdk: typeof import("./s3-sdk.ts"),
    options: { readonly abortSignal?: AbortSignal },
  ) => Promise<T>,
) => Promise<T>;

export function s3Requester(clients: AwsClients, signal: AbortSignal | undefined): S3Requester {
  const options = signal === undefined ? {} : { abortSignal: signal };
  return (action, { bucket, key }, send) => {
    const resource = `arn:aws:s3:::${bucket}${key === undefined ? "" : `/${key}`}`;
    const call = {
      service: "s3",
      action: `s3:${action}`,
      resource,
      region: clients.region,
      bucket,
    } as const;
    return attempt(call, signal, async () => send(await clients.s3(), await import("./s3-sdk.ts"), options));
  };
}

/** The members of a request that name its object. */
export function requestOf({ bucket, key, owner }: ObjectName): {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
} {
  return { Bucket: bucket, Key: key, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
}
