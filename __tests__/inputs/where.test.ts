import { newTask, least, read, refusal, type Given } from "./given.ts";

const id = "0123456789abcdef0123456789abcdef";
const arn = "arn:aws:ecs:eu-west-1:123456789012";

/** `least` without its service. */
const rest: Given = { run: "echo hello\n", region: "eu-west-1" };

describe("a task that runs", () => {
  it.each([
    [{ task: id }, { kind: "task", task: id }],
    [{ task: `${arn}:task/prod/${id}` }, { kind: "task", task: `${arn}:task/prod/${id}` }],
    [{ task: `${arn}:task/${id}` }, { kind: "task", task: `${arn}:task/${id}` }],
    [{ service: "web" }, { kind: "service", service: "web" }],
    [{ service: `${arn}:service/prod/web` }, { kind: "service", service: `${arn}:service/prod/web` }],
  ])("is named by %j", (given, where) => {
    expect(read({ ...rest, ...given }).where).toEqual(where);
  });

  it.each([
    [{ task: "web" }, "Input 'task' must be a task's ID (32 hexadecimal digits) or ARN.", "Got 'web'."],
    [{ task: `${arn}:service/web` }, "Input 'task' must be a task's ID", `Got '${arn}:service/web'.`],
    [{ service: "my web" }, "Input 'service' must be a service's name or ARN, such as web.", "Got 'my web'."],
    [
      { task: id, cluster: "a/b" },
      "Input 'cluster' must be a cluster's name or ARN, such as prod.",
      "Got 'a/b'.",
    ],
    [{ task: id, container: "a b" }, "Input 'container' must be a container's name", "Got 'a b'."],
  ])("is refused by form: %j", (given, failed, seen) => {
    const failure = refusal({ ...rest, ...given });
    expect(failure.failed).toContain(failed);
    expect(failure.seen).toBe(seen);
  });

  it.each([
    ["subnets", "subnet-0a1b2c3d"],
    ["security-groups", "sg-0a1b2c3d"],
    ["assign-public-ip", "true"],
    ["platform-version", "1.4.0"],
    ["cpu", "512"],
    ["memory", "2048"],
    ["ephemeral-storage", "50"],
    ["task-role", "job"],
    ["execution-role", "ecs-execution"],
    ["tags", "team=web"],
    ["overrides", "{}"],
  ])("excludes %s", (name, value) => {
    for (const [target, named] of [
      ["task", id],
      ["service", "web"],
    ] as const) {
      const failure = refusal({ ...rest, [target]: named, [name]: value });
      expect(failure.failed).toBe(`Input '${name}' must be empty with '${target}'.`);
      expect(failure.seen).toBe(`Got '${value}'.`);
      expect(failure.advice).toBe(
        `'${target}' names a task that runs already; this input is for a task that 'task-definition' starts.`,
      );
    }
  });

  it.each([
    [{ hold: "false" }, "Input 'hold' must be left at true with 'service'."],
    [{ "keep-task": "always" }, "Input 'keep-task' must be left at never with 'service'."],
  ])("excludes %j", (given, failed) => {
    expect(refusal({ ...least, ...given }).failed).toBe(failed);
  });

  it("takes the defaults that the runner fills in for inputs of a new task", () => {
    expect(read({ ...least, hold: "true", "keep-task": "never" }).where).toEqual({
      kind: "service",
      service: "web",
    });
  });
});

