import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { makePlan, type Plan } from "../../local/cloudformation/plan.ts";
import { type JsonObject, readTemplate } from "../../local/cloudformation/template.ts";
import type { CreatedResource } from "../../local/cloudformation/resources/resource-type.ts";
import type { Statement } from "../../local/iam/policy.ts";
import { newFolder } from "../../src/carriers/pieces/orders.ts";
import { systemClock } from "../../src/clock.ts";
import { chooseDelivery } from "../../src/payload/stage.ts";
import { claimKey } from "../../src/queue/claim.ts";
import { lockKey } from "../../src/queue/lock/take-lock.ts";
import { recordKey } from "../../src/run/items/earlier-times.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { withNeed } from "../helpers/needs.ts";
import { type Names, policyFiles, policyOf } from "../../local/iam/policy-files.ts";
import { pathOfProgram, whyMissing } from "../helpers/virtual-environment.ts";
import { asTemplate, bucketPart, normalise, pascalName, resourceOf, statementsOf } from "./as-template.ts";
import { type Block, type Configuration, readTerraform, text, type Value } from "./terraform.ts";

const FILE = "examples/setup/cloudformation/fargate-exec.yaml";
const TERRAFORM = "examples/setup/terraform";
const REGION = "eu-west-1";
const ACCOUNT = "123456789012";
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
const BUCKET = `fargate-exec-${ACCOUNT}-${REGION}`;
const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/fargate-exec-${name}`;
const SUBNETS = ["subnet-1", "subnet-2"];

const template = readTemplate(readFileSync(FILE, "utf8"));
const planWith = (parameters: Readonly<Record<string, string>>): Plan =>
  makePlan(
    template,
    {
      ...{ Owner: "example-org", OwnerId: "1234567", Repository: "shop", RepositoryId: "89012345" },
      ...{ VpcId: "vpc-1", Subnets: SUBNETS.join(",") },
      ...parameters,
    },
    { "AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws" },
  );
/** The ids that AWS would give. */
const made = new Map<string, CreatedResource>([
  ["Provider", { id: PROVIDER }],
  ["CallerRole", { id: "fargate-exec-caller", attributes: { Arn: roleArn("caller") } }],
  ["TaskRole", { id: "fargate-exec-task", attributes: { Arn: roleArn("task") } }],
  ["ExecutionRole", { id: "fargate-exec-execution", attributes: { Arn: roleArn("execution") } }],
  ["Bucket", { id: BUCKET, attributes: { Arn: `arn:aws:s3:::${BUCKET}` } }],
  ["LogGroup", { id: "/ecs/fargate-exec" }],
  ["Cluster", { id: "fargate-exec" }],
  ["SecurityGroup", { id: "sg-1", attributes: { GroupId: "sg-1" } }],
  ["TaskDefinition", { id: "fargate-exec:1" }],
  ["Service", { id: "fargate-exec", attributes: { Name: "fargate-exec" } }],
]);
const propertiesOf = (plan: Plan): ReadonlyMap<string, JsonObject> =>
  new Map(
    plan.resources.map(([name, { Properties = {} }]) => [name, plan.resolve(Properties, made) as JsonObject]),
  );
const properties = propertiesOf(planWith({}));

/** The names in docs/iam as the set-up has them. */
const names: Names = {
  ...{ region: REGION, account: ACCOUNT, cluster: "fargate-exec", service: "fargate-exec" },
  ...{ family: "fargate-exec", bucket: BUCKET, prefix: "fargate-exec/" },
  ...{ "task-role": "fargate-exec-task", "execution-role": "fargate-exec-execution" },
  ...{ "log-group": "/ecs/fargate-exec", "container-log-group": "/ecs/fargate-exec" },
};

/**
 * The files for ways of use that the set-up does not allow. Its bucket keeps no versions and has no key of its own. Its
 * sessions are not logged in S3. Without `caller-check` a check skips the rows that the role may not look at. The set-up's image is in a public registry.
 */
const LEFT_OUT = /versions|kms|s3|encrypted|^bucket-policy|^caller-check$|^caller-image-size$/;
const wanted = (role: RegExp): readonly string[] =>
  policyFiles.filter((file) => role.test(file) && !LEFT_OUT.test(file));
const ROLES = [
  ["caller", /^caller-/],
  ["task", /^task-role/],
  ["execution", /^execution-role$/],
] as const;

const fromDocs = (files: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(files.map((file) => [file, normalise(policyOf(file, names).Statement as Statement[])]));

interface RoleProperties {
  readonly AssumeRolePolicyDocument: { readonly Statement: readonly Statement[] };
  readonly Policies: readonly {
    readonly PolicyName: string;
    readonly PolicyDocument: { readonly Statement: readonly Statement[] };
  }[];
}

interface LifecycleConfiguration {
  readonly Rules: readonly { readonly Prefix?: string; readonly ExpirationInDays?: number }[];
}

const STAGING = { bucket: BUCKET, prefix: "fargate-exec/", region: REGION };

const roleOf = (role: string): RoleProperties => {
  const found = [...properties.values()].find(({ RoleName }) => RoleName === `fargate-exec-${role}`);
  return found as unknown as RoleProperties;
};

describe("the CloudFormation template", () => {
  it.each(ROLES)("gives the %s role the policies of docs/iam, and no other", (role, files) => {
    const policies = roleOf(role).Policies.map(({ PolicyName, PolicyDocument }) => [
      PolicyName,
      normalise(PolicyDocument.Statement),
    ]);
    expect(Object.fromEntries(policies)).toEqual(fromDocs(wanted(files)));
  });

  it.each([
    ["the staged payload", chooseDelivery({ inputs: STAGING, owner: undefined, runId: "run" }), 1],
    ["output", { key: newFolder("fargate-exec/", systemClock.random).prefix }, 1],
    [
      "the queue for a container",
      { key: claimKey("fargate-exec/", { taskId: "task", container: "app" }) },
      1,
    ],
    ["a lock", { key: lockKey("fargate-exec/", "shop/migrations") }, 1],
    ["the times of items", { key: recordKey("fargate-exec/", "0".repeat(64)) }, 30],
  ])("lets %s expire by one rule", (_, object, days) => {
    const { Rules } = properties.get("Bucket")?.[
      "LifecycleConfiguration"
    ] as unknown as LifecycleConfiguration;
    const key = "key" in object ? object.key : "";
    const rules = Rules.filter(({ Prefix }) => Prefix !== undefined && key.startsWith(Prefix));
    expect(rules.map(({ ExpirationInDays }) => ExpirationInDays)).toEqual([days]);
    // S3 honours the shortest time of all rules that match.
    expect(Rules.filter(({ Prefix, ExpirationInDays }) => Prefix === undefined && ExpirationInDays)).toEqual(
      [],
    );
  });

  it("has the trust policy of docs/iam/README.md", () => {
    const page = readFileSync("docs/iam/README.md", "utf8");
    const [, json = ""] = /\n```json\n(.*?)\n```\n/s.exec(page) ?? [];
    const { Statement: trust } = JSON.parse(json) as { Statement: readonly Statement[] };
    expect(normalise(trust)).toEqual(normalise(roleOf("caller").AssumeRolePolicyDocument.Statement));
  });

  it.each(["sg-shop", "Shop", "1shop", "shop_1", "a".repeat(31)])("refuses the name %s", (Name) => {
    expect(() => planWith({ Name })).toThrow(
      "Parameter Name failed to satisfy constraint: Up to 30 lower-case letters, digits and hyphens, a letter first, and not sg- at the beginning.",
    );
  });

  it.each(["sg", "sgx-shop", "shop-sg-1", "a".repeat(30)])("takes the name %s", (Name) => {
    expect(() => planWith({ Name })).not.toThrow();
  });

  withNeed(
    it,
    "cfn-lint",
    whyMissing("cfn-lint"),
  )("passes cfn-lint", () => {
    const { stdout } = spawnSync(pathOfProgram("cfn-lint"), ["--include-checks", "I", "--", FILE], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
  });
});

const LOGGINGS = ["DEFAULT", "OVERRIDE", "NONE"] as const;
/** The values of the variable `session_logs`, and of what depends on it. */
const sessionLogs = (logging: (typeof LOGGINGS)[number]): Readonly<Record<string, Value>> => ({
  "var.session_logs": logging,
  'var.session_logs == "OVERRIDE" ? [aws_cloudwatch_log_group.this.name] : []':
    logging === "OVERRIDE" ? ["/ecs/fargate-exec"] : [],
  "log_configuration.value": "/ecs/fargate-exec",
});

/** The values of the references in the Terraform configuration. */
const REFERENCES: Readonly<Record<string, Value>> = {
  ...sessionLogs("DEFAULT"),
  "var.name": "fargate-exec",
  "var.owner": "example-org",
  "var.owner_id": "1234567",
  "var.repository": "shop",
  "var.repository_id": "89012345",
  "var.context": "ref:refs/heads/main",
  "var.vpc_id": "vpc-1",
  "var.subnets": SUBNETS,
  "var.assign_public_ip": "ENABLED",
  "var.image": "public.ecr.aws/docker/library/python:3.13-slim",
  "var.port": "8080",
  'var.oidc_provider_arn == "" ? 1 : 0': 1,
  "local.partition": "aws",
  "local.account": ACCOUNT,
  "local.region": REGION,
  "local.oidc_provider_arn": PROVIDER,
  "each.key": "each.key",
  "each.value": "each.value",
  ...documentsOf("trust_github", "trust_ecs", "bucket"),
  ...documentsOf(...policyFiles.map((file) => file.replaceAll("-", "_"))),
  "aws_s3_bucket.staging.id": BUCKET,
  "aws_s3_bucket.staging.arn": `arn:aws:s3:::${BUCKET}`,
  "aws_cloudwatch_log_group.this.name": "/ecs/fargate-exec",
  "aws_ecs_cluster.this.name": "fargate-exec",
  "aws_ecs_cluster.this.arn": "fargate-exec",
  "aws_ecs_task_definition.this.arn": "fargate-exec:1",
  "aws_security_group.tasks.id": "sg-1",
  ...rolesOf("caller", "task", "execution"),
  "aws_iam_role_policy.task": "task",
  "aws_iam_role_policy.execution": "execution",
};

withNeed(
  describe,
  "python-hcl2",
  whyMissing("hcl2tojson"),
)("the Terraform configuration", () => {
  let tf: Configuration;
  beforeAll(() => {
    tf = readTerraform(TERRAFORM, REFERENCES);
  });

  it.each(ROLES)("gives the %s role the policies of docs/iam, and no other", (role, files) => {
    const block = resourceOf(tf, `aws_iam_role_policy.${role}`);
    expect(block).toMatchObject({ role: `fargate-exec-${role}`, name: "each.key", policy: "each.value" });
    const policies = Object.entries(block["for_each"] as Block).map(([file, document]) => [
      file,
      statementsOf(tf.documents[text(document)]),
    ]);
    expect(Object.fromEntries(policies)).toEqual(fromDocs(wanted(files)));
  });

  it.each(ROLES)("lets the same principals assume the %s role as the template", (role) => {
    const { name, assume_role_policy: document } = resourceOf(tf, `aws_iam_role.${role}`);
    expect(name).toBe(`fargate-exec-${role}`);
    expect(statementsOf(tf.documents[text(document)])).toEqual(
      normalise(roleOf(role).AssumeRolePolicyDocument.Statement),
    );
  });

  it("has the resources of the template, and no other", () => {
    const others = ["CallerRole", "TaskRole", "ExecutionRole", "BucketPolicy"];
    const ofTemplate = [...properties].filter(([name]) => !others.includes(name));
    expect(asTemplate(tf)).toEqual(Object.fromEntries(ofTemplate));

    const compared =
      /^aws_(iam_(openid_connect_provider|role|role_policy)|s3_bucket(_\w+)?|cloudwatch_log_group|ecs_(cluster|task_definition|service)|security_group)\./;
    expect(tf.resources.map(([address]) => address).filter((address) => !compared.test(address))).toEqual([]);
    expect(tf.resources).toHaveLength(18);
  });

  it.each(everyNth(LOGGINGS, 3, 1))("has the cluster of the template with %s", (logging) => {
    const other = readTerraform(TERRAFORM, { ...REFERENCES, ...sessionLogs(logging) });
    const cluster = propertiesOf(planWith({ SessionLogs: logging })).get("Cluster");
    expect(asTemplate(other)).toMatchObject({ Cluster: cluster });
    expect(cluster).toEqual({
      ClusterName: "fargate-exec",
      Configuration: {
        ExecuteCommandConfiguration: {
          Logging: logging,
          // ECS needs a log configuration with OVERRIDE, and reads none otherwise (API reference, ExecuteCommandConfiguration).
          ...(logging === "OVERRIDE" && {
            LogConfiguration: { CloudWatchLogGroupName: "/ecs/fargate-exec" },
          }),
        },
      },
    });
  });

  it("lets nothing in its bucket keep it from being destroyed", () => {
    expect(resourceOf(tf, "aws_s3_bucket.staging")["force_destroy"]).toBe(true);
  });

  it("has the bucket's policy of the template", () => {
    expect(bucketPart(tf, "policy")).toEqual({ policy: "bucket" });
    const { PolicyDocument } = properties.get("BucketPolicy") as unknown as {
      PolicyDocument: { Statement: readonly Statement[] };
    };
    expect(statementsOf(tf.documents["bucket"])).toEqual(normalise(PolicyDocument.Statement));
  });

  it("has the parameters and outputs of the template, with the same defaults", () => {
    const defaults = Object.entries(tf.variables).map(([name, { default: value }]) => [
      pascalName(name),
      value,
    ]);
    const ofTemplate = Object.entries(template.Parameters ?? {}).map(([name, { Default }]) => [
      name,
      name === "AssignPublicIp" ? Default === "ENABLED" : Default,
    ]);
    expect(Object.fromEntries(defaults)).toEqual(Object.fromEntries(ofTemplate));
    const describedBy = (of: Readonly<Record<string, { Description?: Value } | Block>>) =>
      Object.fromEntries(
        Object.entries(of).map(([name, output]) => [
          pascalName(name),
          "Description" in output ? output.Description : (output as Block)["description"],
        ]),
      );
    expect(describedBy(tf.outputs)).toEqual(describedBy(template.Outputs ?? {}));
  });
});

function documentsOf(...documents: readonly string[]): Record<string, Value> {
  return Object.fromEntries(
    documents.map((name) => [`data.aws_iam_policy_document.${name}.json`, name] as const),
  );
}

function rolesOf(...roles: readonly string[]): Record<string, Value> {
  const ids = ["id", "name"] as const;
  return Object.fromEntries(
    roles.flatMap((role) => [
      ...ids.map((id) => [`aws_iam_role.${role}.${id}`, `fargate-exec-${role}`] as const),
      [`aws_iam_role.${role}.arn`, roleArn(role)] as const,
    ]),
  );
}
