import { RegisterTaskDefinitionRequest$ } from "@aws-sdk/client-ecs";
import { NormalizedSchema } from "@smithy/core/schema";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readUsersFile } from "../../../src/inputs/beneath/users-paths.ts";
import type { RunTaskRequest } from "../../../src/aws/ecs.ts";
import type { RegistrableDefinition } from "../../../src/aws/task-definition.ts";
import { AccessDenied } from "../../../src/errors.ts";
import type { DefinitionReference, NewTasks } from "../../../src/inputs/inputs.ts";
import { removeResource } from "../../../src/targets/made/made-resource.ts";
import { resolveTargets } from "../../../src/targets/resolve.ts";
import { Definitions } from "../../helpers/definitions.ts";
import { resolveContextOf } from "../../helpers/resolving.ts";
import { aService, origin, startInputs } from "../../helpers/start-inputs.ts";
import { aTask } from "../../helpers/tasks.ts";

const IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop:3f2a9c1";

/** A value for a schema, with something in each of its members. */
function fillSchema(schema: NormalizedSchema, path: string): unknown {
  if (schema.isListSchema()) return [fillSchema(schema.getValueSchema(), `${path}[]`)];
  if (schema.isMapSchema()) return { [`${path}.key`]: fillSchema(schema.getValueSchema(), `${path}.value`) };
  if (schema.isStructSchema())
    return Object.fromEntries(
      [...schema.structIterator()].map(([name, member]) => [name, fillSchema(member, `${path}.${name}`)]),
    );
  if (schema.isBooleanSchema()) return true;
  return schema.isNumericSchema() ? path.length : path;
}

const full = fillSchema(NormalizedSchema.of(RegisterTaskDefinitionRequest$), "") as {
  readonly containerDefinitions: readonly [Readonly<Record<string, unknown>>];
} & Readonly<Record<string, unknown>>;
const [container] = full.containerDefinitions;
const app = { ...container, name: "app", essential: true, entryPoint: ["/app"] };
/** A definition with every member that ECS has, and a second container that waits for the first. */
const source = {
  ...full,
  family: "shop",
  taskRoleArn: "arn:aws:iam::123456789012:role/shop",
  pidMode: "host",
  runtimePlatform: { cpuArchitecture: "ARM64", operatingSystemFamily: "LINUX" },
  tags: [
    { key: "team", value: "shop" },
    { key: "aws:cloudformation:stack-name", value: "shop" },
  ],
  containerDefinitions: [
    app,
    { ...container, name: "proxy", dependsOn: [{ containerName: "app", condition: "START" }] },
  ],
};
const ofService: DefinitionReference = { kind: "service" };

async function startTask(
  start: Partial<NewTasks["start"]> = {},
  more: {
    readonly of?: DefinitionReference;
    readonly known?: Definitions;
    readonly workspace?: string;
    readonly mayTag?: boolean;
  } = {},
) {
  const known = more.known ?? new Definitions();
  if (more.known === undefined) await known.registerTaskDefinition(source);
  const requests: RunTaskRequest[] = [];
  const registered: RegistrableDefinition[] = [];
  const of = more.of ?? ofService;
  const where: NewTasks = {
    ...{ kind: "new", of: { kind: "image-in-definition", image: IMAGE, of }, service: "shop", tasks: 1 },
    start: startInputs({ subnets: [], ...start }),
  };
  const context = resolveContextOf(
    where,
    {
      describeService: () =>
        Promise.resolve(aService({ name: "shop", taskDefinitionArn: "shop:1", volumes: [VOLUME] })),
      describeTaskDefinition: known.describeTaskDefinition,
      registerTaskDefinition: (asked) => {
        if (more.mayTag === false && asked["tags"] !== undefined) return Promise.reject(noTags);
        registered.push(asked);
        return known.registerTaskDefinition(asked);
      },
      runTask: (request) => {
        requests.push(request);
        return Promise.resolve({ tasks: [aTask()], refusals: [] });
      },
    },
    { container: "app", readFile: (path) => readUsersFile(path, more.workspace ?? "/nowhere") },
  );
  await resolveTargets(context);
  return { known, context, requests, registered };
}

const noTags = new AccessDenied(
  { action: "ecs:TagResource", isNamed: true },
  { failed: "No right to tag.", seen: "It may not ecs:TagResource.", advice: "" },
);

/** The volume that the definition leaves to the start of the task. */
const VOLUME = { name: ".volumes[].name" };

/** The definition without what is the action's own: its family, its tags, and the label of the run. */
function content(definition: RegistrableDefinition | undefined): unknown {
  const { containerDefinitions, ...rest } = definition ?? {};
  const members = Object.entries(rest).filter(([name]) => !["family", "tags"].includes(name));
  const [first, ...others] = containerDefinitions as { dockerLabels?: Record<string, string> }[];
  const labels = Object.entries(first?.dockerLabels ?? {}).filter(([name]) => name !== "fargate-exec.run");
  return {
    ...Object.fromEntries(members),
    containerDefinitions: [{ ...first, dockerLabels: Object.fromEntries(labels) }, ...others],
  };
}

it("the copy changes one image of a definition and no other member that ECS knows", async () => {
  const { registered } = await startTask({ hold: false });
  expect(Object.keys(full).length).toBeGreaterThan(15);
  expect(registered).toHaveLength(1);
  expect(content(registered[0])).toEqual(
    content({
      ...source,
      containerDefinitions: [{ ...app, image: IMAGE }, source.containerDefinitions[1]],
    }),
  );
});

