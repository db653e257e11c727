import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  CreateServiceCommand,
  ExecuteCommandCommand,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { FAILURE_CODES, type FailureCode } from "../../src/errors.ts";
import { writeHandle } from "../../src/inputs/handle.ts";
import { taskOf } from "../helpers/image-tasks.ts";
import {
  Aws,
  definition,
  filesIn,
  mainLog,
  processes,
  type StepOptions,
  withoutInit,
} from "../helpers/local.ts";
import { DeployedService, type DeployedOptions } from "../helpers/deployments.ts";
import { Proxy } from "../helpers/proxy.ts";
import { eventually } from "../helpers/until.ts";
import { everyNth } from "../helpers/every-nth.ts";

let aws: Aws;
/** A local Fargate whose image pulls outlast every test. */
let slow: Aws;
/** A running task for all rows that leave it intact. */
let running: Task;
const said: string[] = [];

beforeAll(async () => {
  [aws, slow] = await Promise.all([
    Aws.start({ log: (line) => said.push(line) }),
    Aws.start({ delays: { pull: 600_000 } }),
  ]);
  running = await aws.runningTask();
});
afterEach(() => aws.world.local.calm());
afterAll(() => Promise.all([aws.stop(), slow.stop()]));

/** One way to provoke a failure. */
interface Row {
  readonly provoke: () => Promise<StepResult>;
  /** Texts of the message's three parts. */
  readonly words: readonly string[];
  /** `not-started` unless given. */
  readonly outcome?: "unknown" | "cancelled" | "failed";
  /** Whether the failure shows only once a task was started. */
  readonly startsTask?: true;
  /** What the script has printed by then; nothing unless given. */
  readonly stdout?: "begun";
}

const CLOSED_PORT = "http://127.0.0.1:1";
const deny = (operation: string, times = 99): void => {
  const name = `ecs:${operation}`;
  const message = `User: arn:aws:iam::123456789012:user/local is not authorized to perform: ${name} on resource: * because no identity-based policy allows the ${name} action`;
  aws.world.local.fail({ operation, code: "AccessDeniedException", message, times });
};
const inRunning = (inputs: Record<string, string> = {}, options: StepOptions = {}): Promise<StepResult> =>
  aws.step({ task: running.id, run: "echo begun", ...inputs }, options);
const inNew = (inputs: Record<string, string> = {}, options: StepOptions = {}): Promise<StepResult> =>
  aws.step({ ...aws.newTask(), run: "echo begun", ...inputs }, options);
const attachTo = (handle: string, options: StepOptions = {}): Promise<StepResult> =>
  aws.step({ handle }, options);
/** The handle of a job that the container does not have. */
const handleIn = (task: Task): string =>
  writeHandle({
    ...{
      cluster: task.arn.replace(/:task\/(.*)\/.*/, ":cluster/$1"),
      task: task.arn,
      container: "app",
      runtimeId: `${task.id}-1`,
    },
    ...{
      run: "0123456789abcdef0123",
      nonce: "0".repeat(32),
      workers: 1,
      items: undefined,
      artifacts: undefined,
      until: Date.now() + 600_000,
      shown: 0,
    },
    ...{ staging: undefined, pieces: undefined },
  });
/** 1 when an attacher in the container follows a job, else 0. */
const attachersIn = (task: Task): number =>
  processes(task).filter(({ command }) => command.includes("fx_any=1")).length > 0 ? 1 : 0;
/** Runs a step in a task of its own, and calls `act` when the script prints `begun`. */
async function onceBegun(run: string, act: (task: Task) => unknown): Promise<StepResult> {
  const task = await aws.runningTask();
  const onLine = (line: string): void => (line === "begun" ? void act(task) : undefined);
  return await aws.step({ task: task.id, run: `echo begun\n${run}` }, { onLine });
}

