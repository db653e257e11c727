import type { AwsClients } from "./clients.ts";
import { batchCalls } from "./s3-batches.ts";
import type { S3 } from "./s3.ts";
import { crossRegionRequester, s3Requester } from "./s3-requester.ts";
import { deleteCalls } from "./s3-deletes.ts";
import { readCalls } from "./s3-reads.ts";
import { settingsCalls } from "./s3-settings.ts";
import { writeCalls } from "./s3-writes.ts";

export function s3Calls(clients: AwsClients): S3 {
  const ask = s3Requester(clients, clients.signal);
  /** For calls that a cancel must not cut short: the caller has to know whether they have written, to undo that. */
  const finish = s3Requester(clients, undefined);
  const deleting = deleteCalls(ask, finish);
  return {
    ...readCalls(ask, finish, crossRegionRequester(clients, clients.signal)),
    ...writeCalls(ask, finish),
    ...deleting,
    ...batchCalls(ask, deleting.deleteObject),
    ...settingsCalls(ask),
    presignGet: ({ bucket, key }, seconds) =>
      ask("GetObject", { bucket, key }, (client, { GetObjectCommand, getSignedUrl }) =>
        getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: seconds }),
      ),
    presignPost: ({ bucket, key: folder }, { kmsKeyId, seconds, largest }) =>
      ask("PutObject", { bucket, key: folder }, async (client, { createPresignedPost }) => {
        const encryption =
          kmsKeyId === undefined
            ? {}
            : {
                "x-amz-server-side-encryption": "aws:kms",
                "x-amz-server-side-encryption-aws-kms-key-id": kmsKeyId,
              };
        const { url, fields } = await createPresignedPost(client, {
          Bucket: bucket,
          // For a key that ends in `${filename}` the SDK makes the condition that the uploaded key starts with the
          // text before that.
          Key: `${folder}\${filename}`,
          Conditions: [["content-length-range", 1, largest]],
          Fields: encryption,
          Expires: seconds,
        });
        const { expiration } = await client.config.credentials();
        return {
          url,
          fields: Object.fromEntries(Object.entries(fields).filter(([name]) => name !== "key")),
          credentialsEnd: expiration?.getTime(),
        };
      }),
  };
}
