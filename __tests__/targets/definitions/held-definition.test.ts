import type { RegistrableDefinition } from "../../../src/aws/task-definition.ts";
import type { RunTaskRequest } from "../../../src/aws/ecs.ts";
import { taskDefinitionNotFound } from "../../../src/aws/missing.ts";
import { AccessDenied, Failure } from "../../../src/errors.ts";
import type { NewTasks } from "../../../src/inputs/inputs.ts";
import { resolveTargets } from "../../../src/targets/resolve.ts";
import { without } from "../../../src/targets/definitions/normal-form.ts";
import { startedBy } from "../../../src/targets/start/run-task-request.ts";
import { removeResource } from "../../../src/targets/made/made-resource.ts";
import { Definitions } from "../../helpers/definitions.ts";
import { resolveContextOf } from "../../helpers/resolving.ts";
import { origin, startInputs } from "../../helpers/start-inputs.ts";
import { Listener } from "../../helpers/listener.ts";
import { aTask } from "../../helpers/tasks.ts";

const role = "arn:aws:iam::123456789012:role/task";
/** Every kind of member beside the one container that is held. */
const source = {
  family: "shop",
  taskRoleArn: role,
  networkMode: "awsvpc",
  requiresCompatibilities: ["FARGATE"],
  cpu: "1024",
  memory: "2048",
  volumes: [{ name: "data", efsVolumeConfiguration: { fileSystemId: "fs-1" } }],
  runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
  ephemeralStorage: { sizeInGiB: 30 },
  enableFaultInjection: true,
  tags: [
    { key: "team", value: "shop" },
    { key: "aws:cloudformation:stack-name", value: "shop" },
  ],
  containerDefinitions: [
    {
      name: "app",
      image: "example.com/shop:1",
      essential: true,
      command: ["serve"],
      environment: [{ name: "MODE", value: "prod" }],
      secrets: [{ name: "KEY", valueFrom: "arn:aws:ssm:eu-central-1:123456789012:parameter/key" }],
      mountPoints: [{ sourceVolume: "data", containerPath: "/data" }],
      linuxParameters: { sharedMemorySize: 64 },
      healthCheck: { command: ["CMD", "/healthy"], interval: 30, startPeriod: 300 },
      restartPolicy: { enabled: true },
      ulimits: [{ name: "nofile", softLimit: 1, hardLimit: 2 }],
      dockerLabels: { a: "b" },
    },
    {
      name: "proxy",
      image: "example.com/proxy:1",
      dependsOn: [{ containerName: "app", condition: "HEALTHY" }],
    },
  ],
};
const [app, proxy] = source.containerDefinitions;
/** ECS does not start this container again when the hold ends. */
const withoutRestart = without(app ?? {}, "restartPolicy");

const where: NewTasks = {
  kind: "new",
  of: { kind: "task-definition", taskDefinition: "shop" },
  service: undefined,
  tasks: 1,
  start: startInputs(),
};

const denied = (right: string) =>
  new AccessDenied(
    { action: right, isNamed: false },
    { failed: `No right to ${right}.`, seen: "", advice: "" },
  );

async function startTask(
  definition: RegistrableDefinition = source,
  more: {
    readonly start?: Partial<NewTasks["start"]>;
    readonly register?: Failure;
    readonly refuse?: (request: RunTaskRequest, call: number) => Failure | undefined;
    readonly known?: Definitions;
    readonly container?: string;
  } = {},
) {
  const known = more.known ?? new Definitions();
  if (more.known === undefined) await known.registerTaskDefinition(definition);
  const requests: RunTaskRequest[] = [];
  const context = resolveContextOf(
    { ...where, start: startInputs(more.start) },
    {
      describeTaskDefinition: known.describeTaskDefinition,
      registerTaskDefinition: (asked) =>
        more.register ? Promise.reject(more.register) : known.registerTaskDefinition(asked),
      runTask: (request) => {
        requests.push(request);
        const refusal = more.refuse?.(request, requests.length);
        if (refusal) return Promise.reject(refusal);
        return Promise.resolve({
          tasks: [aTask({ taskDefinitionArn: request.taskDefinition })],
          refusals: [],
        });
      },
    },
    more.container === undefined ? {} : { container: more.container },
  );
  const resolved = await resolveTargets(context);
  const [derived] = known.active.filter((name) => !name.startsWith("shop:"));
  return { known, requests, context, resolved, derived };
}

const commandOf = (request: RunTaskRequest | undefined): unknown =>
  (request?.overrides["containerOverrides"] as { command: unknown }[] | undefined)?.[0]?.command;