it("the copy for a held container also changes what the hold needs", async () => {
  const { registered } = await startTask();
  expect(registered).toHaveLength(1);
  const { restartPolicy, ...kept } = app as Record<string, unknown>;
  expect(restartPolicy).toBeDefined();
  expect(content(registered[0])).toEqual(
    content({
      ...source,
      containerDefinitions: [
        {
          ...kept,
          image: IMAGE,
          entryPoint: ["sh", "-c"],
          healthCheck: expect.objectContaining({ command: ["CMD-SHELL", "exit 0"] }) as unknown,
          linuxParameters: { ...(kept["linuxParameters"] as object), initProcessEnabled: true },
        },
        source.containerDefinitions[1],
      ],
    }),
  );
});

it.each([
  ["held", true, /^fargate-exec-shop-held-[0-9a-f]{16}$/],
  ["not held", false, /^fargate-exec-shop-[0-9a-f]{16}$/],
])(
  "the copy is registered in a family of the action, with the source's tags and the run's: %s",
  async (_, hold, family) => {
    const { registered, requests, known } = await startTask({ hold });
    expect(registered[0]?.["family"]).toMatch(family);
    const tags = { team: "shop", "fargate-exec:run": origin.url };
    expect(registered[0]?.["tags"]).toEqual(Object.entries(tags).map(([key, value]) => ({ key, value })));
    expect(requests[0]?.tags).toEqual({ "fargate-exec:run": origin.url, team: "shop" });
    expect(requests[0]?.propagateTags).toBeUndefined();
    expect(known.active.filter((name) => name.startsWith("shop:"))).toEqual(["shop:1"]);
  },
);

it("the copy keeps all 50 tags of its source, and a line says that it lacks the run's", async () => {
  const fifty = Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: "v" }));
  const known = new Definitions();
  await known.registerTaskDefinition({ ...source, tags: fifty });
  const { registered, requests, context } = await startTask({ hold: false }, { known });
  expect(registered[0]?.["tags"]).toEqual(fifty);
  expect(requests[0]?.tags).toEqual(Object.fromEntries(fifty.map(({ key, value }) => [key, value])));
  const lines = context.log.lines.filter((line) => line.includes("50 tags, the most that ECS takes"));
  expect(lines).toEqual([
    expect.stringMatching(/^fargate-exec-shop-.* lacks fargate-exec:run\.$/),
    expect.stringMatching(/^The task has .* lacks fargate-exec:run\.$/),
  ]);
});

it("the copy has a label with the run in its first container", async () => {
  const { registered } = await startTask({ hold: false });
  const [first, ...others] = registered[0]?.["containerDefinitions"] as RegistrableDefinition[];
  expect(first).toMatchObject({ dockerLabels: { "fargate-exec.run": origin.id } });
  expect(JSON.stringify(others)).not.toContain("fargate-exec.run");
});

it("the copy is registered without tags when these may not be set, and a line says so", async () => {
  const { registered, context } = await startTask({ hold: false }, { mayTag: false });
  expect(registered).toEqual([expect.not.objectContaining({ tags: expect.anything() as unknown })]);
  expect(context.log.lines.join("\n")).toMatch(
    /registered without tags, which may not be set. It may not ecs:TagResource/,
  );
});

it("the copy is shared by jobs with an equal definition, and removed by the last of them", async () => {
  const { known, context } = await startTask({ hold: false });
  const again = await startTask({ hold: false }, { known });
  expect(again.registered).toEqual([]);
  const made = (context.events.at(-1) as { kind: string; arn: string }[]).find(
    ({ kind }) => kind === "shared-definition",
  );
  const { describeTaskDefinition, deregisterTaskDefinition, deleteTaskDefinition } = known;
  const calls = {
    ...{ describeTaskDefinition, deregisterTaskDefinition, deleteTaskDefinition },
    listTasks: () => Promise.resolve([]),
    describeTasks: () => Promise.resolve([]),
    stopTask: () => Promise.reject(new Error("no task is to be stopped")),
  };
  await removeResource(made as never, calls, "", context.log);
  expect(known.active).toEqual(["shop:1"]);
  await expect(known.describeTaskDefinition(made?.arn ?? "")).rejects.toMatchObject({
    code: "task-definition-not-found",
  });
});

it("the task starts like the service's tasks, and the log says what comes from where", async () => {
  const { context, requests } = await startTask({ hold: false });
  const { network } = aService();
  expect(requests[0]?.network.subnets).toEqual(network.subnets);
  expect(context.log.lines[0]).toBe(
    `All of task definition 'shop:1' is used but the image of container 'app': ${IMAGE} in place of .containerDefinitions[].image.`,
  );
});

it("the image replaces that of a definition that the inputs name", async () => {
  const { registered } = await startTask(
    { hold: false, subnets: ["subnet-1"] },
    { of: { kind: "task-definition", taskDefinition: "shop:1" } },
  );
  expect(registered[0]).toMatchObject({ containerDefinitions: [{ image: IMAGE }, {}] });
});

it("the image replaces that of a definition file, which is not registered itself", async () => {
  const workspace = await mkdtemp(join(tmpdir(), "workspace-"));
  try {
    const file = { family: "from-file", containerDefinitions: [{ name: "app", image: "old" }] };
    await writeFile(join(workspace, "task.json"), JSON.stringify(file));
    const of = { kind: "task-definition", taskDefinition: "task.json" } as const;
    const { registered } = await startTask({ hold: false }, { of, workspace });
    expect(registered.map(({ family }) => family)).toEqual([
      expect.stringMatching(/^fargate-exec-from-file-/),
    ]);
    expect(registered[0]).toMatchObject({ containerDefinitions: [{ name: "app", image: IMAGE }] });
  } finally {
    await rm(workspace, { recursive: true });
  }
});
