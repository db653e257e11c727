import type { GetLogEventsCommandInput, GetLogEventsCommandOutput } from "@aws-sdk/client-cloudwatch-logs";
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
  /** Whether the stream's log group exists, the stream itself or not. Needs the right to read the stream, and no other. */
  hasGroup(stream: StreamName): Promise<boolean>;
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

  /** What CloudWatch answers to one request for events of a stream; its error when the stream or its group is missing. */
  async function getEvents(
    { group, stream }: StreamName,
    more: Pick<GetLogEventsCommandInput, "nextToken" | "limit">,
  ): Promise<GetLogEventsCommandOutput | Error> {
    const resource = `log stream '${stream}' of log group '${group}'`;
    const call = { service: "logs", action: "logs:GetLogEvents", resource, region } as const;
    return await attempt(call, signal, async () => {
      const { GetLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
      const client = await clients.logs();
      const request = { logGroupName: group, logStreamName: stream, startFromHead: true, ...more };
      try {
        return await client.send(new GetLogEventsCommand(request), options);
      } catch (error) {
        if (isNamed(error, "ResourceNotFoundException")) return error;
        throw error;
      }
    });
  }

  async function readPage(stream: StreamName, from?: string): Promise<LogPage | undefined> {
    const answer = await getEvents(stream, from === undefined ? {} : { nextToken: from });
    // The exec agent makes the stream when it first writes.
    if (answer instanceof Error) return undefined;
    const next = requireMember(answer.nextForwardToken ?? from, "nextForwardToken");
    return {
      messages: (answer.events ?? []).map(({ message }) => requireMember(message, "message")),
      next,
      // The API shows the end only by returning the same token.
      last: next === from,
    };
  }

  async function hasGroup(stream: StreamName): Promise<boolean> {
    const answer = await getEvents(stream, { limit: 1 });
    // One error stands for both, with the words "The specified log stream does not exist." or "… group …" (prefect-aws#177, localstack#9226).
    return !(answer instanceof Error) || answer.message.includes("log stream");
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

  return { describeGroup, readPage, hasGroup };
}
