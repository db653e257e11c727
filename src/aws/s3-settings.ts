import { isNamed } from "./failures.ts";
import type { BucketName, S3 } from "./s3.ts";
import type { S3Requester } from "./s3-requester.ts";

/** The calls that read how a bucket is set up. */
export function settingsCalls(
  ask: S3Requester,
): Pick<S3, "isVersioned" | "readBucketPolicy" | "isEncrypted"> {
  return {
    isVersioned: (bucket) =>
      ask("GetBucketVersioning", bucket, async (client, { GetBucketVersioningCommand }, options) => {
        const { Status } = await client.send(new GetBucketVersioningCommand(bucketMembers(bucket)), options);
        return Status !== undefined;
      }),

    readBucketPolicy: (bucket) =>
      ask("GetBucketPolicy", bucket, async (client, { GetBucketPolicyCommand }, options) => {
        try {
          return (await client.send(new GetBucketPolicyCommand(bucketMembers(bucket)), options)).Policy;
        } catch (error) {
          if (isNamed(error, "NoSuchBucketPolicy")) return undefined;
          throw error;
        }
      }),

    isEncrypted: (bucket) =>
      ask("GetEncryptionConfiguration", bucket, async (client, { GetBucketEncryptionCommand }, options) => {
        try {
          await client.send(new GetBucketEncryptionCommand(bucketMembers(bucket)), options);
          return true;
        } catch (error) {
          if (isNamed(error, "ServerSideEncryptionConfigurationNotFoundError")) return false;
          throw error;
        }
      }),
  };
}

function bucketMembers({ bucket, owner }: BucketName): {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
} {
  return { Bucket: bucket, ...(owner !== undefined && { ExpectedBucketOwner: owner }) };
}
