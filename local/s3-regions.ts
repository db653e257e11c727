import type { IncomingMessage } from "node:http";
import { AwsError } from "./aws-error.ts";
import { credentialScope } from "./credential-scope.ts";
import type { Answer } from "./answer.ts";
import { objectOf } from "./iam/requests/s3.ts";
import { type Endpoint, signedFetch } from "./signed-fetch.ts";

/**
 * Regions launched after March 20, 2019. S3 does not redirect from or to them, but answers 400 (S3 user guide, "Request
 * routing").
 */
const LATER = new Set([
  ...["af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4"],
  ...["ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1"],
  ...["eu-south-2", "il-central-1", "me-central-1", "me-south-1", "mx-central-1"],
]);

/**
 * The regions of buckets, and S3's answer to a call for a bucket of another region. One port serves all regions, so
 * the region in a call's signature stands for the endpoint that it was sent to.
 */
export class S3Regions {
  readonly #moto: Endpoint;
  readonly #known = new Map<string, string>();

  constructor(moto: Endpoint) {
    this.#moto = moto;
  }

  /**
   * S3's answer to a call in the wrong region; undefined for all other calls. S3 gives it before it looks at the caller.
   */
  async elsewhere({
    method = "GET",
    headers,
    url: target = "/",
  }: IncomingMessage): Promise<Answer | undefined> {
    const url = new URL(target, "http://local");
    const { bucket, key } = objectOf(url);
    if (key === "" && (method === "PUT" || method === "DELETE")) this.#known.delete(bucket);
    const asked = credentialScope(headers, url)?.region;
    const isLook = method === "HEAD" && key === "";
    const is = bucket === "" || (asked === undefined && !isLook) ? undefined : await this.#regionOf(bucket);
    if (is === undefined || is === asked) return undefined;
    // S3 tells every caller where a bucket is, even a caller that it denies (HeadBucket).
    if (asked === undefined) return { status: 403, body: "", headers: { "x-amz-bucket-region": is } };
    const answer =
      LATER.has(is) || LATER.has(asked)
        ? new AwsError(
            "IllegalLocationConstraintException",
            `The ${is} location constraint is incompatible for the region specific endpoint this request was sent to.`,
          )
        : new AwsError(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.",
            301,
          );
    return { status: answer.status, body: answer.xml("s3"), headers: { "x-amz-bucket-region": is } };
  }

  /** The region of a bucket; undefined when there is no such bucket. */
  async #regionOf(bucket: string): Promise<string | undefined> {
    const known = this.#known.get(bucket);
    if (known !== undefined) return known;
    const response = await signedFetch(this.#moto, "s3", { method: "GET", path: `/${bucket}?location` });
    const text = await response.text();
    if (!response.ok) return undefined;
    // A bucket of us-east-1 has no location constraint.
    const region = /<LocationConstraint[^>]*>([^<]+)</.exec(text)?.[1] ?? "us-east-1";
    this.#known.set(bucket, region);
    return region;
  }
}
