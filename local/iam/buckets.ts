import { readPolicy, type Policy } from "./policy.ts";

/** The facts about buckets that moto lacks or ignores: their owners, their policies, and the KMS keys of their objects. */
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

  /** The account of a bucket: the local one unless another was set. */
  ownerOf(bucket: string): string {
    return this.#owners.get(bucket) ?? this.#accountId;
  }

  setOwner(bucket: string, account: string): void {
    this.#owners.set(bucket, account);
  }

  policyOf(bucket: string): Policy | undefined {
    return this.#policies.get(bucket);
  }

  /** Sets a policy, as PutBucketPolicy does; undefined removes it. */
  setPolicy(bucket: string, policy: unknown): void {
    if (policy === undefined) this.#policies.delete(bucket);
    else this.#policies.set(bucket, readPolicy(policy));
  }

  /** Records the KMS key that an object is encrypted with; undefined for none. */
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