/** Runs a step of a copy of this action that lacks this file. */
async function runWithout(file: string): Promise<StepResult> {
  const actionDir = mkdtempSync(join(tmpdir(), "copy-of-the-action-"));
  try {
    for (const part of ["action.yml", "dist"])
      cpSync(resolve(import.meta.dirname, "../..", part), join(actionDir, part), { recursive: true });
    rmSync(join(actionDir, file));
    return await inRunning({}, { actionDir });
  } finally {
    rmSync(actionDir, { recursive: true });
  }
}

/** Deploys a new service once, and runs a step for the deployment whose ARN `named` returns. */
async function decide(
  name: string,
  options: Omit<DeployedOptions, "name">,
  named: (service: DeployedService) => string | Promise<string>,
): Promise<StepResult> {
  const service = await DeployedService.start(aws, { ...options, name });
  await service.deploy();
  const deployment = await named(service);
  return await aws.step({ service: name, deployment, run: "x", "queue-timeout": "2s", timeout: "5m" });
}

/** Gives the lock to another run until `free` is called. */
async function holdLock(lock: string) {
  const { bucket } = aws.world.made;
  const at = { Bucket: bucket, Key: `fargate-exec/locks/${lock}.json` };
  const claims = [{ run: "another", url: "https://github.example/o/r/actions/runs/1", locks: true }];
  await aws.s3.send(new PutObjectCommand({ ...at, Body: JSON.stringify({ claims }) }));
  return { inputs: { bucket, lock }, free: () => aws.s3.send(new DeleteObjectCommand(at)) };
}

