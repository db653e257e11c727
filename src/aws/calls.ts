import { type AwsClients, awsClients, type AwsOptions } from "./clients.ts";
import { type Ec2, ec2Calls } from "./ec2.ts";
import { type Ecr, ecrCalls } from "./ecr.ts";
import type { Ecs } from "./ecs.ts";
import { ecsCalls } from "./ecs-calls.ts";
import { type Iam, iamCalls } from "./iam.ts";
import { type Kms, kmsCalls } from "./kms.ts";
import { type Logs, logsCalls } from "./logs.ts";
import { queryCalls } from "./query.ts";
import type { S3 } from "./s3.ts";
import { s3Calls } from "./s3-calls.ts";
import { type Ssm, ssmCalls } from "./ssm.ts";

/** All calls of AWS. */
export interface Aws {
  readonly clients: AwsClients;
  readonly ecs: Ecs;
  readonly s3: S3;
  readonly logs: Logs;
  readonly kms: Kms;
  readonly ssm: Ssm;
  readonly ec2: Ec2;
  readonly ecr: Ecr;
  readonly iam: Iam;
}

export function awsCalls(options: AwsOptions): Aws {
  const clients = awsClients(options);
  const query = queryCalls(clients);
  return {
    clients,
    ecs: ecsCalls(clients),
    s3: s3Calls(clients),
    logs: logsCalls(clients),
    kms: kmsCalls(clients),
    ssm: ssmCalls(clients),
    ec2: ec2Calls(query),
    ecr: ecrCalls(clients),
    iam: iamCalls(query),
  };
}
