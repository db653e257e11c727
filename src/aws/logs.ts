import type { AwsClients } from "./clients.ts";
import { attempt, isNamed } from "./failures.ts";
import { requireMember } from "./required-member.ts";

/** The calls of CloudWatch Logs. */
export interface Logs {
  /** Undefined when there is no log group of this name. */
  describeGroup(name: string): Promise<LogGroup | undefined>;
  /**
   * One page of a stream, oldest event first, from its start or from `from`, the `next` of an earlier page. Undefined
   * while the stream or its group does not exist.
   */
  readPage(stream: StreamName, from?: string): Promise<LogPage | undefined>;
}

export interface LogGroup {
  /** ARN of the key that encrypts it; undefined for CloudWatch's own encryption. */
  readonly kmsKeyId: string | undefined;
}

export interface StreamName {
  readonly group: string;
  readonly stream: string;
}

export interface LogPage {
  /** The messages of the page's events. */
  readonly messages: readonly string[];
  /** The token of the next page. It stays valid when the stream grows. */
  readonly next: string;
  /** True when nothing more was there. A page may be empty without being the last one. */
  readonly last: boolean;
}

export function logsCalls(clients: AwsClients): Logs {
  const { signal, region } = clients;
  const options = signal ? { abortSignal: signal } : {};

  async function readPage({ group, stream }: StreamName, from?: string): Promise<LogPage | undefined> {
    const resource = `log stream '${stream}' of log group '${group}'`;
    const call = { service: "logs", action: "logs:GetLogEvents", resource, region } as const;
    return await attempt(call, signal, async () => {
      const { GetLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
      const client = await clients.logs();
      const request = {
        logGroupName: group,
        logStreamName: stream,
        startFromHead: true,
        ...(from !== undefined && { nextToken: from }),
      };
      try {
        const answer = await client.send(new GetLogEventsCommand(request), options);
        const next = requireMember(answer.nextForwardToken ?? from, "nextForwardToken");
        return {
          messages: (answer.events ?? []).map(({ message }) => requireMember(message, "message")),
          next,
          // The API shows the end only by returning the same token.
          last: next === from,
        };
      } catch (error) {
        // AWS's error for a missing stream and a missing group. The exec agent makes both when it first writes.
        if (isNamed(error, "ResourceNotFoundException")) return undefined;
        throw error;
      }
    });
  }

  async function describeGroup(name: string): Promise<LogGroup | undefined> {
    const resource = `log group '${name}'`;
    const call = { service: "logs", action: "logs:DescribeLogGroups", resource, region } as const;
    return await attempt(call, signal, async () => {
      const { DescribeLogGroupsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
      const client = await clients.logs();
      // The answer is in alphabetical order, so a group with exactly this name comes first.
      const request = { logGroupNamePrefix: name, limit: 1 };
      const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand(request), options);
      const found = logGroups.find(({ logGroupName }) => logGroupName === name);
      return found && { kmsKeyId: found.kmsKeyId };
    });
  }

  return { describeGroup, readPage };
}
