import type { S3Client } from "@aws-sdk/client-s3";
import type { AwsClients } from "./clients.ts";
import { Failure } from "../errors.ts";
import { attempt } from "./failures.ts";
import { partitionOf, s3Arn } from "./partitions.ts";
import type { ObjectName } from "./s3.ts";
import { readThrown } from "./thrown.ts";

/** Makes one call with a client. `sdk` is the SDK's module, which is loaded on demand. */
type SdkCall<T> = (
  client: S3Client,
  sdk: typeof import("./s3-sdk.ts"),
  options: { readonly abortSignal?: AbortSignal },
) => Promise<T>;

/** A bucket, or an object in it. */
interface S3Location {
  readonly bucket: string;
  readonly key?: string;
}

/** Makes one call of S3. Fails with a `Failure` that names the IAM action and the object. */
export type S3Requester = <T>(action: string, object: S3Location, send: SdkCall<T>) => Promise<T>;

export function s3Requester(clients: AwsClients, signal: AbortSignal | undefined): S3Requester {
  const ask = regionalRequester(clients, signal);
  return (action, object, send) => ask(clients.region, action, object, send);
}

/** The same, but a bucket of another region of the partition is asked there, once S3 has said which region that is. */
export function followingRequester(clients: AwsClients, signal: AbortSignal | undefined): S3Requester {
  const ask = regionalRequester(clients, signal);
  const others = new Map<string, string>();
  return async (action, object, send) => {
    const known = others.get(object.bucket);
    try {
      return await ask(known ?? clients.region, action, object, send);
    } catch (error) {
      const region = known === undefined ? otherRegion(error, clients.region) : undefined;
      if (region === undefined) throw error;
      others.set(object.bucket, region);
      return await ask(region, action, object, send);
    }
  };
}

function regionalRequester(clients: AwsClients, signal: AbortSignal | undefined) {
  const options = signal === undefined ? {} : { abortSignal: signal };
  return <T>(region: string, action: string, { bucket, key }: S3Location, send: SdkCall<T>): Promise<T> => {
    const resource = s3Arn(region, bucket, key);
    const call = { service: "s3", action: `s3:${action}`, resource, region, bucket } as const;
    return attempt(call, signal, async () =>
      send(await clients.s3(region), await import("./s3-sdk.ts"), options),
    );
  };
}

/** The region that S3 names in its refusal, if a host of AWS's can have that name. */
function otherRegion(error: unknown, own: string): string | undefined {
  if (!(error instanceof Failure) || error.code !== "bucket-elsewhere") return undefined;
  const { bucketRegion = own } = readThrown(error.cause);
  const isRegion = /^[a-z]+(-[a-z]+)+-\d{1,2}$/.test(bucketRegion) && bucketRegion !== own;
  return isRegion && partitionOf(bucketRegion).name === partitionOf(own).name ? bucketRegion : undefined;
}

/** The members of a request that name its object. */
export function requestOf({ bucket, key, owner }: ObjectName): {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
} {
  return { Bucket: bucket, Key: key, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
}
