import type { Service } from "@aws-sdk/client-ecs";
import { ecsCalls } from "../../src/aws/ecs-calls.ts";
import type { NewTasks, NewTaskSource, StartInputs, TaskSelection } from "../../src/inputs/inputs.ts";
import { resolveTargets } from "../../src/targets/resolve.ts";
import { type Answer, endpoint, exception, type ReceivedRequest } from "../helpers/aws-endpoint.ts";
import { resolveContextOf } from "../helpers/resolving.ts";
import { type Definition, type RunTask, runTaskFault } from "../helpers/run-task-rules.ts";
import { startInputs } from "../helpers/start-inputs.ts";
import { CLUSTER, TASK } from "../helpers/tasks.ts";

const ARN = "arn:aws:ecs:eu-central-1:123456789012";
const OWN = `${ARN}:task-definition/shop:7`;
const OTHER = `${ARN}:task-definition/migrate:2`;

const awsvpcConfiguration = { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: "DISABLED" };
const network = { networkConfiguration: { awsvpcConfiguration } };
const GPU = { capacityProvider: "gpu", weight: 1, base: 0 };
const ROLE = "arn:aws:iam::123456789012:role/infrastructure";
const EBS = {
  name: "data",
  managedEBSVolume: {
    ...{ encrypted: true, volumeType: "gp3", sizeInGiB: 50, filesystemType: "xfs", roleArn: ROLE },
    tagSpecifications: [
      { resourceType: "volume", propagateTags: "SERVICE" },
      { resourceType: "volume", propagateTags: "SERVICE", tags: [{ key: "team", value: "shop" }] },
    ],
  },
};
/** The same in the shape of RunTask. */
const TASK_EBS = {
  ...EBS,
  managedEBSVolume: {
    ...EBS.managedEBSVolume,
    tagSpecifications: [{ resourceType: "volume", tags: [{ key: "team", value: "shop" }] }],
  },
};

type Json = Readonly<Record<string, unknown>>;

/** A kind of service: what AWS answers about it, and what its own task definition is for. */
interface Kind {
  readonly service: Json;
  /** DescribeExpressGatewayService's `service`; undefined: nothing may ask for it. */
  readonly express?: Json;
  /** DescribeServiceRevisions' answer for the Express service's revision; undefined: nothing may ask for it. */
  readonly revision?: Json | undefined;
  readonly definition: Definition;
  /** The members of RunTask that follow from the kind of service alone. */
  readonly expected: Json;
}

