import { callQueryApi, textsOf } from "./query-api.ts";
import { type Endpoint, signedFetch } from "./signed-fetch.ts";
import { Records } from "./ecs/records.ts";
import type { ContainerDefinition, Service, TaskDefinition } from "./ecs-shapes.ts";
import type { LocalFargate } from "./start.ts";
import { ISSUER } from "./sts/id-tokens.ts";

/** The names of the resources that `seed` makes. */
export interface SeedNames {
  /** A cluster that does not configure session logging. */
  readonly cluster: string;
  /** A cluster whose sessions are logged to `logGroup` and, under `sessions/`, to `bucket`. */
  readonly loggedCluster: string;
  /** A cluster whose sessions are encrypted with `kmsKeyId`, and not logged. */
  readonly kmsCluster: string;
  /** The ARN of a key in KMS. */
  readonly kmsKeyId: string;
  /** A service on `cluster` with one running task of `taskDefinition`. */
  readonly service: string;
  /** A task definition with one container, `app`, of a python image, a task role and an init. */
  readonly taskDefinition: string;
  /** A task definition with two containers, `app` (essential) and `sidecar`. */
  readonly twoContainers: string;
  /** A task definition without a task role: its tasks have no exec and no credentials. */
  readonly withoutRole: string;
  /** The ARN of a role that the jobs of `example-org/shop` may assume by their ID tokens. */
  readonly deployRole: string;
  readonly bucket: string;
  readonly logGroup: string;
  readonly containerLogGroup: string;
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
}

const names = {
  cluster: "demo",
  loggedCluster: "demo-logged",
  kmsCluster: "demo-encrypted",
  service: "web",
  taskDefinition: "demo",
  twoContainers: "demo-sidecar",
  withoutRole: "demo-no-role",
  bucket: "demo-staging",
  logGroup: "/ecs/exec",
  containerLogGroup: "/ecs/demo",
} as const;

/** Makes clusters, task definitions, a bucket, log groups, a KMS key, roles and a service with one task. */
export async function seed(local: LocalFargate): Promise<SeedNames> {
  const { asAdmin, region, accountId } = local;
  const ecs = new Records(asAdmin);
  await createBucket(asAdmin, names.bucket);
  for (const logGroupName of [names.logGroup, names.containerLogGroup])
    await callJson(asAdmin, "logs", "Logs_20140328.CreateLogGroup", { logGroupName });
  const key = await callJson(asAdmin, "kms", "TrentService.CreateKey", { Description: "sessions" });
  const kmsKeyId = (key as { KeyMetadata: { Arn: string } }).KeyMetadata.Arn;

  // Only this cluster has capacity providers.
  await ecs.call("CreateCluster", {
    clusterName: names.cluster,
    capacityProviders: ["FARGATE", "FARGATE_SPOT"],
  });
  await ecs.call("CreateCluster", {
    clusterName: names.loggedCluster,
    configuration: {
      executeCommandConfiguration: {
        logging: "OVERRIDE",
        logConfiguration: {
          cloudWatchLogGroupName: names.logGroup,
          s3BucketName: names.bucket,
          s3KeyPrefix: "sessions",
        },
      },
    },
  });

  await ecs.call("CreateCluster", {
    clusterName: names.kmsCluster,
    configuration: { executeCommandConfiguration: { kmsKeyId, logging: "NONE" } },
  });

  const taskRoleArn = `arn:aws:iam::${accountId}:role/demo-task`;
  const executionRoleArn = `arn:aws:iam::${accountId}:role/demo-execution`;
  const ofTasks = { Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" };
  for (const name of ["demo-task", "demo-execution"]) await createRole(asAdmin, name, ofTasks);
  const app = container("app", region);
  await register(ecs, names.taskDefinition, [app], { taskRoleArn, executionRoleArn });
  await register(ecs, names.twoContainers, [app, { ...container("sidecar", region), essential: false }], {
    taskRoleArn,
    executionRoleArn,
  });
  await register(ecs, names.withoutRole, [app], { executionRoleArn });

  const deployRole = await trustGitHub(asAdmin, accountId);
  const subnets = await ec2(asAdmin, "DescribeSubnets", "subnetId");
  const securityGroups = await ec2(asAdmin, "DescribeSecurityGroups", "groupId");
  await ecs.call("CreateService", {
    cluster: names.cluster,
    serviceName: names.service,
    taskDefinition: names.taskDefinition,
    desiredCount: 1,
    launchType: "FARGATE",
    platformVersion: "LATEST",
    enableExecuteCommand: true,
    networkConfiguration: { awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: "ENABLED" } },
  } satisfies Partial<Service> & Record<string, unknown>);
  return { ...names, kmsKeyId, deployRole, subnets, securityGroups };
}

