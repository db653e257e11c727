import type { AwsError } from "../aws-error.ts";
import { isExpired, isSignedBy, sha256, type Signature, signatureOf } from "../sigv4.ts";
import type { KeyUse } from "../sts/keys.ts";
import { actionData, keysOf } from "./action-data.ts";
import type { Buckets } from "./buckets.ts";
import { type IamCaller, refusal } from "./decide.ts";
import {
  accessDenied,
  headersNotSigned,
  hostNotSigned,
  missingHash,
  missingSignature,
  s3Denied,
  unknownKey,
  wrongSignature,
  wrongSignatureTime,
} from "./errors.ts";
import type { Access } from "./policy.ts";
import type { KeyOwner, Principals } from "./principals.ts";
import { ecsRights } from "./requests/ecs.ts";
import { otherRights } from "./requests/others.ts";
import type { CallScope, Request, Right } from "./requests/request.ts";
import { objectOf, s3Rights } from "./requests/s3.ts";

/** A request as it was received. */
export interface Call extends Request {
  /** Path and query as they were sent. */
  readonly target: string;
  /** The body. Undefined when it is passed on unread; then a header has its hash. */
  readonly bytes: Buffer | undefined;
}

/** What changes in the answer to an admitted call. */
export interface Admission {
  /** Replaces "no such object" for a caller without the right to list the bucket. */
  readonly missing?: AwsError | undefined;
}

export interface GuardOptions {
  readonly principals: Principals;
  readonly buckets: Buckets;
  /** Why a temporary key is refused; undefined for a valid one. */
  readonly keyRefusal: (use: KeyUse) => AwsError | undefined;
  readonly scope: CallScope;
}

/** "No permissions are required to perform this operation" (STS); for a web identity only the role's trust policy counts. */
const FREE: ReadonlySet<string> = new Set(["sts:GetCallerIdentity", "sts:AssumeRoleWithWebIdentity"]);

const nameOf = ({ service, operation }: Pick<Call, "service" | "operation">): string =>
  `${service}:${operation}`;

/** The checks that AWS makes before a call: key, time and signature, then IAM. */
export class Guard {
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** Checks a call. Throws AWS's refusal. */
  async admit(call: Call): Promise<Admission> {
    const owner = this.#authenticate(call);
    for (const right of await this.#rightsOf(call)) await this.demand(call.service, owner, right);
    return call.service === "s3" ? await this.#ofObject(call, owner) : {};
  }

  /** Checks the signature. Returns the caller; undefined for an unsigned call, where that is allowed. */
  #authenticate(call: Call): KeyOwner | undefined {
    const { service, headers, target } = call;
    const signature = signatureOf(headers, target);
    if (signature === undefined) {
      // A bucket's policy may allow anonymous calls, and a web identity has no key yet.
      if (service === "s3" || nameOf(call) === "sts:AssumeRoleWithWebIdentity") return undefined;
      throw missingSignature(service);
    }
    if (signature.scope[2] !== service) throw wrongSignature(service);
    const owner = this.ownerOf(signature, service);
    if (!signature.signedHeaders.includes("host")) throw hostNotSigned(service);
    if (isExpired(signature, Date.now())) throw wrongSignatureTime(service, signature.presigned);
    const signed = {
      ...{ method: call.method, target, headers, encodesPathTwice: service !== "s3" },
      bodyHash: signature.presigned && service === "s3" ? "UNSIGNED-PAYLOAD" : sha256(call.bytes ?? ""),
    };
    const given = headers["x-amz-content-sha256"];
    if (service === "s3" && !signature.presigned && given === undefined) throw missingHash();
    if (service !== "s3" && given !== undefined && given !== signed.bodyHash) throw wrongSignature(service);
    if (!isSignedBy(owner.keys.secretAccessKey, signed, signature)) throw wrongSignature(service);
    // Otherwise the holder of a presigned request could add what the signer did not mean, such as the source of a copy.
    const isUnsigned = (name: string): boolean =>
      name.startsWith("x-amz-") && !signature.signedHeaders.includes(name);
    if (Object.keys(headers).some(isUnsigned)) throw headersNotSigned();
    return owner;
  }

