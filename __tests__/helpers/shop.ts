import {
  CreateClusterCommand,
  CreateServiceCommand,
  type ContainerDefinition,
  ECSClient,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { type Policy, readPolicy } from "../../local/iam/policy.ts";
import { callQueryApi } from "../../local/query-api.ts";
import { seed } from "../../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../../local/start.ts";
import { clientConfig } from "../local/with-local.ts";
import { policyFiles, policyOf, type Names } from "./policies.ts";
import { until } from "./until.ts";

const REGION = "eu-west-1";
const NAMES = {
  cluster: "production",
  service: "shop",
  bucket: "example-ci-staging",
  role: "deploy",
  taskRole: "shop-exec",
} as const;
/** Revision 43 is deployed next. */
const REVISIONS = 43;

/** The files of an image beside a system's. */
function layer(name: string): string {
  return join(import.meta.dirname, "layers", name);
}

/** A port of this machine that the kernel has just given and taken back: it gives others before it gives that again. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return String(port);
}

/**
 * The account that the README and the examples speak of: the cluster production with the service shop, the role deploy
 * that workflows of main assume, the bucket example-ci-staging. The roles have the rights of docs/iam and no others.
 */
export class Shop {
  readonly local: LocalFargate;
  readonly ecs: ECSClient;
  /** What stands in the workflows for things whose names AWS or this machine gives. */
  readonly fillIns: Readonly<Record<string, string>>;
  readonly #port: string;

  private constructor(local: LocalFargate, port: string, names: Readonly<Record<string, string>>) {
    this.local = local;
    this.#port = port;
    this.fillIns = { ...names, "localhost:8080": `localhost:${port}` };
    this.ecs = new ECSClient({ ...clientConfig(local), maxAttempts: 3 });
  }

  static async open(): Promise<Shop> {
    const local = await startLocalFargate({
      region: REGION,
      stopTimeout: 500,
      images: {
        shop: { layer: layer("shop"), workdir: "/srv/shop" },
        debian: { layer: layer("debian"), own: "debian-sshd" },
        postgres: { layer: layer("postgres") },
        tools: { layer: layer("tools") },
      },
    });
    const { subnets, securityGroups } = await seed(local);
    const [one = "", other = one] = subnets;
    const shop = new Shop(local, await freePort(), {
      "subnet-0a1b2c3d": one,
      "subnet-4e5f6a7b": other,
      "sg-0a1b2c3d": securityGroups[0] ?? "",
    });
    await shop.#furnish(subnets, securityGroups);
    return shop;
  }

  async stop(): Promise<void> {
    await this.local.stop();
  }

  /** What a runner has of it: no keys. */
  get endpoint(): Readonly<Record<string, string>> {
    return { AWS_ENDPOINT_URL: this.local.url };
  }

  /** The revisions that the service's running tasks are of. */
  running(): readonly string[] {
    const ours = this.local.tasks.filter(
      ({ plan, desiredStatus }) => plan.group === `service:${NAMES.service}` && desiredStatus === "RUNNING",
    );
    return ours.map(({ plan }) => `${plan.definition.family}:${plan.definition.revision}`);
  }

  async #furnish(subnets: readonly string[], securityGroups: readonly string[]): Promise<void> {
    const { url, region, accountId, iam } = this.local;
    await this.ecs.send(new CreateClusterCommand({ clusterName: NAMES.cluster }));
    const s3 = new S3Client({ ...clientConfig(this.local), forcePathStyle: true });
    await s3.send(
      new CreateBucketCommand({
        Bucket: NAMES.bucket,
        CreateBucketConfiguration: { LocationConstraint: REGION },
      }),
    );

    const host = "token.actions.githubusercontent.com";
    const trust = {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Federated: `arn:aws:iam::${accountId}:oidc-provider/${host}` },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: {
              [`${host}:aud`]: "sts.amazonaws.com",
              [`${host}:sub`]: "repo:example-org/shop:ref:refs/heads/main",
            },
          },
        },
      ],
    };
    await callQueryApi(url, region, "iam", {
      ...{ Action: "CreateRole", Version: "2010-05-08", Path: "/", RoleName: NAMES.role },
      AssumeRolePolicyDocument: JSON.stringify(trust),
    });
    const names: Names = {
      ...{ region: "*", account: "*", cluster: NAMES.cluster, service: NAMES.service, family: "*" },
      ...{ "caller-role": NAMES.role, "task-role": NAMES.taskRole, "execution-role": "*" },
      ...{ bucket: NAMES.bucket, prefix: "*", "bucket-key": "*", "cluster-key": "*" },
      ...{ "log-group": "*", "container-log-group": "*", "log-bucket": "*", "log-prefix": "sessions" },
    };
    const policies = (start: string): Policy[] =>
      policyFiles.filter((file) => file.startsWith(start)).map((file) => policyOf(file, names));
    const deploys = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: ["ecs:UpdateService", "ecs:DescribeServices"], Resource: "*" }],
    };
    iam.principals.setRole(NAMES.role, [...policies("caller-"), readPolicy(deploys)]);
    iam.principals.setRole(NAMES.taskRole, policies("task-role"));

    const app: ContainerDefinition = {
      ...{ name: "web", image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1", essential: true },
      command: ["python", "-m", "shop.serve"],
      environment: [{ name: "PORT", value: this.#port }],
      linuxParameters: { initProcessEnabled: true },
    };
    for (let revision = 1; revision <= REVISIONS; revision += 1) await this.#register("shop", app);
    await this.#register("shop-jobs", app);
    await this.ecs.send(
      new CreateServiceCommand({
        ...{ cluster: NAMES.cluster, serviceName: NAMES.service, taskDefinition: `shop:${REVISIONS - 1}` },
        ...{ desiredCount: 2, launchType: "FARGATE", enableExecuteCommand: true },
        networkConfiguration: {
          awsvpcConfiguration: { subnets: [...subnets], securityGroups: [...securityGroups] },
        },
      }),
    );
    await until(() => this.running().length === 2);
  }

  async #register(family: string, container: ContainerDefinition): Promise<void> {
    await this.ecs.send(
      new RegisterTaskDefinitionCommand({
        ...{
          family,
          networkMode: "awsvpc",
          requiresCompatibilities: ["FARGATE"],
          cpu: "512",
          memory: "1024",
        },
        taskRoleArn: `arn:aws:iam::${this.local.accountId}:role/${NAMES.taskRole}`,
        containerDefinitions: [container],
      }),
    );
  }
}
