import type { S3Client } from "@aws-sdk/client-s3";
import type { ObjectName, PresignedPost } from "./s3.ts";
import type { PostLimits } from "./services.ts";

/** The URL of a GET, signed by the SDK. */
export async function presignUrl(
  client: S3Client,
  { bucket, key }: ObjectName,
  seconds: number,
): Promise<string> {
  const { GetObjectCommand, getSignedUrl } = await import("./s3-sdk.ts");
  return await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), {
    expiresIn: seconds,
  });
}

/** A form for any key below the folder, signed by the SDK. */
export async function presignForm(
  client: S3Client,
  { bucket, key: folder }: ObjectName,
  { kmsKeyId, seconds, largest }: PostLimits,
): Promise<PresignedPost> {
  const { createPresignedPost } = await import("./s3-sdk.ts");
  const encryption =
    kmsKeyId === undefined
      ? {}
      : {
          "x-amz-server-side-encryption": "aws:kms",
          "x-amz-server-side-encryption-aws-kms-key-id": kmsKeyId,
        };
  const { url, fields } = await createPresignedPost(client, {
    Bucket: bucket,
    // For a key that ends in `${filename}` the SDK makes the condition that the uploaded key starts with the text before that.
    Key: `${folder}\${filename}`,
    Conditions: [["content-length-range", 1, largest]],
    Fields: encryption,
    Expires: seconds,
  });
  const { expiration } = await client.config.credentials();
  return { url, fields, credentialsEnd: expiration?.getTime() };
}