const onFargate: Definition = {
  ...{ networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"], cpu: "256", memory: "512" },
};
const onInstances = { networkMode: "awsvpc", requiresCompatibilities: ["EC2"] };
const bridged = { networkMode: "bridge", requiresCompatibilities: ["EC2"] };
const managed = { networkMode: "awsvpc", requiresCompatibilities: ["MANAGED_INSTANCES"] };
const primary = (more: Json): Json => ({ deployments: [{ id: "ecs-svc/1", status: "PRIMARY", ...more }] });
const rolling = { deploymentController: { type: "ECS" }, resourceManagementType: "CUSTOMER" };
const byTaskSets = (type: string): Json => ({
  deploymentController: { type },
  taskSets: [
    { status: "ACTIVE", taskDefinition: `${ARN}:task-definition/shop:8`, launchType: "FARGATE", ...network },
    { status: "PRIMARY", taskDefinition: OWN, launchType: "FARGATE", platformVersion: "1.4.0", ...network },
  ],
});
const strategy = (...capacityProviderStrategy: readonly Json[]): Json => ({
  capacityProviderStrategy,
});
const placement = {
  placementConstraints: [
    { type: "memberOf", expression: "attribute:ecs.instance-type =~ g4dn.*" },
    { type: "distinctInstance" },
  ],
  placementStrategy: [{ type: "spread", field: "attribute:ecs.availability-zone" }],
};
const REVISION = `${ARN}:service-revision/ci/shop/2`;
const FARGATE = { launchType: "FARGATE" };
const SPOT = [
  { capacityProvider: "FARGATE_SPOT", weight: 3, base: 0 },
  { capacityProvider: "FARGATE", weight: 1, base: 1 },
];

/** The same in the shape of RunTask: a base of 0 is not sent. */
const SPOT_SENT = [
  { capacityProvider: "FARGATE_SPOT", weight: 3 },
  { capacityProvider: "FARGATE", weight: 1, base: 1 },
];

/** Each kind of service that ECS has, as AWS's shapes tell it (botocore's model of ECS; the AWS SDK's types). */
const KINDS: Readonly<Record<string, Kind>> = {
  Fargate: {
    service: { ...rolling, taskDefinition: OWN, ...FARGATE, platformVersion: "LATEST", ...network },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "Fargate Spot": {
    service: { ...rolling, taskDefinition: OWN, ...strategy(...SPOT), platformVersion: "1.4.0", ...network },
    ...{ definition: onFargate, expected: strategy(...SPOT_SENT) },
  },
  "EC2 in bridge mode": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EC2" },
    ...{ definition: bridged, expected: { launchType: "EC2" } },
  },
  "EC2 with placement": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EC2", ...placement },
    ...{ definition: bridged, expected: { launchType: "EC2", ...placement } },
  },
  "an Auto Scaling group with placement": {
    service: { ...rolling, taskDefinition: OWN, ...strategy(GPU), ...network, ...placement },
    ...{
      definition: onInstances,
      expected: { ...strategy({ capacityProvider: "gpu", weight: 1 }), ...placement },
    },
  },
  "EC2 in awsvpc mode": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EC2", ...network },
    ...{ definition: onInstances, expected: { launchType: "EC2" } },
  },
  "ECS Anywhere": {
    service: { ...rolling, taskDefinition: OWN, launchType: "EXTERNAL" },
    definition: { networkMode: "bridge", requiresCompatibilities: ["EXTERNAL"] },
    expected: { launchType: "EXTERNAL" },
  },
  "an Auto Scaling group with GPUs": {
    service: { ...rolling, taskDefinition: OWN, ...strategy(GPU), ...network },
    definition: { ...onInstances, gpus: 1 },
    expected: strategy({ capacityProvider: "gpu", weight: 1 }),
  },
  "managed instances": {
    service: {
      ...rolling,
      taskDefinition: OWN,
      ...strategy({ ...GPU, capacityProvider: "managed" }),
      ...network,
    },
    ...{ definition: managed, expected: strategy({ capacityProvider: "managed", weight: 1 }) },
  },
  "managed instances, told as a launch type": {
    service: { ...rolling, taskDefinition: OWN, launchType: "MANAGED_INSTANCES", ...network },
    // Without either ECS takes the cluster's default strategy.
    ...{ definition: managed, expected: {} },
  },
  EXTERNAL: { service: byTaskSets("EXTERNAL"), definition: onFargate, expected: FARGATE },
  CODE_DEPLOY: {
    service: {
      ...byTaskSets("CODE_DEPLOY"),
      taskDefinition: `${ARN}:task-definition/shop:1`,
      launchType: "EC2",
    },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "blue/green of ECS": {
    service: {
      ...{ ...rolling, taskDefinition: OWN, ...FARGATE, platformVersion: "1.4.0", ...network },
      ...primary({ taskDefinition: OWN, ...FARGATE, ...network }),
    },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "with an EBS volume": {
    service: {
      ...{ ...rolling, taskDefinition: OWN, ...FARGATE, platformVersion: "1.4.0", ...network },
      ...primary({ taskDefinition: OWN, ...FARGATE, ...network, volumeConfigurations: [EBS] }),
    },
    definition: { ...onFargate, volumes: [{ name: "data", configuredAtLaunch: true }, { name: "scratch" }] },
    expected: { ...FARGATE, volumeConfigurations: [TASK_EBS] },
  },
  "Express, told by its deployment": {
    service: {
      ...{ deploymentController: { type: "ECS" }, resourceManagementType: "ECS" },
      ...primary({ taskDefinition: OWN, ...FARGATE, platformVersion: "1.4.0", ...network }),
    },
    ...{ definition: onFargate, expected: FARGATE },
  },
  "Express, told by its own call": {
    service: { deploymentController: { type: "ECS" }, resourceManagementType: "ECS" },
    express: {
      activeConfigurations: [
        {
          taskDefinitionArn: `${ARN}:task-definition/shop:6`,
          createdAt: 1,
          networkConfiguration: { subnets: ["subnet-6"] },
        },
        {
          taskDefinitionArn: OWN,
          createdAt: 2,
          networkConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] },
          serviceRevisionArn: REVISION,
        },
      ],
    },
    revision: {
      ...{ serviceRevisionArn: REVISION, taskDefinition: OWN, ...FARGATE },
      networkConfiguration: { awsvpcConfiguration: { ...awsvpcConfiguration, assignPublicIp: "ENABLED" } },
    },
    definition: onFargate,
    expected: {
      ...FARGATE,
      networkConfiguration: { awsvpcConfiguration: { ...awsvpcConfiguration, assignPublicIp: "ENABLED" } },
    },
  },
  "Express, told by both": {
    service: {
      ...{ deploymentController: { type: "ECS" }, resourceManagementType: "ECS" },
      ...primary({ taskDefinition: OWN, ...strategy(...SPOT) }),
    },
    express: {
      activeConfigurations: [{ networkConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] } }],
    },
    ...{ definition: onFargate, expected: strategy(...SPOT_SENT) },
  },
};