/** Makes GitHub's identity provider in IAM, and a role for a repository on GitHub. Resolves with the role's ARN. */
async function trustGitHub(asAdmin: Endpoint, accountId: string): Promise<string> {
  const { host } = new URL(ISSUER);
  await iam(asAdmin, "CreateOpenIDConnectProvider", {
    Url: ISSUER,
    "ClientIDList.member.1": "sts.amazonaws.com",
    "ThumbprintList.member.1": "0".repeat(40),
  });
  await createRole(asAdmin, "demo-deploy", {
    Principal: { Federated: `arn:aws:iam::${accountId}:oidc-provider/${host}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: { [`${host}:aud`]: "sts.amazonaws.com" },
      StringLike: { [`${host}:sub`]: "repo:example-org/shop:*" },
    },
  });
  return `arn:aws:iam::${accountId}:role/demo-deploy`;
}

/** Makes a role that the principal in the statement may assume. */
async function createRole(asAdmin: Endpoint, name: string, statement: object): Promise<void> {
  const trust = { Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] };
  const AssumeRolePolicyDocument = JSON.stringify(trust);
  await iam(asAdmin, "CreateRole", { RoleName: name, Path: "/", AssumeRolePolicyDocument });
}

function iam(
  asAdmin: Endpoint,
  Action: string,
  parameters: Readonly<Record<string, string>>,
): Promise<string> {
  return callQueryApi(asAdmin, "iam", { Action, Version: "2010-05-08", ...parameters });
}

function container(name: string, region: string): ContainerDefinition {
  return {
    name,
    image: "public.ecr.aws/docker/library/python:3.13-slim",
    essential: true,
    command: ["tail", "-f", "/dev/null"],
    linuxParameters: { initProcessEnabled: true },
    stopTimeout: 5,
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": names.containerLogGroup,
        "awslogs-region": region,
        "awslogs-stream-prefix": "demo",
      },
    },
  };
}

async function register(
  ecs: Records,
  family: string,
  containerDefinitions: readonly ContainerDefinition[],
  extra: Partial<TaskDefinition>,
): Promise<void> {
  await ecs.call("RegisterTaskDefinition", {
    family,
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "512",
    memory: "1024",
    containerDefinitions,
    ...extra,
  });
}

/** Makes one call of a JSON protocol. Rejects with the answer when it is refused. */
export async function callJson(
  endpoint: Endpoint,
  service: string,
  target: string,
  request: object,
): Promise<unknown> {
  const response = await signedFetch(endpoint, service, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": target },
    body: JSON.stringify(request),
  });
  await requireSuccess(target, response);
  const text = await response.text();
  return text === "" ? {} : JSON.parse(text);
}

async function createBucket(asAdmin: Endpoint, name: string): Promise<void> {
  const { region } = asAdmin;
  // S3 requires a location constraint in every region but us-east-1.
  const elsewhere = `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
  const body = region === "us-east-1" ? {} : { body: elsewhere };
  await requireSuccess(
    "CreateBucket",
    await signedFetch(asAdmin, "s3", { method: "PUT", path: `/${name}`, ...body }),
  );
}

async function requireSuccess(call: string, response: Response): Promise<void> {
  if (!response.ok) throw new Error(`${call}: ${await response.text()}`);
}

async function ec2(asAdmin: Endpoint, action: string, element: string): Promise<string[]> {
  const xml = await callQueryApi(asAdmin, "ec2", { Action: action, Version: "2016-11-15" });
  return [...new Set(textsOf(xml, element))].slice(0, 2);
}
