import { readPolicy, type Policy } from "./policy.ts";

/** What moto doesn't have, or doesn't heed, of buckets: whose they are, their policies, and which keys encrypt what. */
export class Buckets {
  readonly #accountId: string;
  readonly #region: string;
  readonly #owners = new Map<string, string>();
  readonly #policies = new Map<string, Policy>();
  readonly #keys = new Map<string, string>();

  constructor(accountId: string, region: string) {
    this.#accountId = accountId;
    this.#region = region;
  }

  /** The account of a bucket: ours unless another was set. */
  ownerOf(bucket: string): string {
    return this.#owners.get(bucket) ?? this.#accountId;
  }

  setOwner(bucket: string, account: string): void {
    this.#owners.set(bucket, account);
  }

  policyOf(bucket: string): Policy | undefined {
    return this.#policies.get(bucket);
  }

  /** As PutBucketPolicy; undefined takes the policy away. */
  setPolicy(bucket: string, policy: unknown): void {
    if (policy === undefined) this.#policies.delete(bucket);
    else this.#policies.set(bucket, readPolicy(policy));
  }

  /** Takes note of the key that an object is encrypted by, undefined for none of KMS. */
  encrypt(bucket: string, key: string, kmsKeyId: string | undefined): void {
    const name = `${bucket}/${key}`;
    if (kmsKeyId === undefined) this.#keys.delete(name);
    else this.#keys.set(name, this.keyArn(kmsKeyId));
  }

  keyOf(bucket: string, key: string): string | undefined {
    return this.#keys.get(`${bucket}/${key}`);
  }

  keyArn(reference: string): string {
    return reference.startsWith("arn:")
      ? reference
      : `arn:aws:kms:${this.#region}:${this.#accountId}:key/${reference}`;
  }
}
