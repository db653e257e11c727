import { AwsError } from "../aws-error.ts";
import type { Answer } from "../answer.ts";
import type { KeyRing } from "../sts/keys.ts";
import { AccessKeys } from "./access-keys.ts";
import { Buckets } from "./buckets.ts";
import type { IamCaller } from "./decide.ts";
import { s3Denied } from "./errors.ts";
import { type Admission, type Call, Guard } from "./guard.ts";
import { checkForm, isMultipart, readForm, signatureOfForm } from "./post-policy.ts";
import { Principals } from "./principals.ts";
import type { CallScope } from "./requests/request.ts";
import { objectOf } from "./requests/s3.ts";
import { RolePolicies } from "./role-policies.ts";
import { simulate } from "./simulate.ts";

/** Access control: the checks of IAM, and S3's calls on bucket policies. */
export class Iam {
  readonly principals: Principals;
  readonly buckets: Buckets;
  readonly #guard: Guard;
  readonly #scope: CallScope;
  readonly #rolePolicies: RolePolicies;
  readonly #accessKeys: AccessKeys;

  /** `upstream` makes a call to moto's IAM, which keeps users and roles. */
  constructor(scope: CallScope, keys: KeyRing, upstream: (parameters: URLSearchParams) => Promise<string>) {
    this.#scope = scope;
    this.principals = new Principals(scope.accountId, keys);
    this.#rolePolicies = new RolePolicies(this.principals, upstream);
    this.#accessKeys = new AccessKeys(this.principals, upstream);
    this.buckets = new Buckets(scope.accountId, scope.region);
    this.#guard = new Guard({
      principals: this.principals,
      buckets: this.buckets,
      keyRefusal: (use) => keys.refusal(use, Date.now()),
      scope,
    });
  }

  /** Throws AWS's refusal of a call. */
  async admit(call: Call): Promise<Admission> {
    const isForm = call.service === "s3" && isMultipart(call.headers);
    if (isForm && call.bytes !== undefined) await this.#admitForm(call, call.bytes);
    else return await this.#guard.admit(call);
    return {};
  }

  /**
   * Answers a call on a bucket's policy; undefined for other calls. moto must not have the policy, since it would apply a Deny
   * statement to every caller, whatever account or role its `Principal` names.
   */
  s3({ method, url }: Call, body: () => Promise<Buffer>): Promise<Answer> | undefined {
    const { bucket, key } = objectOf(url);
    if (key !== "" || bucket === "" || !url.searchParams.has("policy")) return undefined;
    return this.#bucketPolicy(method, bucket, body);
  }

  /** Answers some calls of IAM and STS, for the owner of this key; undefined for calls that moto answers. */
  query(parameters: URLSearchParams, key: string): Promise<string> | undefined {
    switch (parameters.get("Action")) {
      case "SimulatePrincipalPolicy":
        return this.#simulate(parameters);
      case "GetCallerIdentity":
        return Promise.resolve(identity(this.principals.find(key)));
      default:
        return this.#rolePolicies.call(parameters) ?? this.#accessKeys.call(parameters, key);
    }
  }

  #simulate(parameters: URLSearchParams): Promise<string> {
    const { principals } = this;
    const isRole = (name: string): Promise<boolean> =>
      principals.hasRole(name) ? Promise.resolve(true) : this.#rolePolicies.has(name);
    return simulate(parameters, { guard: this.#guard, principals, isRole });
  }

  /** Whether the sessions of a role have all these rights, on `*`. */
  async isRoleAllowed(roleArn: string | undefined, actions: readonly string[]): Promise<boolean> {
    if (roleArn === undefined) return false;
    const caller = this.principals.session(roleArn, "task");
    for (const action of actions)
      if ((await this.#guard.refusal(caller, { action, resource: "*" })) !== undefined) return false;
    return true;
  }

  /**
   * Whether the owner of a key may open the channel of a session. The right is `ssmmessages:OpenDataChannel` on the session's ARN, as
   * in AWS's sample policies for Session Manager.
   */
  async canOpen(accessKeyId: string, sessionId: string): Promise<boolean> {
    const { region, accountId } = this.#scope;
    const refused = await this.#guard.refusal(this.principals.find(accessKeyId), {
      action: "ssmmessages:OpenDataChannel",
      resource: `arn:aws:ssm:${region}:${accountId}:session/${sessionId}`,
      onResource: true,
    });
    return refused === undefined;
  }

  async #bucketPolicy(method: string, bucket: string, body: () => Promise<Buffer>): Promise<Answer> {
    if (method === "PUT") {
      const bytes = await body();
      try {
        this.buckets.setPolicy(bucket, JSON.parse(bytes.toString("utf8")));
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

  /**
   * Admits a POST form, whose signature is in its fields. The form's policy and the signer's rights must both allow
   * it.
   */
  async #admitForm({ headers, url }: Call, bytes: Buffer): Promise<void> {
    if (url.search !== "" || objectOf(url).key !== "") throw s3Denied("A form is posted to a bucket alone.");
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

function identity(caller: IamCaller | undefined): string {
  const { arn = "", account = "" } = caller ?? {};
  return `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>AIDAEXAMPLE</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
}
