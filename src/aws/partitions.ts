import { partition } from "@aws-sdk/core/client";

/** A partition of AWS, such as `aws`, `aws-cn`, `aws-us-gov` or `aws-eusc`. */
export interface Partition {
  /** The name in its ARNs. */
  readonly name: string;
  readonly dnsSuffix: string;
  readonly dualStackDnsSuffix: string;
  /** The region of services that have no regions. */
  readonly globalRegion: string;
}

/** The partition of a region by the SDK's data. As in the SDK, an unknown region counts as one of `aws`. */
export function partitionOf(region: string): Partition {
  const { name, dnsSuffix, dualStackDnsSuffix, ...more } = partition(region);
  const { implicitGlobalRegion = region } = more as { readonly implicitGlobalRegion?: string };
  return { name, dnsSuffix, dualStackDnsSuffix, globalRegion: implicitGlobalRegion };
}

/** An ARN pattern for all sessions of ECS Exec, for policies. */
export function sessionsArn(region: string): string {
  return `arn:${partitionOf(region).name}:ssm:*:*:session/ecs-execute-command-*`;
}

/** The ARN of a bucket, or of an object in it. `region` is any region of the bucket's partition. */
export function s3Arn(region: string, bucket: string, key?: string): string {
  return `arn:${partitionOf(region).name}:s3:::${bucket}${key === undefined ? "" : `/${key}`}`;
}

/** The hosts of the AWS consoles, which the SDK's data does not have. */
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
