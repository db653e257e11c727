import { partition } from "@aws-sdk/core/client";

/** A part of AWS with names and domains of its own, such as `aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`. */
export interface Partition {
  /** As its ARNs begin. */
  readonly name: string;
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
  /** The region that answers for services without one. */
  readonly globalRegion: string;
}

/** By the SDK's own data; a region that it doesn't know counts as one of `aws`, as it does for the SDK. */
export function partitionOf(region: string): Partition {
  const { name, dnsSuffix, dualStackDnsSuffix, ...more } = partition(region);
  const { implicitGlobalRegion = region } = more as { readonly implicitGlobalRegion?: string };
  return { name, dnsSuffix, dualStackDnsSuffix, globalRegion: implicitGlobalRegion };
}

/** The ARN of any session of ECS Exec, for policies. */
export function sessionsArn(region: string): string {
  return `arn:${partitionOf(region).name}:ssm:*:*:session/ecs-execute-command-*`;
}

/** The SDK's data has no consoles. */
const CONSOLES: Readonly<Record<string, string>> = {
  aws: "console.aws.amazon.com",
  "aws-cn": "console.amazonaws.cn",
  "aws-eusc": "console.amazonaws-eusc.eu",
  "aws-us-gov": "console.amazonaws-us-gov.com",
};

/** Undefined for a partition whose console is not known. */
export function consoleHost(region: string): string | undefined {
  const host = CONSOLES[partitionOf(region).name];
  return host === undefined ? undefined : `${region}.${host}`;
}
