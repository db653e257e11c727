import { CloudWatchLogsClient, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Records } from "../../../local/ecs/records.ts";
import type { Keys } from "../../../local/keys.ts";
import { callQueryApi, textsOf } from "../../../local/query-api.ts";
import { type LocalFargate, startLocalFargate } from "../../../local/start.ts";
import { until } from "../../helpers/until.ts";
import { clientConfig } from "../with-local.ts";

let local: LocalFargate;
beforeAll(async () => {
  local = await startLocalFargate({ stopTimeout: 200 });
});
afterAll(() => local.stop());

const call = (Action: string, parameters: Readonly<Record<string, string>>, keys?: Keys): Promise<string> =>
  callQueryApi({ ...local.asAdmin, ...(keys && { keys }) }, "cloudformation", {
    ...{ Action, Version: "2010-05-15" },
    ...parameters,
  });
const create = (StackName: string, TemplateBody: string, more = {}, keys?: Keys): Promise<string> =>
  call("CreateStack", { StackName, TemplateBody, ...more }, keys);
const statusOf = async (StackName: string): Promise<string | undefined> =>
  textsOf(await call("DescribeStacks", { StackName }), "StackStatus")[0];
const reasonsOf = async (StackName: string): Promise<readonly string[]> =>
  textsOf(await call("DescribeStackEvents", { StackName }), "ResourceStatusReason");

const logGroups = async (): Promise<readonly unknown[]> => {
  const client = new CloudWatchLogsClient(clientConfig(local));
  return ((await client.send(new DescribeLogGroupsCommand({}))).logGroups ?? []).map(
    ({ logGroupName, retentionInDays }) => [logGroupName, retentionInDays],
  );
};

const GROUP =
  "  Group: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: /of/stack, RetentionInDays: 7 } }";

it("CreateStack makes each resource by its API, and DeleteStack removes them", async () => {
  await create("one", `Resources:\n${GROUP}\nOutputs: { It: { Value: !Ref Group } }`);
  expect(await statusOf("one")).toBe("CREATE_COMPLETE");
  expect(textsOf(await call("DescribeStacks", { StackName: "one" }), "OutputValue")).toEqual(["/of/stack"]);
  expect(await logGroups()).toEqual([["/of/stack", 7]]);
  await expect(create("one", `Resources:\n${GROUP}`)).rejects.toMatchObject({
    code: "AlreadyExistsException",
  });

  await call("DeleteStack", { StackName: "one" });
  expect(await logGroups()).toEqual([]);
  await expect(statusOf("one")).rejects.toThrow("Stack with id one does not exist");
});

it("a stack with a resource that can't be made is rolled back, and the events say why", async () => {
  await create("two", `Resources:\n${GROUP}\n${GROUP.replace("Group:", "Again:")}`);
  expect(await statusOf("two")).toBe("ROLLBACK_COMPLETE");
  expect(await reasonsOf("two")).toEqual([
    "The following resource(s) failed to create: [Again].",
    "The following resource(s) failed to create: [Again].",
    expect.stringContaining("ResourceAlreadyExistsException"),
  ]);
  expect(await logGroups()).toEqual([]);
});

it("the resources are made with the rights of the caller", async () => {
  const Statement = {
    Effect: "Allow",
    Action: "cloudformation:*",
    Resource: "arn:aws:cloudformation:*:*:stack/three/*",
  };
  const keys = local.iam.principals.addUser("deployer", { policies: [{ Version: "2012-10-17", Statement }] });
  await create("three", `Resources:\n${GROUP}`, {}, keys);
  expect((await reasonsOf("three")).at(-1)).toMatch(
    /deployer is not authorized to perform: logs:CreateLogGroup/,
  );
  await expect(create("another", `Resources:\n${GROUP}`, {}, keys)).rejects.toThrow(
    /deployer is not authorized to perform: cloudformation:CreateStack on resource: \S+:stack\/another\/\*/,
  );
});

it("a resource that can't be removed stays for another try", async () => {
  const s3 = new S3Client({ ...clientConfig(local), forcePathStyle: true });
  await create("four", "Resources: { Bucket: { Type: AWS::S3::Bucket, Properties: { BucketName: full } } }");
  await s3.send(new PutObjectCommand({ Bucket: "full", Key: "left", Body: "x" }));
  await call("DeleteStack", { StackName: "four" });
  expect(await statusOf("four")).toBe("DELETE_FAILED");
  expect(await reasonsOf("four")).toContainEqual(expect.stringContaining("BucketNotEmpty"));

  await s3.send(new DeleteObjectCommand({ Bucket: "full", Key: "left" }));
  await call("DeleteStack", { StackName: "four" });
  await expect(statusOf("four")).rejects.toThrow("does not exist");
});

