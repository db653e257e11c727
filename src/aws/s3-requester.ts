import type { S3Client } from "@aws-sdk/client-s3";
import type { AwsClients } from "./clients.ts";
import { Failure } from "../errors.ts";
import { attempt } from "./failures.ts";
import { partitionOf, s3Arn } from "./partitions.ts";
import { once } from "./once.ts";
import type { ObjectName } from "./s3.ts";
import type { Sender } from "./services.ts";
import { readThrown } from "./thrown.ts";

/** Makes one call with a client. `sdk` is the SDK's module, which is loaded on demand. */
type SdkCall<T> = (
  client: Sender<S3Client>,
  sdk: typeof import("./s3-sdk.ts"),
  options: { readonly abortSignal?: AbortSignal },
) => Promise<T>;

/** A bucket, or an object in it. */
interface S3Location {
  readonly bucket: string;
  readonly key?: string;
}

/** Makes one call of S3. Fails with a `Failure` that names the IAM action and the bucket or object. */
export type S3Requester = <T>(action: string, location: S3Location, send: SdkCall<T>) => Promise<T>;

export function s3Requester(clients: AwsClients, signal: AbortSignal | undefined): S3Requester {
  const ask = regionalRequester(clients, signal);
  return (action, location, send) => ask(clients.region, action, location, send);
}

/**
 * Like `s3Requester`, but for a bucket in any region of the same partition. When S3 refuses a call because of the region, the call is
 * repeated in the region that S3 named.
 */
export function crossRegionRequester(clients: AwsClients, signal: AbortSignal | undefined): S3Requester {
  const ask = regionalRequester(clients, signal);
  const regionOfBucket = new Map<string, string>();
  return async (action, location, send) => {
    const known = regionOfBucket.get(location.bucket);
    if (known !== undefined) return await ask(known, action, location, send);
    try {
      return await ask(clients.region, action, location, send);
    } catch (error) {
      const region = otherRegion(error, clients.region);
      if (region === undefined) throw error;
      regionOfBucket.set(location.bucket, region);
      return await ask(region, action, location, send);
    }
  };
}

/** Loaded once for all clients: each `import` would look for the module again. */
const sdk = once(() => import("./s3-sdk.ts"));

function regionalRequester(clients: AwsClients, signal: AbortSignal | undefined) {
  const options = signal === undefined ? {} : { abortSignal: signal };
  // The SDK finds a region's partition by regular expressions, and output in S3 is looked for each second.
  const arns = new Map<string, string>();
  const arnOf = (region: string, bucket: string): string => {
    const name = `${region} ${bucket}`;
    const arn = arns.get(name) ?? s3Arn(region, bucket);
    arns.set(name, arn);
    return arn;
  };
  return <T>(region: string, action: string, { bucket, key }: S3Location, send: SdkCall<T>): Promise<T> => {
    const arn = arnOf(region, bucket);
    const resource = key === undefined ? arn : `${arn}/${key}`;
    const call = { service: "s3", action: `s3:${action}`, resource, region, bucket } as const;
    return attempt(call, signal, async () => send(await clients.s3(region), await sdk(), options));
  };
}

/**
 * The other region that S3's refusal names; undefined unless it is spelled like a region and is in the same partition. Its name becomes part
 * of a host name.
 */
function otherRegion(error: unknown, own: string): string | undefined {
  if (!(error instanceof Failure) || error.code !== "bucket-elsewhere") return undefined;
  const { bucketRegion = own } = readThrown(error.cause);
  const isRegion = /^[a-z]+(-[a-z]+)+-\d{1,2}$/.test(bucketRegion) && bucketRegion !== own;
  return isRegion && partitionOf(bucketRegion).name === partitionOf(own).name ? bucketRegion : undefined;
}

/** The request members that name an object. */
export function objectMembers({ bucket, key, owner }: ObjectName): {
  readonly Bucket: string;
  readonly Key: string;
  readonly ExpectedBucketOwner?: string;
} {
  return { Bucket: bucket, Key: key, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
}
