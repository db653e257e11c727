import type { Aws } from "../../../src/aws/calls.ts";
import { checkSetUp } from "../../../src/run/check/check-set-up.ts";
import { taskDefinitionNotFound } from "../../../src/aws/missing.ts";
import { Failure, wordsFor } from "../../../src/errors.ts";
import type { Inputs } from "../../../src/inputs/inputs.ts";
import type { Check } from "../../../src/ready/checks/check.ts";
import type { StepContext } from "../../../src/run/step-context.ts";
import { Listener } from "../../helpers/listener.ts";
import { anInputs } from "../../helpers/runs.ts";
import { aService, SPOT, startInputs } from "../../helpers/start-inputs.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";
import { aDefinition, aTask, CLUSTER, ID } from "../../helpers/tasks.ts";

const denied = () =>
  Promise.reject(new Failure("access-denied", { failed: "Denied.", seen: "s.", advice: "a." }));

/** A new task of a definition, whose command is the action's if it is held. */
const newTask = (hold: boolean): Inputs["where"] => ({
  ...{ kind: "new", of: { kind: "task-definition", taskDefinition: "web" } },
  ...{ service: undefined, tasks: 1, start: startInputs({ hold, taskRole: "task" }) },
});

/**
 * The rows of a check when no cluster may be described. The policies name the ARNs that begin with `prefix`, with the service in the place of
 * `SERVICE`. What the caller's rights are looked up for goes to `asked`.
 */
async function checks(
  region: string,
  prefix: string,
  caller: string,
  more: Partial<Inputs> = {},
  asked: string[] = [],
): Promise<readonly Check[]> {
  const partition = prefix.split(":")[1];
  const aws = {
    ecs: { describeCluster: denied, describeTaskDefinition: () => Promise.resolve(aDefinition()) },
    ec2: { describeSubnets: denied },
    s3: {
      checkBucket: () => Promise.resolve(),
      isVersioned: () => Promise.resolve(false),
      readBucketPolicy: () => Promise.resolve(undefined),
    },
    iam: {
      identifyCaller: () => Promise.resolve(caller),
      listDenied: (_: string, actions: readonly string[], resources: readonly string[]) => {
        asked.push(...resources);
        return Promise.resolve(resources.every(isNamed) ? [] : actions);
      },
    },
  } as unknown as Aws;
  const isNamed = (arn: string): boolean =>
    arn === "*" ||
    arn.startsWith(`arn:${partition}:iam::123456789012:role/`) ||
    arn.startsWith(`arn:${partition}:s3:::scripts/`) ||
    ["ecs", "kms"].some((service) => arn.startsWith(prefix.replace("SERVICE", service)));
  const log = new Listener();
  const inputs = anInputs({
    ...{ region, bucket: "scripts", kmsKeyId: "1234", where: newTask(false), ...more },
  });
  const step = { inputs, aws, log, clock: new SleeplessClock(), workspace: "/nowhere" };
  const { checks } = await checkSetUp(step as unknown as StepContext, {});
  return checks;
}

async function checksOf(aws: Aws, inputs: Inputs): Promise<readonly Check[]> {
  const step = { inputs, aws, log: new Listener(), clock: new SleeplessClock(), workspace: "/nowhere" };
  return (await checkSetUp(step as unknown as StepContext, {})).checks;
}

async function rows(...of: Parameters<typeof checks>): Promise<readonly string[]> {
  return (await checks(...of)).map(({ name, verdict }) => `${verdict} ${name}`);
}

it.each([
  ["aws", "eu-central-1"],
  ["aws-cn", "cn-north-1"],
])(
  "asks about the ARNs of the caller's account where no cluster may be described, in %s",
  async (name, region) => {
    const caller = `arn:${name}:sts::123456789012:assumed-role/ci/run`;
    const found = await rows(region, `arn:${name}:SERVICE:${region}:123456789012:`, caller);
    expect(found.filter((row) => row.startsWith("NG"))).toEqual([]);
    expect(found).toEqual(
      expect.arrayContaining([
        "SKIP cluster",
        "OK right to start a task",
        "OK right to stop it",
        "OK right to tag it",
        "OK right to open sessions",
        "OK rights to the bucket",
        "OK rights to the bucket's key",
      ]),
    );
  },
);

