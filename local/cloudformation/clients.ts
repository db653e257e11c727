import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ECSClient } from "@aws-sdk/client-ecs";
import { S3Client } from "@aws-sdk/client-s3";
import type { Keys } from "../keys.ts";
import { callQueryApi } from "../query-api.ts";

type Parameters = Readonly<Record<string, string>>;

/** Clients of the APIs that make and delete the resources of a stack, with the keys of the stack's caller. */
export interface Clients {
  readonly ecs: ECSClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
  /** `iam` and `ec2` resolve with XML. */
  readonly iam: (action: string, parameters: Parameters) => Promise<string>;
  readonly ec2: (action: string, parameters: Parameters) => Promise<string>;
}

export function clientsOf(endpoint: string, region: string, keys: Keys): Clients {
  const config = { endpoint, region, credentials: keys, maxAttempts: 1 };
  const at = { url: endpoint, region, keys };
  return {
    ecs: new ECSClient(config),
    logs: new CloudWatchLogsClient(config),
    s3: new S3Client({ ...config, forcePathStyle: true }),
    iam: (Action, parameters) => callQueryApi(at, "iam", { Action, Version: "2010-05-08", ...parameters }),
    ec2: (Action, parameters) => callQueryApi(at, "ec2", { Action, Version: "2016-11-15", ...parameters }),
  };
}
