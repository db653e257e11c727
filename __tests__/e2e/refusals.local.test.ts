import type { StepResult } from "../../demo/runner.ts";
import { Aws, eventually, filesIn, mainLog, processes, type Inputs } from "../helpers/local.ts";

let aws: Aws;
let running: string;

beforeAll(async () => {
  aws = await Aws.start();
  running = (await aws.runningTask()).id;
});

afterAll(() => aws.stop());

/** Fails with this one annotation and nothing else of an error, no script run, nothing left running. */
async function expectRefused(result: StepResult, title: string, ...words: string[]): Promise<void> {
  expect(result.conclusion).toBe("failure");
  expect(result.outputs).toMatchObject({
    "exit-code": "",
    outcome: "not-started",
    stdout: "",
    results: "[]",
  });
  expect(result.annotations).toEqual([
    { level: "error", title: `fargate-exec: ${title}`, message: expect.any(String) as string },
  ]);
  for (const word of words) expect(result.annotations[0]?.message).toContain(word);
  // What failed, what was seen, what to do.
  expect(result.annotations[0]?.message.split("\n").length).toBeGreaterThanOrEqual(3);
  const log = mainLog(result).join("\n");
  expect(log).not.toMatch(/^\s+at .+:\d+:\d+/m);
  expect(log).not.toMatch(/node:internal|dist\/index\.js|Exception\b.*\{|\[object Object\]|undefined/);
  expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
  expect(aws.startedAndAlive()).toEqual([]);
  expect(await aws.objects()).toEqual([]);
}

const start = (): Inputs => aws.newTask();

it.each<[string, () => Inputs, string, ...string[]]>([
  [
    "two targets",
    () => ({ ...start(), task: running, run: "x" }),
    "bad-input",
    "'task' and 'task-definition'",
  ],
  ["no target", () => ({ run: "x" }), "bad-input", "'task'"],
  [
    "two scripts",
    () => ({ ...start(), run: "x", "script-file": "x" }),
    "bad-input",
    "'run'",
    "'script-file'",
  ],
  ["no script", () => start(), "bad-input", "'run'"],
  [
    "a script file that is not there",
    () => ({ ...start(), "script-file": "ops/none.sh" }),
    "bad-input",
    "'script-file'",
    "ops/none.sh",
    "actions/checkout",
  ],
  [
    "a script file outside the workspace",
    () => ({ ...start(), "script-file": "../../etc/passwd" }),
    "bad-input",
    "'script-file'",
    "workspace",
  ],
  [
    "an unknown shell",
    () => ({ ...start(), run: "x", shell: "fish" }),
    "bad-input",
    "'shell'",
    "'fish'",
    "{0}",
  ],
  [
    "a number of workers that is none",
    () => ({ ...start(), run: "x", workers: "many" }),
    "bad-input",
    "'workers'",
    "auto",
  ],
  ["a timeout that is none", () => ({ ...start(), run: "x", timeout: "soon" }), "bad-input", "'timeout'"],
  ["no subnets", () => ({ "task-definition": "demo", run: "x" }), "network-required", "'subnets'"],
  [
    "an input of a new task with a running one",
    () => ({ task: running, cpu: "512", run: "x" }),
    "bad-input",
    "'cpu'",
    "'task'",
  ],
  [
    "an image, which this version can't start",
    () => ({ image: "python:3.13", run: "x" }),
    "bad-input",
    "'image'",
  ],
  [
    "many things at once",
    () => ({ run: "x", shell: "fish", timeout: "soon" }),
    "bad-input",
    "'shell'",
    "'timeout'",
    "'task'",
  ],
])(
  "%s: one error, before any call to AWS",
  async (_, inputs, title, ...words) => {
    const before = aws.world.local.requests.length;
    const result = await aws.step({ cluster: aws.world.made.cluster, ...inputs() });
    const calls = aws.world.local.requests.slice(before).map(({ operation }) => operation);
    await expectRefused(result, title, ...words);
    expect(calls.filter((operation) => !/^(GET|POST) \/$/.test(operation)).length).toBeLessThanOrEqual(1);
    expect(aws.calls("RunTask", "fargate-exec/")).toEqual([]);
  },
  30_000,
);

it("no region: one error", async () => {
  const result = await aws.step(
    { ...start(), run: "x" },
    { env: { AWS_REGION: "", AWS_DEFAULT_REGION: "" } },
  );
  await expectRefused(result, "no-region", "AWS_REGION", "'region'");
});

it.each<[string, () => Inputs, string, ...string[]]>([
  [
    "a cluster that is not there",
    () => ({ ...start(), cluster: "nowhere", run: "x" }),
    "cluster-not-found",
    "'nowhere'",
  ],
  [
    "a task that is not there",
    () => ({ task: "0123456789abcdef0123456789abcdef", run: "x" }),
    "task-not-found",
    "0123456789abcdef0123456789abcdef",
  ],
  ["a service that is not there", () => ({ service: "nothing", run: "x" }), "service-not-found", "'nothing'"],
  [
    "a task definition that is not there",
    () => ({ ...aws.newTask("nothing"), run: "x" }),
    "task-definition-not-found",
    "'nothing'",
  ],
  [
    "a container that is not there",
    () => ({ ...start(), container: "web", run: "x" }),
    "container-not-found",
    "'web'",
    "'app'",
  ],
  [
    "a task definition without a task role",
    () => ({ ...aws.newTask(aws.world.made.withoutRole), run: "x" }),
    "exec-not-enabled",
    "task role",
  ],
  [
    "a bucket that is not there",
    () => ({ ...start(), bucket: "example-nowhere", run: "x" }),
    "bucket-not-found",
    "'example-nowhere'",
  ],
])(
  "%s: one error, before any task is started",
  async (_, inputs, title, ...words) => {
    const before = aws.world.local.tasks.length;
    const result = await aws.step({ cluster: aws.world.made.cluster, ...inputs() });
    await expectRefused(result, title, ...words);
    expect(aws.world.local.tasks).toHaveLength(before);
  },
  30_000,
);

it("a bucket that is not there leaves a running task as it was", async () => {
  const result = await aws.step({ task: running, bucket: "example-nowhere", run: "x" });
  await expectRefused(result, "bucket-not-found", "'example-nowhere'");
  expect(aws.calls("ExecuteCommand", running)).toEqual([]);
});

it("an image that can't be pulled: ECS's own words, and the task is stopped", async () => {
  await aws.register("no-image", [{ name: "app", image: "example/missing:1", essential: true }]);
  const result = await aws.step({ ...aws.newTask("no-image"), run: "x" });
  await expectRefused(result, "task-not-started", "CannotPullContainerError", "example/missing:1");
});

it("an object that the container can't fetch: one error that says why, and nothing of ours left there", async () => {
  const { local, made } = aws.world;
  const task = local.tasks.find(({ id }) => id === running);
  if (task === undefined) throw new Error("no task");
  const before = processes(task).length;
  const denied = { code: "AccessDenied", message: "Access Denied", status: 403, times: 99 };
  const result = await aws.step(
    { task: running, bucket: made.bucket, "script-file": "big.sh" },
    {
      // Too large to be typed into the session instead.
      files: { "big.sh": `echo not reached\n${"#".repeat(1_200_000)}` },
      onLine: (line) => {
        // It is staged by then, and the container has not asked for it yet.
        const staged = line.startsWith("Session ")
          ? aws.calls(`PUT /${made.bucket}/`).findLast(({ operation }) => operation.endsWith("/payload"))
          : undefined;
        if (staged !== undefined)
          local.fail({ operation: staged.operation.replace(/^PUT/, "GET"), ...denied });
      },
    },
  );
  await expectRefused(result, "download-failed", "AccessDenied", "s3:GetObject");
  await eventually(() => processes(task).length, before);
  expect(filesIn(task, "/tmp")).toEqual([]);
});