describe("a new task", () => {
  it("has nothing but what it was given", () => {
    expect(read(newTask).where).toEqual({
      kind: "task-definition",
      taskDefinition: "migrate:42",
      start: {
        subnets: ["subnet-0a1b2c3d"],
        securityGroups: [],
        assignPublicIp: undefined,
        platformVersion: undefined,
        cpu: undefined,
        memory: undefined,
        ephemeralStorage: undefined,
        taskRole: undefined,
        executionRole: undefined,
        tags: {},
        overrides: {},
        hold: true,
        keepTask: "never",
      },
    });
  });

  it("takes all that describes it", () => {
    const given = {
      ...newTask,
      subnets: "subnet-0a1b2c3d, subnet-4e5f6a7b",
      "security-groups": "sg-1\nsg-2\n",
      "assign-public-ip": "true",
      "platform-version": "1.4.0",
      cpu: "1 vCPU",
      memory: "2 GB",
      "ephemeral-storage": "50",
      "task-role": "arn:aws:iam::123456789012:role/ops/job",
      "execution-role": "ecs-execution",
      tags: "team=web,cost-centre=42",
      overrides: '{"containerOverrides": [{"name": "web"}]}',
      hold: "false",
      "keep-task": "on-failure",
    };
    expect(read(given).where).toMatchObject({
      start: {
        subnets: ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
        securityGroups: ["sg-1", "sg-2"],
        assignPublicIp: true,
        platformVersion: "1.4.0",
        cpu: "1024",
        memory: "2048",
        ephemeralStorage: 50,
        taskRole: "arn:aws:iam::123456789012:role/ops/job",
        executionRole: "ecs-execution",
        tags: { team: "web", "cost-centre": "42" },
        overrides: { containerOverrides: [{ name: "web" }] },
        hold: false,
        keepTask: "on-failure",
      },
    });
  });

  it.each(["migrate", "migrate:42", `${arn}:task-definition/migrate:42`])(
    "is named by %s",
    (taskDefinition) => {
      expect(read({ ...newTask, "task-definition": taskDefinition }).where).toMatchObject({ taskDefinition });
    },
  );

  it("is described by a JSON file of the workspace", () => {
    const given = { ...newTask, "task-definition": "./ops/migrate.json" };
    const files = { "/repo/ops/migrate.json": '{"family": "migrate"}' };
    expect(read(given, { files }).where).toMatchObject({ taskDefinition: "ops/migrate.json" });
  });

  it.each([
    ["a b", {}, "a family, family:revision, an ARN, or the path of a .json file, such as web:42", "'a b'"],
    ["ops/migrate.yml", {}, "a family, family:revision, an ARN, or the path", "'ops/migrate.yml'"],
    ["../migrate.json", {}, "a path inside the workspace", "'../migrate.json', which leads out of it"],
    ["/etc/x.json", {}, "a path inside the workspace", "'/etc/x.json', which leads out of it"],
    ["gone.json", {}, "a file in the workspace that can be read", "'gone.json': ENOENT: no such file"],
  ])("is not described by %s", (taskDefinition, files, must, got) => {
    const failure = refusal({ ...newTask, "task-definition": taskDefinition }, { files });
    expect(failure.failed).toContain(`Input 'task-definition' must be ${must}`);
    expect(failure.seen).toContain(`Got ${got}`);
  });

  it("needs subnets", () => {
    const failure = refusal({ ...newTask, subnets: "" });
    expect(failure.code).toBe("network-required");
    expect(failure.message).toContain("migrate:42");
    expect(failure.seen).toBe("Input 'subnets' is empty.");
  });

  it.each([
    ["subnets", "vpc-1", "IDs of subnets, such as subnet-0a1b2c3d", "'vpc-1'"],
    ["subnets", Array.from({ length: 17 }, (_, i) => `subnet-${i}`).join(), "16 items at most", "17"],
    ["security-groups", "default", "IDs of security groups, such as sg-0a1b2c3d", "'default'"],
    ["assign-public-ip", "ENABLED", "true or false", "'ENABLED'"],
    ["platform-version", "latest", "a Fargate platform version, such as 1.4.0 or LATEST", "'latest'"],
    ["cpu", "fast", "cpu units or vCPUs, such as 512 or .5 vCPU", "'fast'"],
    ["memory", "2 TB", "MiB or GB, such as 2048 or 2 GB", "'2 TB'"],
    ["ephemeral-storage", "500", "a whole number from 20 to 200", "'500'"],
    ["task-role", "a role", "a role's name or ARN, such as arn:aws:iam::123456789012:role/job", "'a role'"],
    [
      "execution-role",
      "a role",
      "a role's name or ARN, such as arn:aws:iam::123456789012:role/job",
      "'a role'",
    ],
    ["tags", "web", "key=value items, such as team=web", "'web'"],
    [
      "tags",
      "aws:x=1",
      "tags with keys up to 128 characters that do not start with aws:, and values up to 256",
      "'aws:x=1'",
    ],
    ["tags", Array.from({ length: 51 }, (_, i) => `k${i}=v`).join(), "50 tags at most", "51"],
    ["overrides", "[]", 'a JSON object, such as {"containerOverrides": []}', "'[]'"],
    ["hold", "maybe", "true or false", "'maybe'"],
    ["keep-task", "sometimes", "one of never, on-failure, always", "'sometimes'"],
  ])("refuses %s: %s", (name, value, must, got) => {
    const failure = refusal({ ...newTask, [name]: value });
    expect(failure.failed).toBe(`Input '${name}' must be ${must}.`);
    expect(failure.seen).toBe(`Got ${got}.`);
  });
});

describe("which of them", () => {
  it("has to be said", () => {
    const failure = refusal(rest);
    expect(failure.failed).toBe("Input 'task' must be given, or else 'service' or 'task-definition'.");
    expect(failure.seen).toBe("Got none of them.");
  });

  it.each([
    [
      { task: id, service: "web" },
      "task",
      "'task' and 'service'",
      "Keep the one that names the task you mean.",
    ],
    [
      { service: "web", "task-definition": "x", subnets: "subnet-1" },
      "service",
      "'service' and 'task-definition'",
      "A new task that borrows a service's network is not in this version: name 'task-definition' and 'subnets', without 'service'.",
    ],
  ])("is one only: %j", (given, name, got, advice) => {
    const failure = refusal({ ...rest, ...given });
    expect(failure.failed).toBe(
      `Input '${name}' must be the only one of 'task', 'service', 'task-definition' and 'image'.`,
    );
    expect(failure.seen).toBe(`Got ${got}.`);
    expect(failure.advice).toBe(advice);
  });
});
