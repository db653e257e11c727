import type { Inputs, NewTasks, StartInputs } from "../../../../src/inputs/inputs.ts";
import { itemsKey, recordName } from "../../../../src/run/items/rerun/key.ts";
import { anInputs } from "../../../helpers/runs.ts";

const START: StartInputs = {
  ...{ subnets: ["subnet-1"], securityGroups: [], assignPublicIp: undefined, capacityProviders: [] },
  ...{
    cpu: undefined,
    memory: undefined,
    taskRole: undefined,
    executionRole: undefined,
    tags: {},
    overrides: {},
  },
  ...{ hold: true, keepTask: "never" },
};
const newTasks = (more: Partial<NewTasks> = {}): NewTasks => ({
  ...{ kind: "new", of: { kind: "task-definition", taskDefinition: "app.json" }, service: undefined },
  ...{ tasks: 2, start: START, ...more },
});
const items = { source: { kind: "list", items: ["a", "b"] }, batch: 1 } as const;
const given = (more: Partial<Inputs> = {}): Inputs =>
  anInputs({ where: newTasks(), items, env: { A: "1", B: "2" }, secrets: { TOKEN: "one" }, ...more });
const keyOf = (inputs: Inputs, list = ["a", "b"], definition = "{}"): string =>
  itemsKey(inputs, list, { readFile: () => Buffer.from(definition) });

const KEY = keyOf(given());

it.each<[string, Partial<Inputs>]>([
  ["the script", { script: { kind: "run", text: "echo other\n" } }],
  ["an argument", { args: ["x"] }],
  ["the shell", { shell: "bash {0}" }],
  ["a variable", { env: { A: "1", B: "3" } }],
  ["the name of a secret", { secrets: { OTHER: "one" } }],
  ["standard input", { stdin: Buffer.from("x") }],
  ["the size of a batch", { items: { ...items, batch: 2 } }],
  ["the working directory", { workingDirectory: "/srv" }],
  ["the user", { user: "app" }],
  ["the files", { files: { selections: [{ pattern: "a", destination: undefined }], exclusions: [] } }],
  ["the container", { container: "app" }],
  ["the cluster", { cluster: "other" }],
  ["the region", { region: "us-east-1" }],
  ["the role of the tasks", { where: newTasks({ start: { ...START, taskRole: "other" } }) }],
  ["the overrides", { where: newTasks({ start: { ...START, overrides: { a: 1 } } }) }],
  ["the image", { where: newTasks({ of: { kind: "image", image: "b", architecture: undefined } }) }],
  ["the task that is named", { where: { kind: "task", task: "a" } }],
  ["the role that the step assumes", { roleToAssume: "r" }],
  ["the lock", { lock: "l" }],
  ["the service", { where: { kind: "service", service: "web", tasks: 1 } }],
  ["an input that this action does not have yet", { "an-input": "new" } as Partial<Inputs>],
])("another key: %s", (_, more) => {
  expect(keyOf(given(more))).not.toBe(KEY);
});

it("another key: the items, their order, and the file of the task definition", () => {
  const others = [keyOf(given(), ["a", "c"]), keyOf(given(), ["b", "a"]), keyOf(given(), ["a", "b"], "[]")];
  expect(new Set([KEY, ...others]).size).toBe(4);
});

it.each<[string, Partial<Inputs>]>([
  ["the value of a secret", { secrets: { TOKEN: "two" } }],
  ["the order of variables", { env: { B: "2", A: "1" } }],
  [
    "the same script in a file",
    { script: { kind: "file", path: "x", inWorkspace: "x", bytes: Buffer.from("echo hello\n") } },
  ],
  ["how many tasks and workers", { where: newTasks({ tasks: 9 }), workers: 8, failFast: true }],
  [
    "which capacity, tags and keep-task",
    {
      where: newTasks({
        start: {
          ...START,
          capacityProviders: [{ name: "FARGATE_SPOT", weight: 1, base: 0 }],
          tags: { a: "b" },
          keepTask: "always",
        },
      }),
    },
  ],
  ["where the list comes from", { items: { ...items, source: { kind: "command", command: "ls" } } }],
  [
    "times and retries",
    {
      timeout: 1,
      startTimeout: 1,
      queueTimeout: 1,
      rerun: true,
      retry: { reasons: ["spot"], exitCodes: [], attempts: 2 },
    },
  ],
  [
    "where what the items write goes, as on another runner",
    { itemFiles: { directory: "/w2/artifacts", within: ["/w2"], maxCount: 1, maxBytes: 1, missing: "warn" } },
  ],
  [
    "the bucket and what carries output",
    {
      bucket: "b",
      prefix: "p/",
      bucketOwner: "1",
      kmsKeyId: "k",
      logs: "bucket",
      logToContainer: true,
      summary: false,
      workflowCommands: true,
      stderr: "merged",
    },
  ],
  ["the job of the matrix, and protection", { matrix: { index: 1, total: 2, atOnce: 2 }, protect: true }],
])("the same key: %s", (_, more) => {
  expect(keyOf(given(more))).toBe(KEY);
});

it("another key: another task that is named, and what the files hold when that counts", () => {
  const inTask = (task: string): string => keyOf(given({ where: { kind: "task", task } }));
  expect(inTask("a")).not.toBe(inTask("b"));
  const withFiles = (files: string): string =>
    itemsKey(given(), ["a"], { readFile: () => Buffer.from("{}"), files });
  expect(withFiles("one")).not.toBe(withFiles("other"));
});

describe("the record of a step", () => {
  const origin = {
    ...{ repository: "o/r", runId: "7", step: "__run" },
    variables: { GITHUB_JOB: "test", GITHUB_SERVER_URL: "https://github.com", GITHUB_RUN_ATTEMPT: "1" },
  };
  const name = recordName(KEY, origin, 0);

  it("has one name in all attempts of the run", () => {
    const variables = { ...origin.variables, GITHUB_RUN_ATTEMPT: "2" };
    expect(recordName(KEY, { ...origin, variables }, 0)).toBe(name);
    expect(name).toMatch(/^[\da-f]{64}$/);
  });

  it.each([
    ["run", { runId: "8" }, 0, KEY],
    ["repository", { repository: "o/s" }, 0, KEY],
    ["step", { step: "__run_2" }, 0, KEY],
    ["job", { variables: { ...origin.variables, GITHUB_JOB: "other" } }, 0, KEY],
    ["server", { variables: { ...origin.variables, GITHUB_SERVER_URL: "https://ghe" } }, 0, KEY],
    ["job of a matrix", {}, 1, KEY],
    ["key", {}, 0, "other"],
  ])("has another name in another %s", (_, more, index, key) => {
    expect(recordName(key, { ...origin, ...more }, index)).not.toBe(name);
  });
});
