import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  type ObjectOwnership,
  type PublicAccessBlockConfiguration,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  type ServerSideEncryptionByDefault,
} from "@aws-sdk/client-s3";
import type { ResourceType } from "./resource-type.ts";

interface LifecycleRule {
  readonly Id: string;
  readonly Status: "Enabled" | "Disabled";
  readonly Prefix?: string;
  readonly ExpirationInDays?: number;
  readonly NoncurrentVersionExpiration?: { readonly NoncurrentDays: number };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation: number };
}

interface Bucket {
  readonly BucketName: string;
  readonly PublicAccessBlockConfiguration?: PublicAccessBlockConfiguration;
  readonly OwnershipControls?: { readonly Rules: { ObjectOwnership: ObjectOwnership }[] };
  readonly BucketEncryption?: {
    readonly ServerSideEncryptionConfiguration: readonly {
      readonly ServerSideEncryptionByDefault: ServerSideEncryptionByDefault;
    }[];
  };
  readonly LifecycleConfiguration?: { readonly Rules: readonly LifecycleRule[] };
}

export const bucket: ResourceType<Bucket> = {
  properties: [
    ...(["BucketName", "PublicAccessBlockConfiguration", "OwnershipControls"] as const),
    ...(["BucketEncryption", "LifecycleConfiguration"] as const),
  ],
  async make({ BucketName: Bucket }, { s3 }) {
    await s3.send(new CreateBucketCommand({ Bucket }));
    return { id: Bucket, attributes: { Arn: `arn:aws:s3:::${Bucket}` } };
  },
  async complete(properties, { s3 }) {
    const { BucketName: Bucket, PublicAccessBlockConfiguration, OwnershipControls } = properties;
    const { BucketEncryption, LifecycleConfiguration } = properties;
    if (PublicAccessBlockConfiguration !== undefined)
      await s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    if (OwnershipControls !== undefined)
      await s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
    if (BucketEncryption !== undefined) {
      const Rules = BucketEncryption.ServerSideEncryptionConfiguration.map(
        ({ ServerSideEncryptionByDefault: ApplyServerSideEncryptionByDefault }) => ({
          ApplyServerSideEncryptionByDefault,
        }),
      );
      const ServerSideEncryptionConfiguration = { Rules };
      await s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    }
    if (LifecycleConfiguration !== undefined) {
      const Rules = LifecycleConfiguration.Rules.map(
        ({ Id, Prefix = "", ExpirationInDays: Days, ...rule }) => ({
          ...{ ...rule, ID: Id, Filter: { Prefix } },
          ...(Days !== undefined && { Expiration: { Days } }),
        }),
      );
      const configuration = { Bucket, LifecycleConfiguration: { Rules } };
      await s3.send(new PutBucketLifecycleConfigurationCommand(configuration));
    }
  },
  async remove(Bucket, { s3 }) {
    await s3.send(new DeleteBucketCommand({ Bucket }));
  },
};

interface BucketPolicy {
  readonly Bucket: string;
  readonly PolicyDocument: object;
}

export const bucketPolicy: ResourceType<BucketPolicy> = {
  properties: ["Bucket", "PolicyDocument"],
  async make({ Bucket, PolicyDocument }, { s3 }) {
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(PolicyDocument) }));
    return { id: Bucket };
  },
  async remove(Bucket, { s3 }) {
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
  },
};
