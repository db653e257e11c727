import {
  CreateClusterCommand,
  CreateServiceCommand,
  type ContainerDefinition,
  ECSClient,
  RegisterTaskDefinitionCommand,
  waitUntilServicesStable,
} from "@aws-sdk/client-ecs";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { join } from "node:path";
import { freePort } from "../free-port.ts";
import type { Policy } from "../iam/policy.ts";
import { type Names, policyFiles, policyIn, policyOf } from "../iam/policy-files.ts";
import { callQueryApi } from "../query-api.ts";
import { seed } from "../seed.ts";
import type { LocalFargate } from "../start.ts";
import type { LayeredImage } from "../images/image.ts";

/** The region that the README and the examples name. */
export const SHOP_REGION = "eu-west-1";
const NAMES = {
  cluster: "production",
  service: "shop",
  bucket: "example-ci-staging",
  role: "deploy",
  taskRole: "shop-exec",
  executionRole: "shop-execution",
} as const;
/** The number of revisions of the family shop. The service runs the last but one; the last one is deployed next. */
const REVISIONS = 43;

/** The directory of the files that an image adds to a system's. */
const layer = (name: string): string => join(import.meta.dirname, "layers", name);

/** The images of the README and the examples, for the option `images`. */
export const SHOP_IMAGES: Readonly<Record<string, LayeredImage>> = {
  shop: { layer: layer("shop"), workdir: "/srv/shop" },
  debian: { layer: layer("debian"), own: "debian-sshd" },
  postgres: { layer: layer("postgres") },
  tools: { layer: layer("tools") },
};

/**
 * Makes the account that the README and the examples describe: the cluster production with the service shop, the role
 * deploy, which workflows of main assume, and the bucket example-ci-staging. The roles have the rights of docs/iam and of
 * examples/deploy-policy.json, and no others. `local` must have been started in `SHOP_REGION` with `SHOP_IMAGES`.
 *
 * Resolves once the service is stable. The result maps those names in the workflows that AWS or the machine chooses to the names here.
 */
export async function openShop(local: LocalFargate): Promise<Readonly<Record<string, string>>> {
  const { subnets, securityGroups } = await seed(local);
  const port = String(await freePort());
  const { accessKeyId, secretAccessKey } = local.admin;
  const config = {
    ...{ endpoint: local.url, region: local.region, maxAttempts: 3 },
    credentials: { accessKeyId, secretAccessKey },
  };
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  await s3.send(
    new CreateBucketCommand({
      Bucket: NAMES.bucket,
      CreateBucketConfiguration: { LocationConstraint: SHOP_REGION },
    }),
  );
  await makeRoles(local);
  await startService(new ECSClient(config), local.accountId, { subnets, securityGroups, port });
  const [one = "", other = one] = subnets;
  return {
    "subnet-0a1b2c3d": one,
    "subnet-4e5f6a7b": other,
    "sg-0a1b2c3d": securityGroups[0] ?? "",
    "localhost:8080": `localhost:${port}`,
  };
}

async function makeRoles({ asAdmin, region, accountId, iam }: LocalFargate): Promise<void> {
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
            [`${host}:sub`]: [
              "repo:example-org@1234567/shop@89012345:ref:refs/heads/main",
              "repo:example-org/shop:ref:refs/heads/main",
            ],
          },
        },
      },
    ],
  };
  await callQueryApi(asAdmin, "iam", {
    ...{ Action: "CreateRole", Version: "2010-05-08", Path: "/", RoleName: NAMES.role },
    AssumeRolePolicyDocument: JSON.stringify(trust),
  });
  const names: Names = {
    ...{ region, account: accountId, cluster: NAMES.cluster, service: NAMES.service, family: "shop*" },
    repository: "shop",
    ...{ "caller-role": NAMES.role, "task-role": NAMES.taskRole, "execution-role": NAMES.executionRole },
    ...{ bucket: NAMES.bucket, prefix: "fargate-exec/" },
    // The shop has no encryption keys, and its sessions and containers are not logged.
    ...{ "bucket-key": "none", "cluster-key": "none", "log-group": "none", "container-log-group": "none" },
    ...{ "log-bucket": "none", "log-prefix": "none" },
  };
  const policies = (start: string): Policy[] =>
    policyFiles.filter((file) => file.startsWith(start)).map((file) => policyOf(file, names));
  const deploys = policyIn(join(import.meta.dirname, "../../examples/deploy-policy.json"), names);
  iam.principals.setRole(NAMES.role, [...policies("caller-"), deploys]);
  iam.principals.setRole(NAMES.taskRole, policies("task-role"));
}

interface Network {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly port: string;
}

async function startService(ecs: ECSClient, accountId: string, network: Network): Promise<void> {
  await ecs.send(
    new CreateClusterCommand({ clusterName: NAMES.cluster, capacityProviders: ["FARGATE", "FARGATE_SPOT"] }),
  );
  const app: ContainerDefinition = {
    ...{ name: "web", image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1", essential: true },
    command: ["python", "-m", "shop.serve"],
    environment: [{ name: "PORT", value: network.port }],
    linuxParameters: { initProcessEnabled: true },
  };
  const register = (family: string): Promise<unknown> =>
    ecs.send(
      new RegisterTaskDefinitionCommand({
        ...{ family, networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"] },
        ...{ cpu: "512", memory: "1024" },
        taskRoleArn: `arn:aws:iam::${accountId}:role/${NAMES.taskRole}`,
        containerDefinitions: [app],
      }),
    );
  for (let revision = 1; revision <= REVISIONS; revision += 1) await register("shop");
  await register("shop-jobs");
  await ecs.send(
    new CreateServiceCommand({
      ...{ cluster: NAMES.cluster, serviceName: NAMES.service, taskDefinition: `shop:${REVISIONS - 1}` },
      ...{ desiredCount: 2, launchType: "FARGATE", enableExecuteCommand: true },
      networkConfiguration: {
        awsvpcConfiguration: { subnets: [...network.subnets], securityGroups: [...network.securityGroups] },
      },
    }),
  );
  await waitUntilServicesStable(
    { client: ecs, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
    { cluster: NAMES.cluster, services: [NAMES.service] },
  );
}
