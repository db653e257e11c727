/** Our calls of S3. Each fails with a `Failure` that names the IAM action and the object. */
export interface S3 {
  /** Fails with `bucket-not-found`, `bucket-elsewhere` or `access-denied`. */
  putObject(object: ObjectName, body: Uint8Array, options?: WriteOptions): Promise<WrittenVersion>;
  /**
   * Deletes the version that was written, and where that may not be done the object, whose bytes a bucket with
   * versioning then keeps: the answer says so. An object that is gone already is no failure.
   */
  deleteObject(object: WrittenObject): Promise<RetentionReason | undefined>;
  /** Deletes one version, whether it is the current one or not. What kept it, or undefined where it is gone. */
  deleteVersion(object: ObjectName, versionId: string): Promise<RetentionReason | undefined>;
  /** Undefined where there is no such object. */
  getObject(object: ObjectName): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * What an object holds now and which version that is; undefined where there is no such object. One of more than
   * `limit` bytes is not read: its bytes are none.
   */
  getVersion(object: ObjectName, limit: number): Promise<ObjectVersion | undefined>;
  /**
   * Writes the object only while it is as expected: absent, or of this ETag. What was written, or undefined where it is
   * otherwise. Besides s3:PutObject an ETag needs s3:GetObject.
   */
  putIf(
    object: ObjectName,
    body: Uint8Array,
    expected: { readonly etag: string } | "absent",
    options?: WriteOptions,
  ): Promise<StoredVersion | undefined>;
  /**
   * As `deleteObject`, but only while the object has this ETag; false where it has another or is gone. Needs
   * s3:DeleteObject and s3:GetObject.
   */
  deleteIf(object: ObjectName, version: StoredVersion): Promise<ConditionalDeletion>;
  /** Fails unless the bucket is there, in our region, its owner's, and readable (`s3:ListBucket`). */
  checkBucket(bucket: BucketName): Promise<void>;
  /** A secret: who has the URL may read the object for `seconds`, as long as the credentials themselves last. */
  presignGet(object: ObjectName, seconds: number): Promise<string>;
}

export interface BucketName {
  readonly bucket: string;
  /** The account that the bucket has to belong to: S3 denies the call where it belongs to another. */
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
  /** Undefined in a bucket without versioning; `null` where versioning is suspended. */
  readonly versionId?: string | undefined;
}

export interface WrittenVersion extends StoredVersion {
  /** The request was sent more than once, so that a bucket with versioning may hold the same bytes twice. */
  readonly repeated?: true;
}

/** An object of ours, with what is known of the version that was written. */
export type WrittenObject = ObjectName & Partial<WrittenVersion>;

export interface ObjectVersion extends StoredVersion {
  readonly bytes: Uint8Array;
  /** Milliseconds since it was written, to the second. Both times are S3's, so that no clock of ours counts. */
  readonly age: number;
}

export interface ConditionalDeletion {
  readonly deleted: boolean;
  readonly kept: RetentionReason | undefined;
}

/** Why a bucket still has the bytes of an object that was deleted. */
export type RetentionReason =
  /** Its versions may not be deleted, or not be known. */
  | { readonly why: "right"; readonly right: "s3:DeleteObjectVersion" | "s3:GetObject" }
  /** Object Lock keeps the version until that time, or while a legal hold lasts. */
  | { readonly why: "lock"; readonly until: Date | undefined };