/** An AWS account with this service. RunTask takes what AWS's rules allow. */
async function account(kind: Kind) {
  const definitions = new Map<string, Definition>([
    [OWN, kind.definition],
    // A definition of the user's that fits where the service runs.
    [OTHER, { ...kind.definition, volumes: undefined }],
  ]);
  const runs: RunTask[] = [];
  const answer = ({ operation, body }: ReceivedRequest): Answer => {
    const request = JSON.parse(body) as Json;
    const named = String(request["taskDefinition"]);
    const definition = definitions.get(named === "migrate" ? OTHER : named);
    switch (operation) {
      case "DescribeServices":
        return {
          body: {
            services: [
              {
                serviceArn: `${ARN}:service/ci/shop`,
                serviceName: "shop",
                status: "ACTIVE",
                ...kind.service,
              } satisfies Partial<Record<keyof Service, unknown>>,
            ],
          },
        };
      case "DescribeExpressGatewayService":
        return kind.express === undefined
          ? exception("AccessDeniedException", "not allowed")
          : { body: { service: kind.express } };
      case "DescribeServiceRevisions":
        return kind.revision === undefined
          ? exception("AccessDeniedException", "not allowed")
          : { body: { serviceRevisions: [kind.revision] } };
      case "DescribeTaskDefinition":
        return definition === undefined
          ? exception("ClientException", "Unable to describe task definition.")
          : { body: { taskDefinition: whole(named === "migrate" ? OTHER : named, definition) } };
      case "RegisterTaskDefinition": {
        const arn = `${ARN}:task-definition/${String(request["family"])}:1`;
        definitions.set(arn, request as unknown as Definition);
        return {
          body: { taskDefinition: { ...request, taskDefinitionArn: arn, revision: 1, status: "ACTIVE" } },
        };
      }
      case "ListTaskDefinitionFamilies":
        return { body: { families: [] } };
      case "RunTask": {
        const run = request as unknown as RunTask;
        runs.push(run);
        const fault = definition && runTaskFault(run, definition);
        if (definition === undefined || fault !== undefined)
          return exception("InvalidParameterException", fault ?? "TaskDefinition not found.");
        return { body: { tasks: [running("family:shop")], failures: [] } };
      }
      case "ListTasks":
        return { body: { taskArns: [TASK] } };
      case "DescribeTasks":
        return { body: { tasks: [running("service:shop")] } };
      default:
        return exception("AccessDeniedException", `${operation} is not allowed`);
    }
  };
  return { ...(await endpoint(answer)), runs };
}

function whole(arn: string, definition: Definition): Json {
  const { gpus = 0, ...members } = definition;
  const resourceRequirements = gpus === 0 ? [] : [{ type: "GPU", value: String(gpus) }];
  const app = {
    name: "app",
    image: "shop:1",
    essential: true,
    entryPoint: ["sh", "-c"],
    resourceRequirements,
  };
  return {
    ...members,
    ...{ taskDefinitionArn: arn, family: "shop", revision: 7, status: "ACTIVE", containerDefinitions: [app] },
  };
}

function running(group: string): Json {
  return {
    ...{ taskArn: TASK, clusterArn: CLUSTER, taskDefinitionArn: OWN, group, enableExecuteCommand: true },
    ...{
      lastStatus: "RUNNING",
      desiredStatus: "RUNNING",
      containers: [{ name: "app", lastStatus: "RUNNING", runtimeId: "r-1" }],
    },
  };
}

async function startedBy(
  kind: Kind,
  where: TaskSelection,
): Promise<{ readonly run: RunTask | undefined; readonly calls: readonly string[]; readonly log: string }> {
  const aws = await account(kind);
  try {
    const context = resolveContextOf(where, ecsCalls(aws.clients));
    const { later } = await resolveTargets(context);
    await later?.close();
    const calls = aws.received.map(({ operation }) => operation);
    return { run: aws.runs.at(-1), calls, log: context.log.lines.join("\n") };
  } finally {
    await aws.close();
  }
}