it("each fix of a right to a cluster that may not be described first doubts the cluster's name", async () => {
  const caller = "arn:aws:sts::123456789012:assumed-role/ci/run";
  const found = await checks("eu-central-1", "arn:aws:SERVICE:eu-central-1:210987654321:", caller);
  const fixes = found.flatMap((row) =>
    row.verdict === "NG" ? [[row.name, wordsFor("workflow", row.fix).split(" Allow")[0]]] : [],
  );
  const doubt = "Check the input 'cluster': the role may have rights only on another one.";
  expect(Object.fromEntries(fixes)).toMatchObject({
    "right to start a task": doubt,
    "right to stop it": doubt,
    "right to open sessions": doubt,
    "rights to the bucket's key": expect.stringMatching(/^Allow kms/) as string,
  });
});

it("skips what needs the account when neither the cluster nor the caller names it", async () => {
  const found = await rows("eu-central-1", "arn:aws:SERVICE:eu-central-1:123456789012:", "somebody");
  expect(found.filter((row) => row.startsWith("NG"))).toEqual([]);
  expect(found).toEqual(expect.arrayContaining(["SKIP caller's rights", "SKIP rights of the task role"]));
});

it.each([
  [true, "OK", "fargate-exec-check"],
  [false, undefined, "web"],
])(
  "a task whose entry point is replaced (%s) needs the rights to register its definition, and to start the registered one",
  async (hold, verdict, family) => {
    const prefix = "arn:aws:SERVICE:eu-central-1:123456789012:";
    const caller = "arn:aws:sts::123456789012:assumed-role/ci/run";
    const asked: string[] = [];
    const found = await checks("eu-central-1", prefix, caller, { where: newTask(hold) }, asked);
    expect(found.find(({ name }) => name === "rights to register it")?.verdict).toBe(verdict);
    expect(asked.filter((arn) => arn.includes(":task-definition/"))).toEqual([
      expect.stringContaining(`:task-definition/${family}:1`),
    ]);
  },
);

it("finds no task definition to start from when the service has no PRIMARY task set", async () => {
  const log = new Listener();
  const service = aService({ taskDefinitionArn: undefined });
  const aws = {
    ecs: { describeCluster: denied, describeService: () => Promise.resolve(service) },
    s3: {},
    iam: { identifyCaller: () => Promise.resolve("somebody") },
  } as unknown as Aws;
  const where = {
    kind: "new",
    of: { kind: "service" },
    service: service.name,
    tasks: 1,
    start: startInputs(),
  };
  const inputs = anInputs({ where: where as Inputs["where"], bucket: undefined });
  const step = { inputs, aws, log, clock: new SleeplessClock(), workspace: "/nowhere" };
  const { checks } = await checkSetUp(step as unknown as StepContext, {});
  expect(checks.find(({ name }) => name === "task definition")).toMatchObject({
    verdict: "NG",
    seen: expect.stringContaining("has no PRIMARY task set") as string,
  });
});

it("reports for a new task what RunTask would refuse: providers that the cluster lacks, and a size that Fargate lacks", async () => {
  const definition = { ...aDefinition(), registrable: { cpu: "256", memory: "512" } };
  const cluster = { arn: CLUSTER, status: "ACTIVE", capacityProviders: [], defaultCapacityProviders: [] };
  const aws = {
    ecs: {
      describeCluster: () => Promise.resolve(cluster),
      describeTaskDefinition: () => Promise.resolve(definition),
    },
    ec2: { describeSubnets: denied },
    iam: { identifyCaller: () => Promise.resolve("somebody"), listDenied: denied },
  } as unknown as Aws;
  const start = startInputs({ hold: false, capacityProviders: [SPOT], memory: "8192" });
  const of = { kind: "task-definition", taskDefinition: "web" } as const;
  const where = { kind: "new", of, service: undefined, tasks: 1, start } as const;
  const inputs = anInputs({ where, bucket: undefined });
  const found = await checksOf(aws, inputs);
  const wrong = found.filter(({ verdict }) => verdict === "NG").map(({ name }) => name);
  expect(wrong).toEqual(["size", "capacity providers"]);
});

