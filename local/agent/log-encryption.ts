import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { GetBucketEncryptionCommand, S3Client } from "@aws-sdk/client-s3";
import { NO_ROLE_KEYS } from "../keys.ts";
import type { TranscriptTarget } from "./transcript.ts";

/** The algorithms that the agent accepts as encryption. */
const ALGORITHMS: readonly (string | undefined)[] = ["aws:kms", "AES256"];

const notSetUp = (where: string, what: string): string =>
  `We couldn't start the session because encryption is not set up on the selected ${where}. Either encrypt the ${what} or choose an option to enable logging without encryption.`;
const cannotTell = (where: string, error: unknown): string =>
  `Couldn't start the session because we are unable to validate encryption on ${where}. Error: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;

/**
 * Checks, before the command starts, that a log is encrypted when the configuration demands it. Returns the agent's text for the
 * user when it is not. Source: amazon-ssm-agent, `agent/session/shell/shell.go` (validate).
 */
export async function checkLogEncryption(target: TranscriptTarget): Promise<string | undefined> {
  const { endpoint, region, credentials = NO_ROLE_KEYS, cloudWatchLogGroup, s3Bucket } = target;
  const at = { endpoint, region, credentials };
  if (cloudWatchLogGroup !== undefined && target.cloudWatchEncryption === true) {
    const client = new CloudWatchLogsClient(at);
    const named = new DescribeLogGroupsCommand({ logGroupNamePrefix: cloudWatchLogGroup });
    // The agent treats a group that it can't find, or may not look for, as a group without a key.
    const { logGroups } = await client.send(named).catch(() => ({ logGroups: [] }));
    client.destroy();
    const group = logGroups?.find(({ logGroupName }) => logGroupName === cloudWatchLogGroup);
    if (group?.kmsKeyId === undefined) return notSetUp("CloudWatch Logs log group", "log group");
  }
  if (s3Bucket !== undefined && target.s3Encryption === true) {
    const client = new S3Client({ ...at, forcePathStyle: true });
    try {
      const answer = await client.send(new GetBucketEncryptionCommand({ Bucket: s3Bucket }));
      const [rule] = answer.ServerSideEncryptionConfiguration?.Rules ?? [];
      if (!ALGORITHMS.includes(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm))
        return notSetUp("Amazon S3 bucket", "bucket");
    } catch (error) {
      return cannotTell("Amazon S3 bucket", error);
    } finally {
      client.destroy();
    }
  }
  return undefined;
}