it("the rules of a bucket delete its objects after the template's days, or only unfinished uploads", async () => {
  const s3 = new S3Client({ ...clientConfig(local), forcePathStyle: true });
  await create(
    "ruled",
    `Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: ruled
      LifecycleConfiguration:
        Rules:
          - { Id: objects, Status: Enabled, Prefix: run-, ExpirationInDays: 7 }
          - { Id: uploads, Status: Enabled, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }
`,
  );
  const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: "ruled" }));
  expect(Rules).toEqual([
    { ID: "objects", Status: "Enabled", Filter: { Prefix: "run-" }, Expiration: { Days: 7 } },
    {
      ...{ ID: "uploads", Status: "Enabled", Filter: { Prefix: "" } },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
  ]);
});

it("a cluster stays while a service or a task is in it", async () => {
  const ecs = new Records(local.asAdmin);
  const subnets = { Action: "DescribeSubnets", Version: "2016-11-15" };
  const [subnet] = textsOf(await callQueryApi(local.asAdmin, "ec2", subnets), "subnetId");
  const cluster = "Resources: { Cluster: { Type: AWS::ECS::Cluster, Properties: { ClusterName: busy } } }";
  await create("five", cluster);
  await ecs.call("RegisterTaskDefinition", {
    family: "busy",
    taskRoleArn: "busy",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "256",
    memory: "512",
    containerDefinitions: [{ name: "app", image: "example/app:1", command: ["sleep", "600"] }],
  });
  const { tasks } = (await ecs.call("RunTask", {
    cluster: "busy",
    taskDefinition: "busy",
    networkConfiguration: { awsvpcConfiguration: { subnets: [subnet] } },
  })) as { tasks: [{ taskArn: string }] };
  const task = local.tasks.find(({ arn }) => arn === tasks[0].taskArn);
  await until(
    () => task?.lastStatus === "RUNNING",
    () => `${task?.lastStatus}: ${task?.stoppedReason}`,
  );
  await call("DeleteStack", { StackName: "five" });
  expect(await reasonsOf("five")).toContainEqual(expect.stringContaining("while Tasks are active"));

  task?.stop("UserInitiated", "by the test");
  await task?.ended;
  await call("DeleteStack", { StackName: "five" });
  expect((await ecs.cluster("busy")).status).toBe("INACTIVE");
});

const ROLE = `Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: of-stack
      AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] }
      Policies:
        - PolicyName: list
          PolicyDocument:
            { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: ecs:ListClusters, Resource: "*" }] }
`;

it("the inline policies of a role are what IAM evaluates", async () => {
  const Capabilities = { "Capabilities.member.1": "CAPABILITY_NAMED_IAM" };
  await create("six", ROLE, Capabilities);
  const may = (action: string): Promise<boolean> =>
    local.iam.isRoleAllowed(`arn:aws:iam::${local.accountId}:role/of-stack`, [action]);
  expect([await may("ecs:ListClusters"), await may("ecs:ListServices")]).toEqual([true, false]);
});

describe("refused by name:", () => {
  it.each([
    ["an operation", () => call("UpdateStack", { StackName: "six" }), "CloudFormation has no UpdateStack"],
    [
      "a member of a request",
      () => create("x", `Resources:\n${GROUP}`, { RoleARN: "x" }),
      "knows no 'RoleARN' of the request",
    ],
    [
      "a named role without the capability",
      () => create("x", ROLE),
      "Requires capabilities : [CAPABILITY_NAMED_IAM]",
    ],
    [
      "a type",
      () => create("x", "Resources: { Bus: { Type: AWS::Events::EventBus } }"),
      "can't make an AWS::Events::EventBus",
    ],
    [
      "a change of a stack",
      () =>
        call("CreateChangeSet", {
          StackName: "six",
          ChangeSetName: "c",
          TemplateBody: `Resources:\n${GROUP}`,
        }),
      "The local Fargate can't update a stack",
    ],
  ])("%s", async (_, act, words) => {
    await expect(act()).rejects.toThrow(words);
  });
});
