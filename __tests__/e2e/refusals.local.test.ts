import type { StepResult } from "../../local/runner/step.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { Aws, mainLog, type Inputs } from "../helpers/local.ts";

let aws: Aws;
let running: string;

beforeAll(async () => {
  aws = await Aws.start();
  running = (await aws.runningTask()).id;
});

afterAll(() => aws.stop());

/** Checks that the step fails with this one annotation, that no script ran, and that nothing is left running. */
async function expectRefused(result: StepResult, title: string, ...words: string[]): Promise<void> {
  expect(result.conclusion).toBe("failure");
  expect(result.outputs).toMatchObject({
    "exit-code": "",
    outcome: "not-started",
    stdout: "",
  });
  const taskArn = result.outputs["task-arn"];
  const told = {
    ...{ taskArn, task: 0, worker: null, exitCode: null },
    ...{ outcome: "not-started", seconds: null, stdout: "" },
  };
  expect(JSON.parse(result.outputs["results"] ?? "")).toEqual(taskArn === "" ? [] : [told]);
  expect(result.annotations).toEqual([
    { level: "error", title: `fargate-exec: ${title}`, message: expect.any(String) as string },
  ]);
  for (const word of words) expect(result.annotations[0]?.message).toContain(word);
  // The three parts: what failed, what was seen, what to do.
  expect(result.annotations[0]?.message.split("\n").length).toBeGreaterThanOrEqual(3);
  const log = mainLog(result).join("\n");
  expect(log).not.toMatch(/^\s+at .+:\d+:\d+/m);
  expect(log).not.toMatch(/node:internal|dist\/index\.js|Exception\b.*\{|\[object Object\]|undefined/);
  expect(result.post).toMatchObject({ conclusion: "success", annotations: [] });
  expect(aws.startedAndAlive()).toEqual([]);
  expect(await aws.objects()).toEqual([]);
}

const start = (): Inputs => aws.newTask();

const refusals: readonly [string, () => Inputs, string, ...string[]][] = [
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
    "workers that are no number",
    () => ({ ...start(), run: "x", workers: "many" }),
    "bad-input",
    "'workers'",
    "auto",
  ],
  [
    "a timeout that is no duration",
    () => ({ ...start(), run: "x", timeout: "soon" }),
    "bad-input",
    "'timeout'",
  ],
  [
    "a role of another partition",
    () => ({ task: running, run: "x", "role-to-assume": "arn:aws-cn:iam::123456789012:role/deploy" }),
    "bad-input",
    "'role-to-assume'",
    "arn:aws-cn:",
    "the partition 'aws'",
  ],
  ["no subnets", () => ({ "task-definition": "demo", run: "x" }), "network-required", "'subnets'"],
  [
    "an input of a new task with a running one",
    () => ({ task: running, cpu: "512", run: "x" }),
    "bad-input",
    "'cpu'",
    "'task'",
  ],
  ["an image without a task role", () => ({ image: "python:3.13", run: "x" }), "bad-input", "'image'"],
  [
    "many things at once",
    () => ({ run: "x", shell: "fish", timeout: "soon" }),
    "bad-input",
    "'shell'",
    "'timeout'",
    "'task'",
  ],
];

// The tests of the inputs have the words for each of them.
it.each(everyNth(refusals, 14, 13))(
  "%s: one error, before any call to AWS",
  async (_, inputs, title, ...words) => {
    const before = aws.world.local.requests.length;
    const result = await aws.step({ cluster: aws.world.made.cluster, ...inputs() });
    const calls = aws.world.local.requests.slice(before).map(({ operation }) => operation);
    await expectRefused(result, title, ...words);
    expect(calls).toEqual([]);
    expect(aws.calls("RunTask", "fargate-exec/")).toEqual([]);
  },
);

it("a missing bucket leaves a running task unchanged", async () => {
  const result = await aws.step({ task: running, bucket: "example-nowhere", run: "x" });
  await expectRefused(result, "bucket-not-found", "'example-nowhere'");
  expect(aws.calls("ExecuteCommand", running)).toEqual([]);
});
