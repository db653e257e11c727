import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ID } from "./helpers/tasks.ts";
import { inTime } from "./helpers/until.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

let aws: Server;
/** The operations that AWS was asked for, in order. */
let asked: string[];
/** AWS's answer to each operation. It never answers when that is undefined, and refuses an operation without an entry. */
let answers: Readonly<Record<string, unknown>>;
/** Called after each operation. */
let onOperation: () => void;
let directory: string;
beforeEach(async () => {
  asked = [];
  answers = {};
  onOperation = () => undefined;
  directory = mkdtempSync(join(tmpdir(), "main-"));
  aws = createServer((request, response) => {
    const operation = String(request.headers["x-amz-target"]).split(".").at(-1) ?? "";
    asked.push(operation);
    const body = answers[operation];
    if (!(operation in answers)) response.writeHead(400).end('{"__type":"AccessDeniedException"}');
    else if (body !== undefined) response.end(JSON.stringify(body));
    onOperation();
  });
  aws.listen(0, "127.0.0.1");
  await once(aws, "listening");
});
afterEach(() => {
  aws.closeAllConnections();
  aws.close();
  rmSync(directory, { recursive: true });
});

/** Runs the main step as the runner does; `cancelled` sends SIGINT once AWS is asked, `summary` says whether its file is there. */
async function mainStep(
  inputs: Readonly<Record<string, string>>,
  { cancelled = false, summary = true } = {},
) {
  const files = { GITHUB_OUTPUT: "", GITHUB_STATE: "", GITHUB_STEP_SUMMARY: "" };
  for (const name of Object.keys(files) as (keyof typeof files)[]) {
    files[name] = join(directory, name);
    writeFileSync(files[name], "");
  }
  if (!summary) rmSync(files.GITHUB_STEP_SUMMARY);
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  const step = spawn(path("../node_modules/.bin/node"), ["--no-warnings", path("../src/doors/index.ts")], {
    env: {
      ...files,
      ...(Object.fromEntries(given) as Record<string, string>),
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      GITHUB_REPOSITORY: "example/demo",
      GITHUB_WORKSPACE: directory,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(aws.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
      AWS_SECRET_ACCESS_KEY: "secret",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (cancelled) {
    onOperation = () => {
      onOperation = () => undefined;
      step.kill("SIGINT");
    };
  }
  let shown = "";
  step.stdout.on("data", (bytes: Buffer) => (shown += bytes.toString()));
  const [exitCode] = (await inTime("the end of the step", once(step, "close"), { seen: () => shown })) as [
    number | null,
  ];
  const outputs = readFileSync(files.GITHUB_OUTPUT, "utf8");
  return {
    exitCode,
    lines: shown.trimEnd().split("\n"),
    outcome: /^outcome<<(\S+)\n(.*)\n\1$/m.exec(outputs)?.[2],
    summary: summary ? readFileSync(files.GITHUB_STEP_SUMMARY, "utf8") : undefined,
    state: readFileSync(files.GITHUB_STATE, "utf8"),
  };
}

const inputs = { region: "eu-west-1", cluster: "ci", run: "ls" };
const cluster = {
  clusterArn: "arn:aws:ecs:eu-west-1:123456789012:cluster/ci",
  clusterName: "ci",
  status: "ACTIVE",
};

it("reports every wrong input at once, before any call to AWS", async () => {
  const { exitCode, lines, outcome, summary } = await mainStep({ region: "eu-west-1", workers: "none" });
  expect([exitCode, outcome, asked]).toEqual([1, "not-started", []]);
  expect(lines.at(-1)).toMatch(/^::error title=fargate-exec%3A bad-input::\d things are wrong/);
  expect(summary).toContain("fargate-exec: not-started");
});

it("is red by one error when the summary can't be written, and has written its outputs once", async () => {
  const { exitCode, lines, outcome } = await mainStep(inputs, { summary: false });
  expect([exitCode, outcome]).toEqual([1, "not-started"]);
  expect(lines.filter((line) => line.startsWith("::error "))).toEqual([
    expect.stringContaining("STEP_SUMMARY"),
  ]);
});

it("reports what AWS says after the guard is lifted, and has nothing to undo", async () => {
  answers = {
    DescribeClusters: { clusters: [cluster] },
    DescribeTasks: { tasks: [], failures: [{ reason: "MISSING" }] },
  };
  const { exitCode, lines, outcome, state } = await mainStep({ ...inputs, task: ID });
  expect([exitCode, outcome, state]).toEqual([1, "not-started", ""]);
  // A task that was just started may be there a second later.
  expect(asked.toSorted()).toEqual([
    "DescribeClusters",
    "DescribeSessions",
    "DescribeTasks",
    "DescribeTasks",
  ]);
  const token = /^::stop-commands::(.+)$/.exec(lines[1] ?? "")?.[1] ?? "none";
  expect(lines[0]).toBe(`##[group]Looking at task ${ID}`);
  expect(lines.slice(-4)).toEqual([
    "##[group]Cleaning up",
    `::${token}::`,
    "##[endgroup]",
    expect.stringContaining("::error title=fargate-exec%3A task-not-found::"),
  ]);
});

it("starts no task for a log that is not written, and has no summary when none is wanted", async () => {
  const settings = { executeCommandConfiguration: { logging: "NONE" } };
  answers = { DescribeClusters: { clusters: [{ ...cluster, configuration: settings }] } };
  const { lines, summary } = await mainStep({
    ...inputs,
    "task-definition": "web",
    subnets: "subnet-1",
    logs: "cloudwatch",
    summary: "false",
  });
  expect(lines.at(-1)).toContain("title=fargate-exec%3A logs-not-configured::");
  expect([asked, summary]).toEqual([["DescribeClusters"], ""]);
});

it("undoes what it has made, before it reports", async () => {
  const arn = (resource: string) => `arn:aws:ecs:eu-west-1:123456789012:${resource}`;
  const started = {
    taskArn: arn(`task/ci/${ID}`),
    clusterArn: cluster.clusterArn,
    taskDefinitionArn: arn("task-definition/web:3"),
    enableExecuteCommand: true,
  };
  const container = { name: "app", essential: true, entryPoint: ["sh", "-c"] };
  answers = {
    DescribeClusters: { clusters: [cluster] },
    DescribeTaskDefinition: {
      taskDefinition: {
        taskDefinitionArn: arn("task-definition/web:3"),
        family: "web",
        containerDefinitions: [container],
      },
    },
    RunTask: { tasks: [{ ...started, lastStatus: "PROVISIONING", desiredStatus: "RUNNING" }] },
    DescribeTasks: { tasks: [{ ...started, lastStatus: "STOPPED", desiredStatus: "STOPPED" }] },
    StopTask: {},
  };
  const { lines, state } = await mainStep({ ...inputs, "task-definition": "web", subnets: "subnet-1" });
  expect(asked.filter((operation) => /RunTask|StopTask/.test(operation))).toEqual(["RunTask", "StopTask"]);
  expect(lines).toContain(`Stopping task ${started.taskArn}.`);
  expect(lines.at(-1)).toContain("title=fargate-exec%3A container-not-found::");
  // The guard is up while the cleanup may print AWS's words.
  const guard = lines.filter((line) => /^::[0-9a-f-]{36}::$/.test(line));
  expect(lines.indexOf(`Stopping task ${started.taskArn}.`)).toBeLessThan(
    lines.lastIndexOf(guard.at(-1) ?? ""),
  );
  // The last state that was saved for the post step.
  expect(state.trimEnd().split("\n").at(-2)).toContain('"undo":[]');
});

it("ends on a cancel, though AWS does not answer", async () => {
  answers = { DescribeClusters: undefined, DescribeTasks: undefined };
  const { exitCode, lines, outcome } = await mainStep({ ...inputs, task: ID }, { cancelled: true });
  expect([exitCode, outcome]).toEqual([1, "cancelled"]);
  expect(lines).toContain("Cancelled: stopping what this run started.");
});

it.each<[string, Readonly<Record<string, string>>]>([
  ["the cluster of a new task", { start: "true" }],
  ["what its lock needs", { lock: "deploys", bucket: "shop-ci" }],
])("a deployment that waits is told ROLLBACK when %s is not there", async (_, more) => {
  const arn = (kind: string) => `arn:aws:ecs:eu-west-1:123456789012:${kind}`;
  const deployment = {
    serviceDeploymentArn: arn("service-deployment/ci/web/abc"),
    serviceArn: arn("service/ci/web"),
    ...{ status: "IN_PROGRESS", lifecycleStage: "POST_SCALE_UP" },
    targetServiceRevision: { arn: arn("service-revision/ci/web/42") },
    deploymentConfiguration: {
      lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["POST_SCALE_UP"] }],
    },
    lifecycleHookDetails: [{ hookId: "h-1", targetType: "PAUSE", status: "AWAITING_ACTION" }],
  };
  answers = {
    DescribeClusters: { clusters: [] },
    ListServiceDeployments: { serviceDeployments: [deployment] },
    DescribeServiceDeployments: { serviceDeployments: [deployment] },
    DescribeServiceRevisions: { serviceRevisions: [{ taskDefinition: "web:2" }] },
    ContinueServiceDeployment: {},
  };
  const { lines, outcome } = await mainStep({ ...inputs, service: "web", deployment: "true", ...more });
  expect(outcome).toBe("not-started");
  expect(lines).toContain(`Told deployment ${deployment.serviceDeploymentArn}: ROLLBACK.`);
  expect(asked.filter((operation) => operation === "ContinueServiceDeployment")).toHaveLength(1);
});