function newTask(
  of: NewTaskSource,
  start: Partial<StartInputs> = {},
  service: string | undefined = "shop",
): NewTasks {
  return { kind: "new", of, service, tasks: 1, start: startInputs({ subnets: [], ...start }) };
}

const own: NewTaskSource = { kind: "service" };
const other: NewTaskSource = { kind: "task-definition", taskDefinition: "migrate" };
const image: NewTaskSource = { kind: "image", image: "python:3.13", architecture: undefined };
const ofKind = Object.entries(KINDS);

describe.each(ofKind)("a service: %s", (_, kind) => {
  const { service, expected } = kind;
  const hasNetwork = kind.express !== undefined || JSON.stringify(service).includes("subnet-1");
  const places = Object.fromEntries(
    Object.entries(expected).filter(([name]) => name !== "volumeConfigurations"),
  );

  it("a script runs in one of its tasks", async () => {
    const { run, calls } = await startedBy(kind, { kind: "service", service: "shop", tasks: 1 });
    expect([run, calls]).toEqual([undefined, ["ListTasks", "DescribeTasks"]]);
  });

  it("'start: true' starts a task like its own", async () => {
    const { run } = await startedBy(kind, newTask(own));
    expect(run).toMatchObject({ ...expected, taskDefinition: OWN, count: 1 });
    const { subnets, securityGroups } = run?.networkConfiguration?.awsvpcConfiguration ?? {};
    expect([subnets, securityGroups]).toEqual(hasNetwork ? [["subnet-1"], ["sg-1"]] : [undefined, undefined]);
  });

  it("with 'task-definition' a task of that definition runs where its own do", async () => {
    const { run } = await startedBy(kind, newTask(other));
    expect(run).toMatchObject({ ...places, taskDefinition: OTHER });
    expect(run?.volumeConfigurations).toBeUndefined();
    expect([run?.placementConstraints, run?.placementStrategy]).toEqual([
      expected["placementConstraints"],
      expected["placementStrategy"],
    ]);
  });

  it("with 'image' a task of its definition with that image runs where its own do", async () => {
    const { run } = await startedBy(
      kind,
      newTask({ kind: "image-in-definition", of: own, image: "shop:pr-1" }),
    );
    expect(run).toMatchObject(expected);
  });

  it("with 'image' and 'borrow: network' a task of the image alone runs on Fargate, or asks for subnets", async () => {
    const started = startedBy(kind, newTask(image, { taskRole: "job" }));
    if (!hasNetwork) await expect(started).rejects.toMatchObject({ code: "network-required" });
    else expect((await started).run).toMatchObject({ networkConfiguration: {} });
  });

  it("with 'capacity-providers' of Fargate a definition for Fargate runs there", async () => {
    const given = {
      capacityProviders: [{ name: "FARGATE_SPOT", weight: 1, base: 0 }],
      subnets: ["subnet-4"],
    };
    const { run } = await startedBy({ ...kind, definition: onFargate }, newTask(other, given));
    expect(run).toMatchObject(strategy({ capacityProvider: "FARGATE_SPOT", weight: 1 }));
  });

  it("with 'capacity-providers' of instances a definition for these runs there", async () => {
    const given = { capacityProviders: [{ name: "managed", weight: 2, base: 0 }], subnets: ["subnet-4"] };
    const { run } = await startedBy({ ...kind, definition: managed }, newTask(other, given));
    expect(run).toMatchObject(strategy({ capacityProvider: "managed", weight: 2 }));
    expect([run?.placementConstraints, run?.placementStrategy]).toEqual([undefined, undefined]);
  });
});

describe("without a service, by capacity providers of instances", () => {
  const kind: Kind = { service: {}, definition: { ...managed, gpus: 1 }, expected: {} };
  const capacityProviders = [{ name: "managed-gpu", weight: 1, base: 0 }];

  it("a definition with GPUs runs there", async () => {
    const where = newTask(other, { capacityProviders, subnets: ["subnet-4"] }, undefined);
    const { run } = await startedBy(kind, { ...where, service: undefined });
    expect(run).toMatchObject(strategy({ capacityProvider: "managed-gpu", weight: 1 }));
  });

  it("an image alone runs there, and its definition fits managed instances and those of a group", async () => {
    const where = newTask(image, { capacityProviders, subnets: ["subnet-4"], taskRole: "job" });
    const { run } = await startedBy(kind, { ...where, service: undefined });
    expect(run).toMatchObject(strategy({ capacityProvider: "managed-gpu", weight: 1 }));
  });

  it("the overrides of a task that is placed by constraints reach RunTask", async () => {
    const constraints = { placementConstraints: [{ type: "distinctInstance" }], group: "nightly" };
    const where = newTask(other, { capacityProviders, subnets: ["subnet-4"], overrides: constraints });
    const { run } = await startedBy(kind, { ...where, service: undefined });
    expect(run).toMatchObject(constraints);
  });

  it("a definition in the network mode of its instance needs no subnets", async () => {
    const where = newTask(other, { capacityProviders: [{ name: "gpu", weight: 1, base: 0 }] });
    const { run } = await startedBy({ ...kind, definition: bridged }, { ...where, service: undefined });
    expect(run).not.toHaveProperty("networkConfiguration");
  });
});