const catalogue: Readonly<Record<FailureCode, Row>> = {
  "bad-input": {
    provoke: () => inNew({ task: running.id }),
    words: ["'task' and 'task-definition'"],
  },
  "no-credentials": {
    provoke: () =>
      inRunning(
        {},
        {
          env: { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_EC2_METADATA_DISABLED: "true" },
        },
      ),
    words: ["credentials are missing", "aws-actions/configure-aws-credentials"],
  },
  "no-id-token": {
    provoke: () => inRunning({ "role-to-assume": aws.world.made.deployRole }),
    words: ["ACTIONS_ID_TOKEN_REQUEST_URL is not set", "'permissions: id-token: write'"],
  },
  "role-not-assumed": {
    provoke: () => {
      const role = "arn:aws:iam::123456789012:role/of-another-team";
      return inRunning({ "role-to-assume": role }, { env: aws.world.local.idTokenEnv });
    },
    words: [
      "role/of-another-team",
      "Not authorized to perform sts:AssumeRoleWithWebIdentity",
      "sub 'repo:example-org/shop:ref:refs/heads/main' and the aud 'sts.amazonaws.com'",
      "oidc-provider/token.actions.githubusercontent.com",
    ],
  },
  "no-region": {
    provoke: () => inNew({}, { env: { AWS_REGION: "", AWS_DEFAULT_REGION: "" } }),
    words: ["AWS_REGION", "'region'"],
  },
  "access-denied": {
    provoke: () => {
      deny("DescribeTasks");
      return inRunning();
    },
    words: ["no right to ecs:DescribeTasks", "Allow 'ecs:DescribeTasks'"],
  },
  throttled: {
    provoke: () => {
      const rate = { code: "ThrottlingException", message: "Rate exceeded", times: 999 };
      aws.world.local.fail({ operation: "DescribeTasks", ...rate });
      return inRunning({ "start-timeout": "2s" });
    },
    words: ["ecs:DescribeTasks", "Rate exceeded", "strategy.max-parallel"],
  },
  "aws-error": {
    provoke: () => {
      const message = "An odd thing happened.";
      aws.world.local.fail({ operation: "DescribeTasks", code: "ClientException", message });
      return inRunning();
    },
    words: ["ecs:DescribeTasks", "An odd thing happened.", "request id"],
  },
  "aws-unreachable": {
    provoke: () => inRunning({}, { env: { AWS_ENDPOINT_URL: CLOSED_PORT } }),
    words: [CLOSED_PORT.slice("http://".length), "AWS_ENDPOINT_URL"],
  },
  "cluster-not-found": {
    provoke: () => inNew({ cluster: "nowhere" }),
    words: ["'nowhere'", "'cluster' and 'region'"],
  },
  "service-not-found": {
    provoke: () => aws.step({ service: "nothing", run: "x" }),
    words: ["'nothing'", "'service', 'cluster' and 'region'"],
  },
  "task-not-found": {
    provoke: () => inRunning({ task: "0123456789abcdef0123456789abcdef" }),
    words: ["0123456789abcdef0123456789abcdef", "MISSING", "'service'"],
  },
  "task-definition-not-found": {
    provoke: () => aws.step({ ...aws.newTask("nothing"), run: "x" }),
    words: ["'nothing'", "'task-definition'"],
  },
  "container-not-found": {
    provoke: () => inNew({ container: "web" }),
    words: ["'web'", "'app'", "'container'"],
  },
  "container-ambiguous": {
    provoke: async () => {
      const { id } = await aws.runningTask(aws.world.made.twoContainers);
      deny("DescribeTaskDefinition");
      return await inRunning({ task: id });
    },
    words: ["'app', 'sidecar'", "ecs:DescribeTaskDefinition", "'container'"],
  },
  "no-running-task": {
    provoke: async () => {
      const { ecs, made } = aws.world;
      await ecs.send(
        new CreateServiceCommand({
          cluster: made.cluster,
          serviceName: "idle",
          taskDefinition: made.taskDefinition,
          desiredCount: 0,
        }),
      );
      const inputs = { service: "idle", run: "x" };
      const without = await aws.step(inputs);
      expect(without.annotations[0]?.message).toMatch(/desired count is not known.*ecs:DescribeServices/);
      return await aws.step(inputs, { also: ["caller-service-start"] });
    },
    words: ["'idle'", "Desired 0, running 0", "start: true"],
  },
  "network-required": {
    provoke: () => aws.step({ "task-definition": "demo", run: "x" }),
    words: ["'subnets'", "NAT gateway"],
  },
  "windows-task": {
    provoke: async () => {
      const { local, ecs } = aws.world;
      await ecs.send(
        new RegisterTaskDefinitionCommand({
          ...definition("windows", [withoutInit], local.accountId),
          runtimePlatform: { operatingSystemFamily: "WINDOWS_SERVER_2022_CORE" },
        }),
      );
      return await aws.step({ ...aws.newTask("windows"), run: "x" });
    },
    words: ["WINDOWS_SERVER_2022_CORE", "Linux"],
  },
  "hold-awaited": {
    provoke: async () => {
      const dependsOn = [{ containerName: "app", condition: "SUCCESS" as const }];
      await aws.register("awaited", [withoutInit, { ...withoutInit, name: "after", dependsOn }]);
      return await aws.step({ ...aws.newTask("awaited"), container: "app", run: "x" });
    },
    words: ["'hold'", "'after'", "hold: false"],
  },
  "hold-ended": {
    provoke: async () => {
      await aws.register("server", [{ ...withoutInit, image: "registry.example/shop/http-server:1" }]);
      deny("RegisterTaskDefinition");
      return await aws.step({ ...aws.newTask("server"), run: "x" });
    },
    words: ["'hold'", "ended with 2", "ENTRYPOINT", "ecs:RegisterTaskDefinition"],
    startsTask: true,
  },
  "exec-not-enabled": {
    provoke: () => aws.step({ ...aws.newTask(aws.world.made.withoutRole), run: "x" }),
    words: ["task role", "taskRoleArn"],
  },
  "exec-agent-stopped": {
    provoke: async () => {
      const { id } = await aws.runningTask();
      await aws.world.local.inject({ agent: { task: id, reason: "it fell over" } });
      return await inRunning({ task: id });
    },
    words: ["it fell over", "Checks: nothing wrong that can be seen", "ssmmessages"],
  },
  "exec-not-ready": {
    provoke: async () => {
      const { id } = await aws.runningTask();
      await aws.world.local.inject({ agent: { task: id, noticed: false } });
      return await inRunning({ task: id, "start-timeout": "3s" });
    },
    words: ["exec agent RUNNING", "ssmmessages"],
  },
  "bucket-needed": {
    provoke: () => inRunning({ matrix: '{"job-index": 0, "job-total": 12, "max-parallel": 4}' }),
    words: ["Up to 4 of its 12 jobs", "strategy.max-parallel"],
  },
  "container-busy": {
    provoke: async () => {
      const { bucket } = aws.world.made;
      const at = { Bucket: bucket, Key: `fargate-exec/claims/${running.id}/app.json` };
      const url = "https://github.example/o/r/actions/runs/1";
      const claims = [{ run: "another", url }];
      await aws.s3.send(new PutObjectCommand({ ...at, Body: JSON.stringify({ claims }) }));
      const result = await inRunning({ bucket, "queue-timeout": "3s" });
      await aws.s3.send(new DeleteObjectCommand(at));
      return result;
    },
    words: ["in use by https://github.example/o/r/actions/runs/1 since", "strategy.max-parallel"],
  },
  "lock-busy": {
    provoke: async () => {
      const lock = await holdLock("busy");
      const result = await inRunning({ ...lock.inputs, "queue-timeout": "2s" });
      await lock.free();
      return result;
    },
    words: ["held by https://github.example/o/r/actions/runs/1 since", "Raise 'queue-timeout'"],
  },
  "lock-lost": {
    provoke: async () => {
      const { bucket } = aws.world.made;
      const ending = inRunning({ bucket, lock: "lost" });
      await eventually(() => aws.objects("fargate-exec/locks/lost"), ["fargate-exec/locks/lost.json"]);
      // As when this run was paused for so long that another one has got the lock.
      const lock = await holdLock("lost");
      const result = await ending;
      await lock.free();
      return result;
    },
    words: ["The lock 'lost' is no longer certain", "Another run holds it"],
  },
  "deployment-not-found": {
    provoke: () => decide("unknown", {}, ({ newest }) => `${newest.arn.slice(0, -4)}none`),
    words: ["There is no deployment", "aws ecs update-service"],
  },
  "deployment-too-early": {
    provoke: () => decide("too-early", { stages: ["PRE_SCALE_UP"] }, ({ newest }) => newest.arn),
    words: ["waits at PRE_SCALE_UP", "'start: true'"],
  },
  "deployment-replaced": {
    provoke: () =>
      decide("replaced", { stages: ["PRE_SCALE_UP"] }, async (service) => {
        const { newest } = service;
        await service.deploy();
        return newest.arn;
      }),
    words: ["was replaced by another one", "'concurrency'"],
  },
  "deployment-ended": {
    provoke: () =>
      decide("ended", { stages: ["PRE_SCALE_UP"] }, async ({ newest }) => {
        newest.supersede();
        return Promise.resolve(newest.arn);
      }),
    words: ["waits for no verdict", "STOPPED"],
  },
  "hook-not-configured": {
    provoke: () => decide("no-hook", {}, ({ newest }) => newest.arn),
    words: ["has no pause hook", "'targetType' PAUSE"],
  },
  "hook-not-reached": {
    provoke: async () => {
      // Its image is in no registry, so no task of it runs.
      await aws.register("never-runs", [{ ...withoutInit, image: "example/missing:1" }]);
      const definitions = ["demo", "never-runs"] as const;
      return await decide(
        "unreached",
        { stages: ["POST_SCALE_UP"], definitions },
        ({ newest }) => newest.arn,
      );
    },
    words: ["has reached no pause hook", "'queue-timeout'"],
  },
  "hook-expired": {
    provoke: () =>
      decide("expired", { stages: ["PRE_SCALE_UP"], minutes: 0.001 }, async ({ newest }) => {
        await eventually(() => newest.isOver, true);
        return newest.arn;
      }),
    words: ["has expired", "'timeoutInMinutes'"],
  },
  "container-blocked": {
    provoke: async () => {
      // On a cluster that logs sessions the step would wait for their uploads.
      await aws.register("unlogged", [withoutInit]);
      const task = await aws.runningTask("unlogged");
      const { cluster } = aws.world.made;
      const sleep = { interactive: true, command: "sleep 600" };
      for (let sessions = 0; sessions < 4; sessions++)
        await aws.world.ecs.send(new ExecuteCommandCommand({ cluster, task: task.arn, ...sleep }));
      await eventually(() => said.some((line) => line.includes("one session too many")), true);
      // A run that sees those sessions beforehand queues.
      const message = "no identity-based policy allows the ssm:DescribeSessions action";
      aws.world.local.fail({ operation: "DescribeSessions", code: "AccessDeniedException", message });
      const inputs = { task: task.id, bucket: aws.world.made.bucket };
      return await inRunning(inputs, { also: ["caller-without-bucket"] });
    },
    words: ["opened no session within 20 s", "other sessions: ecs-execute-command-", "stop the task"],
  },
  "task-not-started": {
    provoke: async () => {
      await aws.register("no-image", [{ name: "app", image: "example/missing:1", essential: true }]);
      return await aws.step({ ...aws.newTask("no-image"), run: "x" });
    },
    words: ["CannotPullContainerError", "example/missing:1"],
    startsTask: true,
  },
  "task-stopped": {
    provoke: () =>
      onceBegun("sleep 300", ({ id }) =>
        aws.world.local.inject({
          task: { task: id, stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted." },
        }),
      ),
    words: ["stop code SpotInterruption", "Your Spot Task was interrupted."],
    outcome: "unknown",
    stdout: "begun",
  },
  "container-stopped": {
    provoke: async () => {
      const { id } = await aws.runningTask(aws.world.made.twoContainers);
      await aws.world.local.inject({ task: { task: id, container: { name: "sidecar", exitCode: 7 } } });
      return await inRunning({ task: id, container: "sidecar" });
    },
    words: ["'sidecar' has stopped", "exit code is 7", "'container'"],
  },
  "bucket-not-found": {
    provoke: () => inNew({ bucket: "example-nowhere" }),
    words: ["'example-nowhere'", "bucket's name"],
  },
  "bucket-elsewhere": {
    provoke: async () => inRunning({ bucket: (await aws.bucketIn("eu-west-1")).name }),
    words: ["is in eu-west-1, not in us-east-1", "Use a bucket in us-east-1, the cluster's region"],
  },
  "bucket-not-owned": {
    provoke: () => {
      const { bucket } = aws.world.made;
      // S3 denies the first look, which names the expected owner, and allows the second, which names none.
      const theirs = { code: "AccessDenied", message: "Access Denied", status: 403 };
      aws.world.local.fail({ operation: `HEAD /${bucket}*`, ...theirs });
      return inNew({ bucket });
    },
    words: ["'demo-staging' does not belong to the account 123456789012", "'bucket-owner'"],
  },
  "session-refused": {
    provoke: async () => {
      const { local } = aws.world;
      const rights = [
        { Effect: "Allow", Action: "*", Resource: "*" },
        { Effect: "Deny", Action: "ssmmessages:OpenDataChannel", Resource: "*" },
      ];
      local.iam.principals.setRole("without-channels", [{ Version: "2012-10-17", Statement: rights }]);
      const env = await local.sessionEnv(`arn:aws:iam::${local.accountId}:role/without-channels`, 900);
      const { id } = await aws.runningTask();
      await local.inject({ gateway: { requireSignature: true, requireRight: true } });
      return await inRunning({ task: id }, { env });
    },
    words: ["answered HTTP 403", "ssmmessages:OpenDataChannel"],
  },
  "session-lost": {
    provoke: async () => {
      // Calls pass the proxy; the session's socket needs a tunnel.
      const proxy = await Proxy.start();
      proxy.opensTunnels = false;
      try {
        const direct = { NO_PROXY: "localhost", no_proxy: "localhost" };
        return await inRunning({}, { env: { ...direct, HTTP_PROXY: proxy.url() } });
      } finally {
        await proxy.stop();
      }
    },
    words: ["No connection to 127.0.0.1", "HTTPS_PROXY"],
  },
  "encryption-mismatch": {
    provoke: async () => {
      const { kmsCluster: cluster } = aws.world.made;
      const { id } = await aws.runningTask(undefined, cluster);
      await aws.world.local.inject({ handshake: "skipped" });
      return await inRunning({ task: id, cluster });
    },
    words: ["before anything was typed", "sent output before", "executeCommandConfiguration"],
  },
  "download-failed": {
    provoke: () => {
      const { bucket } = aws.world.made;
      const error = { code: "AccessDenied", message: "Access Denied", status: 403, times: 99 };
      // Too large to be typed into the session instead.
      const files = { "big.sh": `echo not reached\n${"#".repeat(1_200_000)}` };
      const onLine = (line: string): void => {
        if (!line.startsWith("Session ")) return;
        // By then the script is staged, and the container has not fetched it yet.
        const staged = aws
          .calls(`PUT /${bucket}/`)
          .findLast(({ operation }) => operation.endsWith("payload"));
        if (staged !== undefined)
          aws.world.local.fail({ operation: staged.operation.replace("PUT", "GET"), ...error });
      };
      return aws.step({ task: running.id, bucket, "script-file": "big.sh" }, { files, onLine });
    },
    words: ["AccessDenied", "s3:GetObject"],
  },
  "no-shell": {
    provoke: async () => aws.step({ task: (await taskOf(aws, "local/no-shell")).id, run: "echo begun" }),
    words: ["no such file or directory", "/bin/sh"],
  },
  "user-not-found": {
    provoke: () => inRunning({ user: "nobody-knows" }),
    words: ["'user'", "'nobody-knows'", "/etc/passwd"],
  },
  "working-directory-not-found": {
    provoke: () => inRunning({ "working-directory": "/no/such/place" }),
    words: ["'working-directory'", "'/no/such/place'"],
  },
  "shell-not-found": {
    provoke: () => inRunning({ shell: "fish {0}" }),
    words: ["'shell'", "'fish'", "PATH"],
  },
  "files-not-placed": {
    provoke: () => inRunning({ files: "a.txt=/proc/1/a.txt" }, { files: { "a.txt": "a" } }),
    words: ["'files'", "'/proc/1/a.txt'", "Name a destination"],
  },
  "artifacts-missing": {
    provoke: () => inRunning({ artifacts: "nothing-here/*", "artifacts-missing": "error" }),
    words: ["'nothing-here/*'", "matches nothing", "'artifacts-missing'"],
    ...{ outcome: "failed", stdout: "begun" },
  },
  "container-refused": {
    provoke: async () => {
      const environment = [{ name: "PATH", value: "/tmp/tools" }];
      const setUp = `PATH=/usr/bin:/bin; mkdir /tmp/tools; for t in sh tail tr; do ln -s "$(command -v $t)" /tmp/tools; done`;
      const bare = { ...withoutInit, command: ["/bin/sh", "-c", `${setUp}; exec sleep 600`], environment };
      const { id } = await aws.runningTask(await aws.register("bare", [bare]));
      return await inRunning({ task: id });
    },
    words: ["echo can't be turned off", "stty"],
  },
  "no-status": {
    provoke: () => onceBegun("kill -9 $PPID; sleep 5", () => undefined),
    words: ["how it ended is not known", "'memory'"],
    outcome: "unknown",
    stdout: "begun",
  },
  "job-gone": {
    provoke: () => attachTo(handleIn(running)),
    words: ["no longer has the job of the handle", "within ten minutes"],
    outcome: "unknown",
  },
  "job-followed": {
    provoke: async () => {
      // Its sessions are not logged, so the second step need not wait for an upload.
      await aws.register("followed", [withoutInit]);
      const task = await aws.runningTask("followed");
      const left = await inRunning({ task: task.id, run: "sleep 600", detach: "true" });
      const cancel = new AbortController();
      const follower = attachTo(left.outputs["handle"] ?? "", { signal: cancel.signal });
      await eventually(() => attachersIn(task), 1);
      const result = await attachTo(left.outputs["handle"] ?? "");
      cancel.abort();
      await follower;
      return result;
    },
    words: ["is followed by another run", "'bucket'"],
    outcome: "unknown",
  },
  "logs-not-configured": {
    provoke: () => inRunning({ logs: "s3" }),
    words: ["executeCommandConfiguration", "'logs"],
  },
  "timed-out": {
    provoke: () => slow.step({ ...slow.newTask(), "start-timeout": "4s", run: "x" }),
    words: ["was not ready within", "pulling image", "'start-timeout'"],
    startsTask: true,
  },
  cancelled: {
    provoke: () => {
      const button = new AbortController();
      const onLine = (line: string): void => (line.startsWith("pulling image") ? button.abort() : undefined);
      return slow.step({ ...slow.newTask(), run: "x" }, { onLine, signal: button.signal });
    },
    words: ["cancelled"],
    outcome: "cancelled",
    startsTask: true,
  },
  "action-incomplete": {
    provoke: () => runWithout("dist/container/spool.sh"),
    words: ["'container/spool.sh'", "no such file", "'dist/container/'"],
  },
  "check-failed": {
    provoke: () => aws.step({ check: "true", task: running.id, container: "none" }),
    words: ["1 of 5 checks", "container 'none'", "'container'"],
    outcome: "failed",
  },
  "internal-error": {
    provoke: () => inRunning({}, { env: { GITHUB_REPOSITORY: "", GITHUB_EVENT_PATH: "" } }),
    words: ["fargate-exec itself went wrong", "GITHUB_REPOSITORY", "report it"],
  },
};

/** Tasks that a step started, in any state. */
function started(): readonly Task[] {
  return [...aws.world.local.tasks, ...slow.world.local.tasks].filter(
    ({ plan }) => plan.startedBy?.startsWith("fargate-exec/") === true,
  );
}

it("has a row for every code", () => {
  expect(Object.keys(catalogue).toSorted()).toEqual([...FAILURE_CODES].toSorted());
});

it.each(everyNth(FAILURE_CODES, 24))(
  "%s: one error in three parts, the right outcome, nothing left behind",
  async (code) => {
    const { provoke, words, outcome = "not-started", startsTask = false, stdout = "" } = catalogue[code];
    const before = started().length;
    const result = await provoke();
    expect(result.conclusion).toBe(outcome === "cancelled" ? "cancelled" : "failure");
    expect(result.outputs["outcome"]).toBe(outcome);
    const told = {
      taskArn: result.outputs["task-arn"],
      task: 0,
      worker: null,
      exitCode: null,
      outcome,
      seconds: null,
      stdout,
    };
    expect(JSON.parse(result.outputs["results"] ?? "")).toEqual(told.taskArn === "" ? [] : [told]);
    // An error without a title is the runner's own, and the title of a warning names no code.
    const errors = result.annotations.filter(({ title }) => title?.startsWith("fargate-exec:") === true);
    expect(errors).toEqual([
      { level: "error", title: `fargate-exec: ${code}`, message: expect.any(String) as string },
    ]);
    const message = errors[0]?.message ?? "";
    const parts = message.split("\n").filter((line) => line.trim() !== "");
    // The three parts: what failed, what was seen, what to do.
    expect(parts.length).toBeGreaterThanOrEqual(3);
    for (const word of words) expect(message).toContain(word);
    const log = mainLog(result).join("\n");
    expect(log).not.toMatch(/^\s+at .+:\d+:\d+/m);
    expect(log).not.toMatch(/node:internal|dist\/index\.js|Exception\b.*\{|\[object Object\]|undefined/);
    expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
    expect(started()).toHaveLength(before + Number(startsTask));
    await eventually(() => filesIn(running, "/tmp"), []);
    await eventually(() => processes(running).length, 2);
    for (const each of [aws, slow]) {
      expect(each.startedAndAlive()).toEqual([]);
      expect(await each.objects()).toEqual([]);
    }
  },
);
