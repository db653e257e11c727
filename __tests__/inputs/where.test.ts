import { newTask, least, read, refusal, type GivenInputs } from "./given.ts";

const id = "0123456789abcdef0123456789abcdef";
const arn = "arn:aws:ecs:eu-west-1:123456789012";

/** `least` without its service. */
const rest: GivenInputs = { run: "echo hello\n", region: "eu-west-1" };

describe("a task that runs", () => {
  it.each([
    [{ task: id }, { kind: "task", task: id }],
    [{ task: `${arn}:task/prod/${id}` }, { kind: "task", task: `${arn}:task/prod/${id}` }],
    [{ task: `${arn}:task/${id}` }, { kind: "task", task: `${arn}:task/${id}` }],
    [{ service: "web" }, { kind: "service", service: "web", tasks: 1 }],
    [
      { service: "web", tasks: "3" },
      { kind: "service", service: "web", tasks: 3 },
    ],
    [
      { service: "web", tasks: "all" },
      { kind: "service", service: "web", tasks: "all" },
    ],
    [
      { service: `${arn}:service/prod/web` },
      { kind: "service", service: `${arn}:service/prod/web`, tasks: 1 },
    ],
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
    ["capacity-providers", "FARGATE_SPOT=1"],
    ["cpu", "512"],
    ["memory", "2048"],
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
      expect(failure.advice).toContain(
        `'${target}' alone names a task that runs already; this input is for a new task`,
      );
    }
  });

  it.each([
    [{ hold: "false" }, "Input 'hold' must be left at true with 'service'."],
    [{ "keep-task": "always" }, "Input 'keep-task' must be left at never with 'service'."],
    [{ service: "", task: id, tasks: "2" }, "Input 'tasks' must be left at 1 with 'task'."],
    [{ service: "", task: id, start: "true" }, "Input 'start' must be left at false with 'task'."],
  ])("excludes %j", (given, failed) => {
    expect(refusal({ ...least, ...given }).failed).toBe(failed);
  });

  it.each([
    ["0", "'0'"],
    ["1001", "'1001'"],
    ["every", "'every'"],
  ])("refuses a number of tasks that is %s", (tasks, got) => {
    const failure = refusal({ ...least, tasks });
    expect(failure.failed).toBe("Input 'tasks' must be all, or a whole number from 1 to 1000.");
    expect(failure.seen).toBe(`Got ${got}.`);
  });

  it("takes the defaults that the runner fills in for inputs of a new task", () => {
    expect(read({ ...least, hold: "true", "keep-task": "never", start: "false", tasks: "1" }).where).toEqual({
      kind: "service",
      service: "web",
      tasks: 1,
    });
  });
});

