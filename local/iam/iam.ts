import { AwsError } from "../aws-error.ts";
import type { Answer } from "../front.ts";
import type { KeyRing } from "../sts/keys.ts";
import { Buckets } from "./buckets.ts";
import { s3Denied } from "./errors.ts";
import { type Admission, type Call, Guard } from "./guard.ts";
import { checkForm, readForm, signatureOfForm } from "./post-policy.ts";
import { Principals } from "./principals.ts";
import type { Place } from "./requests/request.ts";
import { objectOf } from "./requests/s3.ts";
import { simulate } from "./simulate.ts";

/** Who may do what, here: IAM, and the part of S3 that says so. */
export class Iam {
  readonly principals: Principals;
  readonly buckets: Buckets;
  readonly #guard: Guard;
  readonly #place: Place;

  constructor(place: Place, keys: KeyRing) {
    this.#place = place;
    this.principals = new Principals(place.accountId, keys);
    this.buckets = new Buckets(place.accountId, place.region);
    this.#guard = new Guard({
      principals: this.principals,
      buckets: this.buckets,
      keyRefusal: (use) => keys.refusal(use, Date.now()),
      place,
    });
  }

  /** Throws what AWS answers to a call that it doesn't do. */
  async admit(call: Call): Promise<Admission> {
    if (call.service === "s3" && call.bytes !== undefined) await this.#admitForm(call, call.bytes);
    else return await this.#guard.admit(call);
    return {};
  }

  /** The calls of S3 that are answered here: moto heeds bucket policies in its own way. */
  s3({ method, url }: Call, body: () => Promise<Buffer>): Promise<Answer> | undefined {
    const { bucket, key } = objectOf(url);
    if (key !== "" || bucket === "" || !url.searchParams.has("policy")) return undefined;
    return this.#bucketPolicy(method, bucket, body);
  }

  /** The calls of IAM that are answered here. */
  query(parameters: URLSearchParams): Promise<string> | undefined {
    if (parameters.get("Action") !== "SimulatePrincipalPolicy") return undefined;
    return simulate(parameters, { guard: this.#guard, principals: this.principals });
  }

  /** Whether the sessions of a role may do all of these, of `*`. */
  async mayRole(roleArn: string | undefined, actions: readonly string[]): Promise<boolean> {
    if (roleArn === undefined) return false;
    const asker = this.principals.session(roleArn, "task");
    for (const action of actions)
      if ((await this.#guard.refusal(asker, { action, resource: "*" })) !== undefined) return false;
    return true;
  }

  /**
   * Whether the owner of a key may open the channel of a session: `ssmmessages:OpenDataChannel` on the session's ARN, as
   * AWS's sample policies for Session Manager have it.
   */
  async mayOpen(accessKeyId: string, sessionId: string): Promise<boolean> {
    const { region, accountId } = this.#place;
    const refused = await this.#guard.refusal(this.principals.find(accessKeyId), {
      action: "ssmmessages:OpenDataChannel",
      resource: `arn:aws:ssm:${region}:${accountId}:session/${sessionId}`,
      onResource: true,
    });
    return refused === undefined;
  }

  async #bucketPolicy(method: string, bucket: string, body: () => Promise<Buffer>): Promise<Answer> {
    if (method === "PUT") {
      try {
        this.buckets.setPolicy(bucket, JSON.parse((await body()).toString("utf8")));
      } catch (error) {
        throw new AwsError("MalformedPolicy", error instanceof Error ? error.message : String(error));
      }
      return { status: 204, body: "" };
    }
    if (method === "DELETE") {
      this.buckets.setPolicy(bucket, undefined);
      return { status: 204, body: "" };
    }
    const policy = this.buckets.policyOf(bucket);
    if (policy === undefined)
      throw new AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404);
    return { status: 200, body: JSON.stringify(policy) };
  }

  /** A form is signed in its fields, and allowed what its policy says and its signer may. */
  async #admitForm({ headers, url }: Call, bytes: Buffer): Promise<void> {
    const form = readForm(headers["content-type"] ?? "", bytes);
    const signature = signatureOfForm(form.fields);
    if (signature === undefined) throw s3Denied();
    const owner = this.#guard.ownerOf(signature, "s3");
    const { bucket } = objectOf(url);
    checkForm(form, { bucket, secret: owner.keys.secretAccessKey, now: Date.now() });
    const resource = `arn:aws:s3:::${bucket}/${form.fields["key"] ?? ""}`;
    const encryption = form.fields["x-amz-server-side-encryption"];
    const context = { "s3:authType": "POST", "s3:x-amz-server-side-encryption": encryption };
    await this.#guard.demand("s3", owner, { action: "s3:PutObject", resource, context });
  }
}
