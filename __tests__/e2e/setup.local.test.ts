import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { fromWebToken } from "@aws-sdk/credential-provider-web-identity";
import { DescribeLogGroupsCommand, CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteClusterCommand,
  DescribeClustersCommand,
  DescribeServicesCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import { GetObjectCommand, ListBucketsCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { parse } from "yaml";
import { virtualEnvironment } from "../../local/python.ts";
import { callQueryApi, textsOf } from "../../local/query-api.ts";
import { policyIn, policyOf } from "../../local/iam/policy-files.ts";
import { runStep, type StepResult } from "../../local/runner/step.ts";
import { type LocalFargate, startLocalFargate } from "../../local/start.ts";
import { freePort } from "../../local/free-port.ts";
import { missingLines, ON_AWS, readableLog, runExample } from "../../scripts/examples-on-aws.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { withNeed } from "../helpers/needs.ts";
import { until } from "../helpers/until.ts";
import { whyMissing } from "../helpers/virtual-environment.ts";
import { clientConfig } from "../local/with-local.ts";

const TEMPLATE = "examples/setup/cloudformation/fargate-exec.yaml";
const STACK = "fargate-exec";

const run = promisify(execFile);
let local: LocalFargate;
let outputs: Readonly<Record<string, string>>;
/** The service's port: a container of the local Fargate has the network of this machine. */
let port: number;

/** Runs the AWS CLI as `npm run local` says. */
async function cli(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(join(virtualEnvironment, "bin/aws"), args, {
    env: { ...local.env, AWS_PAGER: "", AWS_CONFIG_FILE: "/dev/null" },
  });
  return stdout;
}

const ask = (
  service: string,
  Action: string,
  Version: string,
  parameters: Readonly<Record<string, string>> = {},
): Promise<string> => callQueryApi(local.asAdmin, service, { Action, Version, ...parameters });

/** Runs something while the workflows' role of the stack has a further policy. */
async function withPolicy<Result>(
  PolicyName: string,
  document: object,
  act: () => Promise<Result>,
): Promise<Result> {
  const policy = { RoleName: `${STACK}-caller`, PolicyName };
  await ask("iam", "PutRolePolicy", "2010-05-08", { ...policy, PolicyDocument: JSON.stringify(document) });
  try {
    return await act();
  } finally {
    await ask("iam", "DeleteRolePolicy", "2010-05-08", policy);
  }
}

/** The policy of a workflow that deploys the service. */
const deployPolicy = () =>
  policyIn("examples/deploy-policy.json", {
    ...{ region: local.region, account: local.accountId, cluster: STACK, service: STACK },
  });

/** The commands of the page, as a shell runs them, and the step of its workflow. */
const page = readFileSync("examples/setup/README.md", "utf8");
const block = (language: string): string => {
  const [, text] = new RegExp(`\n\`\`\`${language}\n(.*?)\n\`\`\`\n`, "s").exec(page) ?? [];
  if (text === undefined) throw new Error(`The page has no block of ${language}.`);
  return text;
};
const workflow = parse(block("yaml")) as {
  jobs: { hello: { steps: [{ with: Record<string, string> }] } };
};

/** Runs the commands of the page with the AWS CLI of .venv, and a stand-in for `gh`, which has no GitHub to ask here. */
async function followPage(): Promise<string> {
  const programs = mkdtempSync(join(tmpdir(), "programs-"));
  try {
    const gh = '#!/bin/sh\n[ "$1 $2" = "api repos/example-org/shop" ] && echo 1234567 89012345\n';
    writeFileSync(join(programs, "gh"), gh, { mode: 0o755 });
    const PATH = [programs, join(virtualEnvironment, "bin"), process.env["PATH"]].join(":");
    const env = { ...local.env, PATH, AWS_PAGER: "", AWS_CONFIG_FILE: "/dev/null" };
    const commands = block("bash").replace('"VpcId=$VPC"', `"VpcId=$VPC" "Port=${port}"`);
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", commands], { env });
    return stdout;
  } finally {
    rmSync(programs, { recursive: true });
  }
}

beforeAll(async () => {
  local = await startLocalFargate({ stopTimeout: 500, region: "eu-west-1" });
  port = await freePort();
  const printed = await followPage();
  const described = await ask("cloudformation", "DescribeStacks", "2010-05-15", { StackName: STACK });
  const values = textsOf(described, "OutputValue");
  outputs = Object.fromEntries(textsOf(described, "OutputKey").map((key, at) => [key, values[at] ?? ""]));
  expect(values.length).toBeGreaterThan(5);
  for (const value of Object.values(outputs)) expect(printed).toContain(`\t${value}\n`);
});

afterAll(() => local.stop());

const output = (name: string): string => {
  const found = outputs[name];
  if (found === undefined) throw new Error(`The stack has no output ${name}: ${JSON.stringify(outputs)}`);
  return found;
};

/** Runs a step that assumes the stack's role by its ID token, and has no other credentials. */
async function step(inputs: Readonly<Record<string, string>>): Promise<StepResult> {
  const workspace = mkdtempSync(join(tmpdir(), "workspace-"));
  try {
    return await runStep({
      actionDir: resolve(import.meta.dirname, "../.."),
      inputs: {
        "role-to-assume": output("RoleArn"),
        region: output("Region"),
        cluster: output("Cluster"),
        ...inputs,
      },
      env: { AWS_ENDPOINT_URL: local.url, ...local.idTokenEnv },
      workspace,
    });
  } finally {
    rmSync(workspace, { recursive: true });
  }
}

const newTask = (): Record<string, string> => ({
  subnets: output("Subnets"),
  "security-groups": output("SecurityGroup"),
  "assign-public-ip": "true",
  bucket: output("Bucket"),
});

const ways: Readonly<Record<string, () => Record<string, string>>> = {
  "of the page's workflow": () => workflow.jobs.hello.steps[0].with,
  "in a task of the service": () => ({ service: output("Service") }),
  "in a new task like the service's": () => ({
    service: output("Service"),
    start: "true",
    bucket: output("Bucket"),
  }),
  "in a new task of the task definition": () => ({
    "task-definition": output("TaskDefinition"),
    ...newTask(),
  }),
  "in a new task of an image in the service's own definition": () => ({
    service: output("Service"),
    image: "example.com/shop:3f2a9c1",
  }),
  "in a new task of an image in the service's network": () => ({
    service: output("Service"),
    image: "public.ecr.aws/docker/library/python:3.13-slim",
    "task-role": `${output("Cluster")}-task`,
    borrow: "network",
  }),
  "in a new task of an image": () => ({
    image: "public.ecr.aws/docker/library/python:3.13-slim",
    "task-role": output("TaskRoleArn"),
    ...newTask(),
  }),
};

/** The role whose session has opened the step's sessions in its container. */
function roleIn({ outputs }: StepResult): string | undefined {
  const call = local.requests.find(
    ({ operation, body }) =>
      operation === "ExecuteCommand" && JSON.stringify(body).includes(outputs["task-id"] ?? "none"),
  );
  return call && local.iam.principals.find(call.key)?.roleArn;
}

// The other ways need no right that none of these needs.
it.concurrent.each(everyNth(Object.entries(ways), 8))(
  "the stack has all that a step needs %s",
  async (way, inputs) => {
    const result = await step({ run: 'echo "hello from $FARGATE_EXEC_RUN"', ...inputs() });
    expect(result.annotations).toEqual([]);
    expect(result).toMatchObject({ conclusion: "success", outputs: { "exit-code": "0" } });
    expect(result.outputs["stdout"]).toMatch(/^hello from/);
    // With logging DEFAULT a session's log is in the container's own log group, and a definition made for an image has none.
    const hasLog = !/of an image$|network$/.test(way);
    expect(result.outputs["log-group"]).toBe(hasLog ? output("LogGroup") : "");
    // Every right that the step tried was there: nothing was refused to it or to the task.
    expect(roleIn(result)).toBe(output("RoleArn"));
    expect(result.log.join("\n")).not.toMatch(/AccessDenied|not authorized/);
  },
);

// Each takes six to twelve seconds. act.local runs them on the shop.
withNeed(itInSoak, "act", whyMissing("act")).each(Object.keys(ON_AWS))(
  "a workflow engine runs %s with the stack's outputs filled in, as the workflow On AWS does",
  async (name) => {
    const runner = { env: { AWS_ENDPOINT_URL: local.url }, idTokenEnv: local.idTokenEnv };
    const runIt = () => runExample(name, outputs, runner, { "localhost:8080": `localhost:${port}` });
    const deploys = ON_AWS[name]?.deploys === true;
    const result = deploys ? await withPolicy("deploy", deployPolicy(), runIt) : await runIt();
    if (!result.succeeded) throw new Error(result.log);
    expect(missingLines(name, result)).toEqual([]);
    // The role is the stack's, and nothing was refused to it.
    expect(result.log).not.toMatch(/AccessDenied|not authorized/);
    const masked = [...result.log.matchAll(/"arg":"([^"]+)","command":"add-mask"/g)].map(([, text]) => text);
    if (result.log.includes("configure-aws-credentials")) expect(masked.length).toBeGreaterThanOrEqual(3);
    for (const text of masked) expect(readableLog(result)).not.toContain(text);
    if (name === "nightly.yml")
      expect(result.artifacts.get("batch")?.files["reports/part-1.txt"]?.toString()).toBe(
        "--part 1 --of 2\n",
      );
  },
);

describe("the table of what was seen on AWS", () => {
  /** The rows that the script prints, by their questions. */
  const facts = async (...args: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const env = {
      ...process.env,
      ...local.idTokenEnv,
      ...{ AWS_ENDPOINT_URL: local.url, STACK: JSON.stringify(outputs), MINUTES: "0.1", SECONDS: "2" },
    };
    const { stdout } = await run(process.execPath, ["scripts/facts-on-aws.ts", ...args], { env });
    const rows = stdout.split("\n").map((line) => line.split(" | "));
    return new Map(rows.map(([question = "", seen = ""]) => [question.slice(2), seen.replace(/ \|$/, "")]));
  };

  itInSoak(
    "names places, filters, upgrades, the agent and the end of a connection, and leaves no task",
    async () => {
      const before = local.tasks.length;
      await local.inject({ gateway: { connectionLimit: 4_000, requireRight: true } });
      const seen = await facts().finally(() => local.calm());
      expect(seen.get("Sessions that one container runs at once")).toBe("2 of 3");
      expect(seen.get("DescribeSessions with the filter Target finds the sessions of the container")).toBe(
        "3 of 3 with the filter, 3 of 3 without it; their Target is ecs:<cluster>_<task>_<runtime id>",
      );
      expect(
        seen.get("Upgrade signed with ssmmessages:OpenDataChannel on session/ecs-execute-command-*"),
      ).toBe("accepted");
      expect(seen.get("Upgrade without a signature")).toBe("accepted");
      expect(seen.get("Build of the exec agent")).toBe("the directory of the agent is not there");
      expect(seen.get("Order of the answer of ListServiceDeployments")).toMatch(
        /^\d+ deployment|^the |^none/,
      );
      expect(seen.get("Ends of one session's connections within 0.1 minutes")).toMatch(
        /was cut .* the session's command ended by itself after 0\.\d minutes$/,
      );
      await until(() => local.tasks.slice(before).every(({ lastStatus }) => lastStatus === "STOPPED"));
    },
  );

  itInSoak("gives the service its deployment configuration back", async () => {
    const ecs = new ECSClient(clientConfig(local));
    const configuration = async () => {
      const described = await ecs.send(new DescribeServicesCommand({ cluster: STACK, services: [STACK] }));
      return described.services?.[0]?.deploymentConfiguration;
    };
    const before = await configuration();
    const seen = await withPolicy("deploy", deployPolicy(), () => facts("deployment"));
    expect(seen.get("UpdateService with lifecycleHooks alone: deploymentCircuitBreaker afterwards")).toMatch(
      /^(kept|reset): /,
    );
    expect(before).toBeDefined();
    expect(await configuration()).toEqual(before);
  });
});

/** The names of a check's rows with this verdict. */
const rowsOf = ({ summary }: StepResult, verdict: string): readonly string[] =>
  [...summary.matchAll(new RegExp(`${verdict} \\| ([^|]+) \\|`, "g"))].map(([, name = ""]) => name);

it("a check by the stack's role finds nothing wrong, and skips what only caller-check allows to look at", async () => {
  const result = await step({ check: "true", service: output("Service"), bucket: output("Bucket") });
  expect(result).toMatchObject({ conclusion: "success", annotations: [] });
  expect(rowsOf(result, "SKIP")).toEqual([
    ...["security groups", "log group", "right to open sessions", "rights to protect the task"],
    ...["bucket versioning", "bucket policy", "rights to the bucket"],
  ]);
});

itInSoak(
  "with caller-check the role's check finds nothing wrong and skips nothing for a new task",
  async () => {
    const names = {
      ...{ region: local.region, account: local.accountId, bucket: output("Bucket"), "log-bucket": "none" },
      ...{ cluster: output("Cluster"), service: output("Service"), "caller-role": `${STACK}-caller` },
    };
    const inputs = { check: "true", start: "true", service: output("Service"), bucket: output("Bucket") };
    const result = await withPolicy("caller-check", policyOf("caller-check", names), () => step(inputs));
    expect(result).toMatchObject({ conclusion: "success", annotations: [] });
    // Only the registry knows the architecture of an image that is not running yet.
    expect(rowsOf(result, "SKIP")).toEqual(["architecture"]);
    expect(rowsOf(result, "OK")).toEqual(expect.arrayContaining(["way to ssmmessages", "security groups"]));
  },
);

/** Clients with the keys of one of the stack's roles. */
async function asRole(name: string): Promise<{ ecs: ECSClient; s3: S3Client }> {
  const env = await local.sessionEnv(`arn:aws:iam::${local.accountId}:role/${name}`, 900);
  const credentials = {
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
    sessionToken: env["AWS_SESSION_TOKEN"] ?? "",
  };
  const config = { ...clientConfig(local), credentials };
  return { ecs: new ECSClient(config), s3: new S3Client({ ...config, forcePathStyle: true }) };
}

it("the workflows' role may do nothing else", async () => {
  const { ecs, s3 } = await asRole(`${STACK}-caller`);
  await expect(ecs.send(new DeleteClusterCommand({ cluster: STACK }))).rejects.toThrow(
    /not authorized to perform: ecs:DeleteCluster/,
  );
  const elsewhere = new RunTaskCommand({ cluster: "another", taskDefinition: STACK });
  await expect(ecs.send(elsewhere)).rejects.toThrow(/not authorized to perform: ecs:RunTask/);
  const outside = new GetObjectCommand({ Bucket: output("Bucket"), Key: "another/object" });
  await expect(s3.send(outside)).rejects.toThrow(/not authorized to perform: s3:GetObject/);
});

it("the task role may read what is staged, and write nothing", async () => {
  const { s3 } = await asRole(`${STACK}-task`);
  const write = new PutObjectCommand({ Bucket: output("Bucket"), Key: "fargate-exec/mine", Body: "x" });
  await expect(s3.send(write)).rejects.toThrow(/not authorized to perform: s3:PutObject/);
});

/** Whether the role can be assumed by a job with this `sub`. */
async function assumes(sub: string): Promise<boolean> {
  const { endpoint, region } = clientConfig(local);
  const assume = fromWebToken({
    roleArn: output("RoleArn"),
    webIdentityToken: local.idTokens.issue({ sub }),
    clientConfig: { endpoint, region, maxAttempts: 1 },
  });
  return await assume().then(
    ({ accessKeyId }) => local.iam.principals.find(accessKeyId) !== undefined,
    (error: unknown) => {
      expect(String(error)).toContain("Not authorized to perform sts:AssumeRoleWithWebIdentity");
      return false;
    },
  );
}

it.each([
  ["repo:example-org/shop:ref:refs/heads/main", true],
  ["repo:example-org@1234567/shop@89012345:ref:refs/heads/main", true],
  ["repo:example-org@1234567/shop@1:ref:refs/heads/main", false],
  ["repo:example-org@1/shop@89012345:ref:refs/heads/main", false],
  ["repo:example-org/shop:ref:refs/heads/main-2", false],
  ["repo:example-org/shop:pull_request", false],
  ["repo:example-org/shop-2:ref:refs/heads/main", false],
])("whether a job with the sub %s may assume the role: %s", async (sub, may) => {
  expect(await assumes(sub)).toBe(may);
});

itInSoak("deploying the stack again changes nothing", async () => {
  const again = await cli(
    ...["cloudformation", "deploy", "--stack-name", STACK, "--template-file", TEMPLATE],
    ...["--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"],
  );
  expect(again).toContain("No changes to deploy");
});

it("deleting the stack leaves nothing", async () => {
  await cli("cloudformation", "delete-stack", "--stack-name", STACK);
  await cli("cloudformation", "wait", "stack-delete-complete", "--stack-name", STACK);

  expect(local.tasks.map(({ lastStatus }) => lastStatus).filter((status) => status !== "STOPPED")).toEqual(
    [],
  );
  const config = clientConfig(local);
  const ecs = new ECSClient(config);
  const { clusters } = await ecs.send(new DescribeClustersCommand({ clusters: [STACK] }));
  expect(clusters?.map(({ status }) => status)).toEqual(["INACTIVE"]);
  expect((await ecs.send(new ListTaskDefinitionsCommand({ status: "ACTIVE" }))).taskDefinitionArns).toEqual(
    [],
  );
  expect((await new S3Client(config).send(new ListBucketsCommand({}))).Buckets ?? []).toEqual([]);
  const { logGroups } = await new CloudWatchLogsClient(config).send(new DescribeLogGroupsCommand({}));
  expect(logGroups).toEqual([]);
  expect(textsOf(await ask("iam", "ListRoles", "2010-05-08"), "RoleName")).toEqual([]);
  expect(await ask("iam", "ListOpenIDConnectProviders", "2010-05-08")).not.toContain("githubusercontent");
  expect(textsOf(await ask("ec2", "DescribeSecurityGroups", "2016-11-15"), "groupName")).not.toContain(STACK);
});
