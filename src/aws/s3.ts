/** The calls of S3. Each fails with a `Failure` that names the IAM action and the object. */
export interface S3 {
  /** Fails with `bucket-not-found`, `bucket-elsewhere` or `access-denied`. */
  putObject(object: ObjectName, body: Uint8Array, options?: WriteOptions): Promise<WrittenVersion>;
  /**
   * Deletes the version that was written. Without the right to do so, deletes the object; a bucket with versioning
   * then keeps the bytes, and the answer says why. An object that is gone already is no failure.
   */
  deleteObject(object: WrittenObject): Promise<RetentionReason | undefined>;
  /**
   * Deletes many objects of a bucket with all of their versions, in as few calls as S3 allows. After `until`, in milliseconds since the epoch, it
   * begins no call.
   */
  deleteObjects(bucket: BucketName, keys: readonly string[], until?: number): Promise<DeletedObjects>;
  /** Deletes one version, the current one or another. Returns why it is kept; undefined when it is gone. */
  deleteVersion(object: ObjectName, versionId: string): Promise<RetentionReason | undefined>;
  /** Undefined when there is no such object. The bucket may be in another region, as a session log's may be. */
  getObject(object: ObjectName): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * The current version of an object; undefined when there is no such object. For an object with more than `limit`
   * bytes the answer's `bytes` are empty. `signal` cuts the call short, too.
   */
  getVersion(object: ObjectName, limit: number, signal?: AbortSignal): Promise<ObjectVersion | undefined>;
  /**
   * Writes the object only if it is as expected: absent, or of this ETag. Returns what was written; undefined when
   * the object is not as expected. Fails when other requests go on changing it. Needs s3:PutObject, and with an ETag s3:GetObject.
   */
  putIf(
    object: ObjectName,
    body: Uint8Array,
    expected: { readonly etag: string } | "absent",
    options?: WriteOptions,
  ): Promise<StoredVersion | undefined>;
  /**
   * Like `deleteObject`, but only if the object has this ETag. `deleted` is false when it has another one or is
   * gone. Needs s3:DeleteObject and s3:GetObject.
   */
  deleteIf(object: ObjectName, version: StoredVersion): Promise<ConditionalDeletion>;
  /**
   * Fails unless the bucket exists, is in the client's region, belongs to `owner`, and may be listed
   * (`s3:ListBucket`).
   */
  checkBucket(bucket: BucketName): Promise<void>;
  /** Whether a deleted or overwritten object stays as an old version. */
  isVersioned(bucket: BucketName): Promise<boolean>;
  /** The bucket's policy in JSON; undefined when it has none. */
  readBucketPolicy(bucket: BucketName): Promise<string | undefined>;
  /** Whether the bucket encrypts an object whose upload does not ask for encryption. */
  isEncrypted(bucket: BucketName): Promise<boolean>;
  /** A secret: any holder of the URL can read the object for `seconds`, or until the credentials expire. */
  presignGet(object: ObjectName, seconds: number): Promise<string>;
  /**
   * A secret: any holder of the form can write objects of 1 byte to `largest` bytes below the folder for `seconds`, or
   * until the credentials expire. Needs s3:PutObject when it is used. `folder.key` ends in `/`.
   */
  presignPost(
    folder: ObjectName,
    options: WriteOptions & { readonly seconds: number; readonly largest: number },
  ): Promise<PresignedPost>;
}

/** A form that S3 takes by POST, before the fields `key` and `file`. */
export interface PresignedPost {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  /** When the credentials that have signed it end, in milliseconds since the epoch, if known. */
  readonly credentialsEnd?: number | undefined;
}

export interface DeletedObjects {
  /** Why the bytes of some are kept, by their keys. */
  readonly kept: ReadonlyMap<string, RetentionReason>;
  /** How many objects are left at most, because the time was over. */
  readonly left: number;
}

export interface BucketName {
  readonly bucket: string;
  /** The account that the bucket has to belong to: S3 denies the call when it belongs to another. */
  readonly owner?: string | undefined;
}

export interface ObjectName extends BucketName {
  readonly key: string;
}

export interface WriteOptions {
  readonly kmsKeyId?: string | undefined;
}

/** One version of an object. */
export interface StoredVersion {
  readonly etag: string;
  /** Undefined in a bucket without versioning; `null` when versioning is suspended. */
  readonly versionId?: string | undefined;
}

export interface WrittenVersion extends Partial<StoredVersion> {
  /** The request was sent more than once, so a bucket with versioning may hold the bytes twice. */
  readonly repeated?: true;
}

/** An object that this run has written, with what is known of its version. */
export type WrittenObject = ObjectName & WrittenVersion;

export interface ObjectVersion extends StoredVersion {
  readonly bytes: Uint8Array;
  /** When it was written, in milliseconds since the epoch, to the second, by S3's clock. */
  readonly modified: number;
  /** Milliseconds since it was written, to the second. Both times are by S3's clock. */
  readonly age: number;
}

export interface ConditionalDeletion {
  readonly deleted: boolean;
  readonly kept: RetentionReason | undefined;
}

/** Why a bucket still has the bytes of an object that was deleted. */
export type RetentionReason =
  /** The right to delete its versions is missing, or the right to know them. */
  | { readonly why: "right"; readonly right: "s3:DeleteObjectVersion" | "s3:GetObject" }
  /** Object Lock keeps the version until `until`; undefined for a legal hold. */
  | { readonly why: "lock"; readonly until: Date | undefined };