it("a held task starts from a copy of its definition with a shell as entry point, an init and a check that passes", async () => {
  const { known, requests, resolved, derived } = await startTask();
  expect(derived).toMatch(/^fargate-exec-shop-held-[0-9a-f]{16}:1$/);
  const { registrable } = await known.describeTaskDefinition(derived ?? "");
  const whole = without(source, "tags");
  const copied = without(app ?? {}, "restartPolicy");
  expect(registrable).toEqual({
    ...whole,
    family: derived?.replace(/:1$/, ""),
    containerDefinitions: [
      {
        ...copied,
        entryPoint: ["sh", "-c"],
        linuxParameters: { sharedMemorySize: 64, initProcessEnabled: true },
        healthCheck: { command: ["CMD-SHELL", "exit 0"], interval: 5, timeout: 5, retries: 3 },
        dockerLabels: { a: "b", "fargate-exec.run": origin.id },
      },
      proxy,
    ],
  });
  expect(requests).toHaveLength(1);
  expect(commandOf(requests[0])).toEqual([expect.stringContaining("sleep")]);
  expect(resolved.targets[0].hold).toEqual({ by: "entry-point" });
});

it("a held task has the tags that the user's definition would have given it, except for AWS's own", async () => {
  const { requests } = await startTask();
  expect(requests[0]?.tags).toEqual({ "fargate-exec:run": origin.url, team: "shop" });
  expect(requests[0]?.propagateTags).toBeUndefined();
});

it.each<[string, RegistrableDefinition, Partial<NewTasks["start"]>]>([
  [
    "the definition sets a shell as entry point and no container waits for its health",
    { ...source, containerDefinitions: [{ ...withoutRestart, entryPoint: ["/bin/sh", "-c"] }] },
    {},
  ],
  ["the container runs its own command", source, { hold: false }],
  [
    "the overrides give it another command",
    source,
    { overrides: { containerOverrides: [{ name: "app", command: ["x"] }] } },
  ],
])("a task starts from the user's definition when %s", async (_, definition, start) => {
  const { known, requests } = await startTask(definition, { start });
  expect(known.active).toEqual(["shop:1"]);
  expect(requests[0]?.taskDefinition).toMatch(/\/shop:1$/);
});

it("a held task gets a copy in spite of a shell when another container waits for its health", async () => {
  const shell = { ...withoutRestart, entryPoint: ["sh", "-c"] };
  const { derived } = await startTask({ ...source, containerDefinitions: [shell, proxy] });
  expect(derived).toMatch(/^fargate-exec-/);
});

it("a held task gets a copy in spite of a shell when ECS would start its container again after the hold", async () => {
  const shell = { ...app, entryPoint: ["sh", "-c"] };
  const { known, derived } = await startTask({ ...source, containerDefinitions: [shell] });
  const { registrable } = await known.describeTaskDefinition(derived ?? "");
  expect(JSON.stringify(registrable)).not.toContain("restartPolicy");
});

it("a held task keeps its PID 1 when its containers share their processes", async () => {
  const { known, derived } = await startTask({ ...source, pidMode: "task" });
  const { registrable } = await known.describeTaskDefinition(derived ?? "");
  expect(registrable["containerDefinitions"]).toMatchObject([
    { linuxParameters: { sharedMemorySize: 64 } },
    {},
  ]);
  expect(JSON.stringify(registrable)).not.toContain("initProcessEnabled");
});

it.each(["COMPLETE", "SUCCESS"])(
  "a held task is refused before the start when another container waits for its %s",
  async (condition) => {
    const waiting = { ...proxy, dependsOn: [{ containerName: "app", condition }] };
    const step = startTask({ ...source, containerDefinitions: [app, waiting] });
    await expect(step).rejects.toMatchObject({
      code: "hold-awaited",
      failed: expect.stringContaining("'hold'") as string,
      seen: expect.stringContaining("'proxy'") as string,
    });
  },
);

it("a held task is refused when it is for Windows", async () => {
  const step = startTask({
    ...source,
    runtimePlatform: { operatingSystemFamily: "WINDOWS_SERVER_2022_CORE" },
  });
  await expect(step).rejects.toMatchObject({ code: "windows-task" });
});

it.each<[string, { register?: Failure; refuse?: (request: RunTaskRequest) => Failure | undefined }]>([
  ["registered", { register: denied("ecs:RegisterTaskDefinition") }],
  [
    "run",
    {
      refuse: ({ taskDefinition }) =>
        taskDefinition.includes("fargate-exec-") ? denied("ecs:RunTask") : undefined,
    },
  ],
])("a task is held by its command, and a line says so, when the copy may not be %s", async (_, refusals) => {
  const { requests, resolved, context } = await startTask(source, refusals);
  expect(requests.at(-1)?.taskDefinition).toMatch(/\/shop:1$/);
  expect(commandOf(requests.at(-1))).toEqual(["sh", "-c", expect.stringContaining("sleep")]);
  expect(resolved.targets[0].hold).toMatchObject({ by: "command" });
  const said = context.log.lines.filter((line) => line.includes("held by its command alone"));
  expect(said).toEqual([
    expect.stringMatching(
      /No right to ecs:(Register|RunTask).*another container waits.*the task of a lost run does not end by itself/,
    ),
  ]);
});

it("a held task fails as RunTask says when the user's definition may not be run either", async () => {
  await expect(startTask(source, { refuse: () => denied("ecs:RunTask") })).rejects.toThrow("ecs:RunTask");
  await expect(startTask(source, { refuse: () => denied("iam:PassRole") })).rejects.toThrow("iam:PassRole");
});