describe("a new task", () => {
  it("has nothing but what it was given", () => {
    expect(read(newTask).where).toEqual({
      kind: "new",
      of: { kind: "task-definition", taskDefinition: "migrate:42" },
      service: undefined,
      tasks: 1,
      start: {
        subnets: ["subnet-0a1b2c3d"],
        securityGroups: [],
        assignPublicIp: undefined,
        capacityProviders: [],
        cpu: undefined,
        memory: undefined,
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
      "capacity-providers": "FARGATE_SPOT=3,FARGATE",
      cpu: "1 vCPU",
      memory: "2 GB",
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
        capacityProviders: [
          { name: "FARGATE_SPOT", weight: 3, base: 0 },
          { name: "FARGATE", weight: 1, base: 0 },
        ],
        cpu: "1024",
        memory: "2048",
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
      expect(read({ ...newTask, "task-definition": taskDefinition }).where).toMatchObject({
        of: { kind: "task-definition", taskDefinition },
      });
    },
  );

  it("is described by a JSON file of the workspace", () => {
    const given = { ...newTask, "task-definition": "./ops/migrate.json" };
    const files = { "/repo/ops/migrate.json": '{"family": "migrate"}' };
    expect(read(given, { files }).where).toMatchObject({ of: { taskDefinition: "ops/migrate.json" } });
  });

  it.each<[string, GivenInputs, object]>([
    ["like those of a service", { start: "true" }, { of: { kind: "service" }, tasks: 1 }],
    [
      "several like those of a service",
      { start: "true", tasks: "12" },
      { of: { kind: "service" }, tasks: 12 },
    ],
    [
      "of a task definition, in a service's network",
      { "task-definition": "migrate" },
      { of: { kind: "task-definition", taskDefinition: "migrate" } },
    ],
    ["the same, with a 'start: true' that adds nothing", { "task-definition": "migrate", start: "true" }, {}],
    [
      "of an image, in a service's network",
      { image: "python:3.13", borrow: "network", "task-role": "job" },
      { of: { kind: "image", image: "python:3.13" } },
    ],
  ])("may be %s", (_, given, where) => {
    expect(read({ ...least, ...given }).where).toMatchObject({ kind: "new", service: "web", ...where });
  });

  it.each([
    "python",
    "python:3.13-slim",
    "localhost:5000/a/b:c",
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/job@sha256:0123456789abcdef",
  ])("may be of image %s alone", (image) => {
    const given = { ...rest, image, subnets: "subnet-1", "task-role": "job" };
    expect(read(given).where).toMatchObject({
      kind: "new",
      of: { kind: "image", image },
      service: undefined,
    });
  });

  const python = "python:3.13";
  const made = { kind: "image", image: python };
  const inService = { kind: "image-in-definition", image: python, of: { kind: "service" } };
  const inNamed = {
    ...{ kind: "image-in-definition", image: python },
    of: { kind: "task-definition", taskDefinition: "web:4" },
  };
  it.each<[GivenInputs, object]>([
    [
      { subnets: "subnet-1", "task-role": "job" },
      { ...made, architecture: undefined },
    ],
    [
      { subnets: "subnet-1", "task-role": "job", architecture: "arm64" },
      { ...made, architecture: "arm64" },
    ],
    [{ service: "web" }, inService],
    [{ service: "web", borrow: "all" }, inService],
    [
      { service: "web", borrow: "network", "task-role": "job", architecture: "x86_64" },
      { ...made, architecture: "x86_64" },
    ],
    [{ "task-definition": "web:4", subnets: "subnet-1" }, inNamed],
    [{ "task-definition": "web:4", service: "web" }, inNamed],
  ])("has the image alone, or in a definition: %j", (given, of) => {
    expect(read({ ...rest, image: python, ...given }).where).toMatchObject({ of });
  });

  it.each<[GivenInputs, string, string]>([
    [{ service: "web", image: python, architecture: "arm64" }, "architecture", "'arm64'"],
    [{ "task-definition": "web", service: "web", architecture: "arm64" }, "architecture", "'arm64'"],
    [{ service: "web", architecture: "arm64" }, "architecture", "'arm64'"],
    [
      { service: "web", image: python, borrow: "network", "task-role": "r", architecture: "arm" },
      "architecture",
      "'arm'",
    ],
    [{ service: "web", borrow: "network" }, "borrow", "'network'"],
    [{ service: "web", borrow: "network", image: python, "task-definition": "web" }, "borrow", "'network'"],
    [{ service: "web", borrow: "roles", image: python }, "borrow", "'roles'"],
  ])("refuses what does not belong to its image: %j", (given, name, got) => {
    const failure = refusal({ ...rest, ...given });
    expect(failure.failed).toMatch(new RegExp(`^Input '${name}' must be `));
    expect(failure.seen).toBe(`Got ${got}.`);
  });

  it("of an image may get its task role from the overrides", () => {
    const given = { ...rest, image: "python", subnets: "subnet-1", overrides: '{"taskRoleArn": "arn:x"}' };
    expect(read(given).where).toMatchObject({ of: { kind: "image" } });
  });

  it.each<[string, GivenInputs, string]>([
    [
      "an image without a task role",
      { image: "python", subnets: "subnet-1" },
      "Input 'task-role' must be given with 'image'.",
    ],
    [
      "what is no image",
      { image: "my image", subnets: "subnet-1", "task-role": "job" },
      "Input 'image' must be an image's name",
    ],
    ["all new tasks", { ...newTask, tasks: "all" }, "Input 'tasks' must be a number for new tasks."],
    [
      "a start with a task definition alone",
      { ...newTask, start: "true" },
      "Input 'start' must be left at false with 'task-definition'.",
    ],
  ])("is not %s", (_, given, failed) => {
    expect(refusal({ ...rest, ...given }).failed).toContain(failed);
  });

  it.each([
    ["a b", {}, "a family, family:revision, an ARN, or the path of a .json file, such as web:42", "'a b'"],
    ["ops/migrate.yml", {}, "a family, family:revision, an ARN, or the path", "'ops/migrate.yml'"],
    [
      "../migrate.json",
      {},
      "a path inside the workspace or RUNNER_TEMP",
      "'../migrate.json', which leads out of them",
    ],
    [
      "/etc/x.json",
      {},
      "a path inside the workspace or RUNNER_TEMP",
      "'/etc/x.json', which leads out of them",
    ],
    ["gone.json", {}, "a file that can be read", "'gone.json': ENOENT: no such file"],
  ])("is not described by %s", (taskDefinition, files, must, got) => {
    const failure = refusal({ ...newTask, "task-definition": taskDefinition }, { files });
    expect(failure.failed).toContain(`Input 'task-definition' must be ${must}`);
    expect(failure.seen).toContain(`Got ${got}`);
  });

  const as4096 = "8192 to 30720 MiB in steps of 1024, as Fargate has them with 4096 CPU units";
  const anyCpu = "256, 512, 1024, 2048, 4096, 8192 or 16384 units, as Fargate has them";

  it.each<[GivenInputs, "cpu" | "memory", string, string]>([
    [{ cpu: "4096", memory: "512" }, "memory", as4096, "'512'"],
    [{ cpu: "4 vCPU", memory: "8.5 GB" }, "memory", as4096, "'8.5 GB'"],
    [
      { cpu: "256", memory: "3 GB" },
      "memory",
      "512, 1024 or 2048 MiB, as Fargate has them with 256 CPU units",
      "'3 GB'",
    ],
    [{ cpu: "300" }, "cpu", anyCpu, "'300'"],
    [{ memory: "600" }, "memory", "512 MiB or a number of whole GB that Fargate has, such as 2 GB", "'600'"],
    [{ service: "web", "capacity-providers": "FARGATE", cpu: "300" }, "cpu", anyCpu, "'300'"],
  ])("refuses a size that Fargate doesn't have: %j", (given, name, must, got) => {
    const failure = refusal({ ...newTask, ...given });
    expect(failure.code).toBe("bad-input");
    expect(failure.failed).toBe(`Input '${name}' must be ${must}.`);
    expect(failure.seen).toBe(`Got ${got}.`);
  });

  it.each<GivenInputs>([
    { cpu: "16 vCPU", memory: "120 GB" },
    { cpu: "8192", memory: "20 GB" },
    { cpu: "512", memory: "1024" },
    { memory: "60 GB" },
    // Larger than any size of today.
    { cpu: "32 vCPU", memory: "200 GB" },
    { memory: "200 GB" },
    // The inputs alone do not say the whole size of these tasks.
    { service: "web", cpu: "300" },
    { cpu: "4096", memory: "512", overrides: '{"memory": "8192"}' },
  ])("takes the size %j", (given) => {
    expect(() => read({ ...newTask, ...given })).not.toThrow();
  });

  it("needs subnets", () => {
    const failure = refusal({ ...newTask, subnets: "" });
    expect(failure.code).toBe("network-required");
    expect(failure.message).toContain("migrate:42");
    expect(failure.seen).toBe("Input 'subnets' is empty, and there is no 'service' to borrow from.");
  });

  it("takes 49 tags", () => {
    const tags = Array.from({ length: 49 }, (_, i) => `k${i}=v`).join();
    const { where } = read({ ...newTask, tags });
    const { start } = where as Extract<typeof where, { kind: "new" }>;
    expect(Object.keys(start.tags)).toHaveLength(49);
  });

  it.each([
    ["subnets", "vpc-1", "IDs of subnets, such as subnet-0a1b2c3d", "'vpc-1'"],
    ["subnets", Array.from({ length: 17 }, (_, i) => `subnet-${i}`).join(), "16 items at most", "17"],
    ["security-groups", "default", "IDs of security groups, such as sg-0a1b2c3d", "'default'"],
    ["assign-public-ip", "ENABLED", "true or false", "'ENABLED'"],
    [
      "capacity-providers",
      "my gpu",
      "names of capacity providers with weights from 0 to 1000, one of them at least 1, such as FARGATE_SPOT=3,FARGATE=1 or gpu",
      "'my gpu'",
    ],
    [
      "capacity-providers",
      "FARGATE=1,gpu=1",
      "capacity providers of Fargate only, or of instances only",
      "'FARGATE=1,gpu=1'",
    ],
    [
      "capacity-providers",
      "FARGATE=0",
      "names of capacity providers with weights from 0 to 1000, one of them at least 1, such as FARGATE_SPOT=3,FARGATE=1 or gpu",
      "'FARGATE=0'",
    ],
    ["cpu", "fast", "cpu units or vCPUs, such as 512 or .5 vCPU", "'fast'"],
    ["memory", "2 TB", "MiB or GB, such as 2048 or 2 GB", "'2 TB'"],
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
    ["tags", Array.from({ length: 50 }, (_, i) => `k${i}=v`).join(), "49 tags at most", "50"],
    ["overrides", "[]", 'a JSON object, such as {"containerOverrides": []}', "'[]'"],
    ["hold", "maybe", "true or false", "'maybe'"],
    ["keep-task", "sometimes", "one of never, on-failure, always, job", "'sometimes'"],
  ])("refuses %s: %s", (name, value, must, got) => {
    const failure = refusal({ ...newTask, [name]: value });
    expect(failure.failed).toBe(`Input '${name}' must be ${must}.`);
    expect(failure.seen).toBe(`Got ${got}.`);
  });
});

describe("the jobs of several tasks", () => {
  const parallel = { "max-parallel": "2", "fail-fast": "true" };

  it.each([
    { service: "web", tasks: "all" },
    { service: "web", tasks: "3" },
    { ...newTask, tasks: "3" },
  ])("are taken with %j", (given) => {
    expect(read({ ...rest, ...given, ...parallel })).toMatchObject({ maxParallel: 2, failFast: true });
  });

  it.each<GivenInputs>([{ service: "web" }, { task: id }, { service: "web", start: "true" }, newTask])(
    "are refused for one task: %j",
    (given) => {
      const { seen } = refusal({ ...rest, ...given, ...parallel });
      expect(seen).toContain(
        "Input 'max-parallel' must be left out unless there are several 'tasks'. Got '2'.",
      );
      expect(seen).toContain(
        "Input 'fail-fast' must be left at false unless there are several 'tasks'. Got 'true'.",
      );
    },
  );

  it("are left out when the runner fills in the default", () => {
    expect(read({ ...least, tasks: "1", "fail-fast": "false" }).failFast).toBe(false);
  });
});

describe("the choice of the task", () => {
  it("is required", () => {
    const failure = refusal(rest);
    expect(failure.failed).toBe(
      "Input 'task' must be given, or else 'service', 'task-definition' or 'image'.",
    );
    expect(failure.seen).toBe("Got none of them.");
  });

  it.each([
    [{ task: id, service: "web" }, "task", "'task' and 'service'"],
    [{ task: id, image: "python" }, "task", "'task' and 'image'"],
    [
      { task: id, "task-definition": "x", image: "python" },
      "task",
      "'task' and 'task-definition' and 'image'",
    ],
  ])("is one only: %j", (given, name, got) => {
    const failure = refusal({ ...rest, ...given });
    expect(failure.failed).toBe(
      `Input '${name}' must be the only one of 'task', 'service', 'task-definition' and 'image'.`,
    );
    expect(failure.seen).toBe(`Got ${got}.`);
    expect(failure.advice).toContain("Keep the one that names the task you mean");
  });
});

describe("the protection of the task", () => {
  it.each([
    [{ service: "web" }, true],
    [{ service: "web", tasks: "all" }, true],
    [{ service: "web", protect: "false" }, false],
    [{ task: id }, false],
    [{ task: id, protect: "true" }, true],
    [{ service: "web", start: "true" }, false],
    [{ service: "web", start: "true", protect: "false" }, false],
  ])("with %j is %j", (given, protect) => {
    expect(read({ ...rest, ...given }).protect).toBe(protect);
  });

  it.each([
    { service: "web", start: "true", protect: "true" },
    { service: "web", image: "example/app:1", protect: "true" },
    { ...newTask, protect: "true" },
  ])("is refused for a new task: %j", (given) => {
    expect(refusal({ ...rest, ...given })).toMatchObject({
      code: "bad-input",
      failed: "Input 'protect' must be false or left out unless the job runs in a task of a service.",
    });
  });

  it("is true or false", () => {
    expect(refusal({ ...least, protect: "yes" }).message).toContain("Input 'protect' must be true or false.");
  });
});