it("reports that a task of Windows can't be used, and looks at nothing of its container", async () => {
  const aws = {
    ecs: {
      describeCluster: denied,
      describeTaskDefinition: () =>
        Promise.resolve({ ...aDefinition(), operatingSystem: "WINDOWS_SERVER_2022_CORE" }),
    },
    iam: { identifyCaller: () => Promise.resolve("somebody"), listDenied: denied },
  } as unknown as Aws;
  const inputs = anInputs({ where: newTask(true), bucket: undefined });
  const found = await checksOf(aws, inputs);
  expect(found.filter(({ verdict }) => verdict === "NG").map(({ name }) => name)).toEqual([
    "operating system",
  ]);
  expect(found.map(({ name }) => name)).not.toContain("init process");
});

it("skips the definition of a running task that was deleted, since no run needs it", async () => {
  const aws = {
    ecs: {
      describeCluster: denied,
      describeTask: () => Promise.resolve(aTask()),
      describeTaskDefinition: () => Promise.reject(taskDefinitionNotFound("web:1", "s")),
    },
    ec2: { describeSubnets: denied, describeNetworkInterface: denied },
    iam: { identifyCaller: () => Promise.resolve("somebody"), listDenied: denied },
  } as unknown as Aws;
  const inputs = anInputs({ where: { kind: "task", task: ID }, bucket: undefined });
  const found = await checksOf(aws, inputs);
  expect(found.find(({ name }) => name === "task definition")).toMatchObject({
    verdict: "SKIP",
    seen: expect.stringContaining("'web:1'") as string,
  });
});

it.each<[string, NonNullable<Inputs["items"]>, string, string]>([
  ["one", { source: { kind: "list", items: ["a"] }, batch: 1 }, "OK", "1 item"],
  ["several", { source: { kind: "list", items: ["a", "b", "c"] }, batch: 2 }, "OK", "3 items, 2 at a time"],
  [
    ...(["a command's", { source: { kind: "command", command: "ls" }, batch: 1 }] as const),
    ...(["SKIP", "not known: their command runs in the first task, and a check runs nothing"] as const),
  ],
])("a check says how many items there are: %s", async (_, items, verdict, seen) => {
  const caller = "arn:aws:sts::123456789012:assumed-role/ci/run";
  const found = await checks("eu-west-1", "arn:aws:SERVICE:eu-west-1:123456789012:", caller, { items });
  expect(found.at(-1)).toEqual({ name: "items", verdict, seen });
});

it("shows each check as soon as it is made, so that one sees what the next one waits for", async () => {
  const log = new Listener();
  let answer: (why: Failure) => void = () => undefined;
  const describing = new Promise((_, reject) => (answer = reject));
  const aws = {
    ecs: { describeCluster: () => describing, describeTask: denied },
    iam: { identifyCaller: () => Promise.resolve("somebody"), listDenied: denied },
  } as unknown as Aws;
  const inputs = anInputs({ where: { kind: "task", task: ID }, bucket: undefined });
  const step = { inputs, aws, log, clock: new SleeplessClock(), workspace: "/nowhere" };
  const checked = checkSetUp(step as unknown as StepContext, {});
  await log.until(/OK {4}credentials: they are those of somebody/);
  expect(log.lines.join("\n")).not.toContain("cluster:");
  answer(new Failure("access-denied", { failed: "Denied.", seen: "s.", advice: "a." }));
  await checked;
  expect(log.lines.join("\n")).toContain("cluster: not known: Denied.");
});