describe("the copy for held tasks", () => {
  it("is made once for each source revision, however many jobs use it", async () => {
    const { known } = await startTask();
    await startTask(source, { known });
    expect(known.active).toHaveLength(2);
    await known.registerTaskDefinition({ ...source, cpu: "2048" });
    await startTask(source, { known });
    expect(known.active).toHaveLength(4);
  });

  it("is never one of another principal that only has its name", async () => {
    const { known, derived = "" } = await startTask();
    const { registrable } = await known.describeTaskDefinition(derived);
    const containers = registrable["containerDefinitions"] as object[];
    const miner = { name: "miner", image: "attacker.example/miner" };
    await known.registerTaskDefinition({ ...registrable, containerDefinitions: [...containers, miner] });
    const { requests, context } = await startTask(source, { known });
    expect(requests[0]?.taskDefinition).toMatch(/:3$/);
    expect(context.log.lines[0]).toMatch(/:2 is not used: .* in containerDefinitions\[2\]\.$/);
  });

  it.each(["initContainers", "containerDefinitions.sidecarOf"])(
    "is not used when ECS shows a member that this SDK does not know: %s",
    async (path) => {
      const { known, derived = "" } = await startTask();
      const { registrable } = await known.describeTaskDefinition(derived);
      const [member = "", inner] = path.split(".");
      const containers = registrable[member] as object[] | undefined;
      const planted = inner === undefined ? [] : (containers ?? []).map((one) => ({ ...one, [inner]: "x" }));
      await known.registerTaskDefinition({ ...registrable, [member]: planted });
      const { requests, context } = await startTask(source, { known });
      expect(requests[0]?.taskDefinition).toMatch(/:3$/);
      expect(context.log.lines[0]).toMatch(new RegExp(`:2 is not used: .* in ${member}`));
    },
  );

  it("lacks the members that this SDK does not know, and a line names them", async () => {
    const { context } = await startTask({ ...source, initContainers: [{ name: "first" }] });
    expect(context.log.lines.filter((line) => line.includes("initContainers"))).toEqual([
      expect.stringMatching(
        /^The task starts from a copy of task definition 'shop:1' without initContainers, which/,
      ),
    ]);
  });

  it("is registered anew when its last user deregisters it just before it is run", async () => {
    const { known, derived = "" } = await startTask();
    const { requests } = await startTask(source, {
      known,
      refuse: ({ taskDefinition }, call) => {
        if (call > 1) return undefined;
        void known.deregisterTaskDefinition(taskDefinition);
        return taskDefinitionNotFound(taskDefinition, "TaskDefinition is inactive");
      },
    });
    expect(requests.map(({ taskDefinition }) => taskDefinition.split(":").at(-1))).toEqual(["1", "2"]);
    expect(known.active).toEqual(["shop:1", derived.replace(/:1$/, ":2")]);
  });

  const shared = {
    kind: "shared-definition",
    arn: "arn:x/f:1",
    family: "f",
    cluster: "ci",
    startedBy: startedBy(origin),
    registered: true,
  } as const;
  const removeShared = async (tasks: Parameters<typeof aTask>[0][], what = {}, failure?: Failure) => {
    const gone: string[] = [];
    const deleted: string[] = [];
    const log = new Listener();
    const ecs = {
      listTasks: () => (failure ? Promise.reject(failure) : Promise.resolve(tasks.map(() => "arn:t"))),
      describeTasks: () =>
        Promise.resolve(
          tasks.map((task) =>
            aTask({ taskDefinitionArn: "arn:x/f:1", startedBy: "fargate-exec/b", ...task }),
          ),
        ),
      deregisterTaskDefinition: (arn: string) => Promise.resolve(void gone.push(arn)),
      deleteTaskDefinition: (arn: string) => Promise.resolve(void deleted.push(arn)),
      stopTask: () => Promise.reject(new Error()),
      describeTaskDefinition: () => Promise.reject(new Error()),
    };
    await removeResource({ ...shared, ...what }, ecs, "", log);
    expect(deleted).toEqual(gone);
    return { gone, log };
  };

  it.each<[string, Parameters<typeof aTask>[0][], boolean]>([
    ["no job", [], true],
    ["another job", [{}], false],
    ["this run", [{ startedBy: shared.startedBy }], true],
    ["a job of another revision", [{ taskDefinitionArn: "arn:x/f:2" }], true],
    ["a task that is stopping", [{ desiredStatus: "STOPPED" }], true],
  ])("is deregistered unless another job's task uses it: %s", async (_, tasks, goes) => {
    expect((await removeShared(tasks)).gone).toEqual(goes ? [shared.arn] : []);
  });

  it.each([
    [true, [shared.arn]],
    [false, []],
  ])(
    "whose users can't be listed is deregistered by the run that registered it: %s",
    async (registered, gone) => {
      const left = await removeShared([{}], { registered }, denied("ecs:ListTasks"));
      expect(left.gone).toEqual(gone);
      expect(left.log.lines).toEqual([expect.stringContaining("ecs:ListTasks")]);
    },
  );
});