  /** The owner of a key. Throws AWS's answer to an unknown key or an expired one. */
  ownerOf({ accessKeyId, token = "" }: Pick<Signature, "accessKeyId" | "token">, service: string): KeyOwner {
    const owner = this.#options.principals.find(accessKeyId);
    if (owner === undefined) throw unknownKey(service);
    const refused = this.#options.keyRefusal({ key: accessKeyId, service, token });
    if (refused !== undefined) throw refused;
    return owner;
  }

  /** At least one right, but for the calls that AWS asks none for. */
  async #rightsOf(call: Call): Promise<readonly Right[]> {
    if (FREE.has(nameOf(call))) return [];
    const rights = await this.#namedRights(call);
    return rights.length > 0 ? rights : [{ action: nameOf(call), resource: "*" }];
  }

  async #namedRights(call: Call): Promise<readonly Right[]> {
    if (call.service === "ecs") return await ecsRights(call, this.#options.scope);
    if (call.service === "s3") return s3Rights(call, this.#options.buckets);
    return await otherRights(call, this.#options.scope);
  }

  /** Throws the service's own refusal when this right is missing. */
  async demand(service: string, caller: IamCaller | undefined, right: Right): Promise<void> {
    const why = await this.refusal(caller, right);
    if (why === undefined) return;
    if (caller === undefined) throw s3Denied();
    throw accessDenied(service, caller.arn, right, why);
  }

  /** Why the caller lacks a right; undefined when it has the right. */
  async refusal(caller: IamCaller | undefined, right: Right): Promise<ReturnType<typeof refusal>> {
    const { buckets, scope } = this.#options;
    const [, bucket] = /^arn:aws:s3:::([^/*]+)/.exec(right.resource) ?? [];
    return refusal(
      await this.#access(caller, right),
      caller,
      bucket === undefined
        ? { account: caller?.account ?? scope.accountId }
        : { account: buckets.ownerOf(bucket), policy: buckets.policyOf(bucket) },
    );
  }

  /** Why the caller's own policies alone do not allow an access in its own account; undefined when they do. */
  async identityRefusal(caller: IamCaller, right: Right): Promise<ReturnType<typeof refusal>> {
    return refusal(await this.#access(caller, right), caller, { account: caller.account });
  }

  async #access(caller: IamCaller | undefined, right: Right): Promise<Access> {
    const { scope } = this.#options;
    const data = await actionData(right.action);
    const context = {
      ...right.context,
      "aws:PrincipalArn": caller?.roleArn ?? caller?.arn,
      "aws:PrincipalAccount": caller?.account,
      "aws:RequestedRegion": scope.region,
      // The local calls are in clear text, but to AWS they would go over TLS.
      "aws:SecureTransport": "true",
    };
    return {
      action: right.action,
      resource: data?.wildcardOnly === true && !right.onResource ? "*" : right.resource,
      context: data === undefined ? context : keysOf(data, context),
    };
  }

  /** S3's further checks: the owner that the caller expects, and whether the caller may learn that an object is missing. */
  async #ofObject({ url, headers, method }: Call, owner: KeyOwner | undefined): Promise<Admission> {
    const { buckets } = this.#options;
    const { bucket, key } = objectOf(url);
    const expected =
      headers["x-amz-expected-bucket-owner"] ?? url.searchParams.get("x-amz-expected-bucket-owner");
    if (expected !== null && expected !== buckets.ownerOf(bucket)) throw s3Denied();
    if (method === "PUT" && key !== "") {
      const kms = headers["x-amz-server-side-encryption-aws-kms-key-id"];
      buckets.encrypt(bucket, key, typeof kms === "string" ? kms : undefined);
    }
    if (key === "" || !["GET", "HEAD"].includes(method)) return {};
    const list: Right = { action: "s3:ListBucket", resource: `arn:aws:s3:::${bucket}` };
    const why = await this.refusal(owner, list);
    if (why === undefined) return {};
    return { missing: owner === undefined ? s3Denied() : accessDenied("s3", owner.arn, list, why) };
  }
}