describe("without a service, a definition with a volume that is configured at launch", () => {
  const volumes = [{ name: "data", configuredAtLaunch: true }];
  const kind: Kind = { service: {}, definition: { ...onFargate, volumes }, expected: {} };
  const named: NewTaskSource = { kind: "task-definition", taskDefinition: OWN };
  const started = (overrides: StartInputs["overrides"]) =>
    startedBy(kind, { ...newTask(named, { subnets: ["subnet-4"], overrides }), service: undefined });

  it("starts with the configuration that 'overrides' gives", async () => {
    const volumeConfigurations = [{ name: "data", managedEBSVolume: { sizeInGiB: 20, roleArn: ROLE } }];
    const { run } = await started({ volumeConfigurations, cpu: "512", memory: "1024" });
    expect(run).toMatchObject({ volumeConfigurations, overrides: { cpu: "512", memory: "1024" } });
    expect(run?.overrides).not.toHaveProperty("volumeConfigurations");
  });

  it("asks for that configuration before ECS refuses the task", async () => {
    await expect(started({})).rejects.toMatchObject({
      code: "bad-input",
      failed: expect.stringContaining("'volumeConfigurations'") as string,
      seen: expect.stringContaining("nothing for 'data'") as string,
    });
  });
});

it("with a service, 'overrides' change the volume of that name", async () => {
  const kind = KINDS["with an EBS volume"];
  if (kind === undefined) throw new Error("no such kind");
  const overrides = { volumeConfigurations: [{ name: "data", managedEBSVolume: { sizeInGiB: 70 } }] };
  const { run } = await startedBy(kind, newTask(own, { overrides }));
  expect(run?.volumeConfigurations).toMatchObject([
    { name: "data", managedEBSVolume: { sizeInGiB: 70, volumeType: "gp3" } },
  ]);
});

describe("an Express service that is told by its own call", () => {
  const kind = KINDS["Express, told by its own call"];
  if (kind === undefined) throw new Error("no such kind");
  const addressOf = (run: RunTask | undefined) =>
    run?.networkConfiguration?.awsvpcConfiguration?.assignPublicIp;

  it("the input 'assign-public-ip' decides on the address, and its revision is not asked for", async () => {
    const { run, calls } = await startedBy(kind, newTask(own, { assignPublicIp: false }));
    expect([addressOf(run), calls.includes("DescribeServiceRevisions")]).toEqual(["DISABLED", false]);
  });

  it("without the right to its revision the task starts, and the log names the input that decides", async () => {
    const { run, log } = await startedBy({ ...kind, revision: undefined }, newTask(own));
    expect(addressOf(run)).toBeUndefined();
    expect(log).toMatch(/'assign-public-ip' decides it\. .*DescribeServiceRevisions/);
  });
});

it("an Express service that nothing tells of asks for 'task-definition', and does not send the user to wait for it alone", async () => {
  const service = { deploymentController: { type: "ECS" }, resourceManagementType: "ECS" };
  const kind: Kind = { service, express: { activeConfigurations: [] }, definition: onFargate, expected: {} };
  await expect(startedBy(kind, newTask(own, { subnets: ["subnet-1"] }))).rejects.toMatchObject({
    code: "bad-input",
    seen: expect.stringContaining("ecs:DescribeExpressGatewayService") as string,
    advice: expect.stringContaining("'task-definition'") as string,
  });
});

it("without the right to its own call the failure names that right", async () => {
  const service = { deploymentController: { type: "ECS" }, resourceManagementType: "ECS" };
  await expect(
    startedBy({ service, definition: onFargate, expected: {} }, newTask(own)),
  ).rejects.toMatchObject({
    code: "access-denied",
    advice: expect.stringContaining("ecs:DescribeExpressGatewayService") as string,
  });
});
