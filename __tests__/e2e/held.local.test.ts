import {
  type ContainerDefinition,
  CreateServiceCommand,
  CreateTaskSetCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionRequest,
  UpdateServicePrimaryTaskSetCommand,
} from "@aws-sdk/client-ecs";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, definition, type Inputs, jobLog, mainLog, processes, withoutInit } from "../helpers/local.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { eventually, until } from "../helpers/until.ts";
import { waitForStatus } from "../local/with-local.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});
afterEach(() => aws.world.local.calm());
afterAll(() => aws.stop());

/** An image whose ENTRYPOINT takes any command as its own arguments. */
const server = { ...withoutInit, image: "registry.example/shop/http-server:1" };
const held = (family: string, more: Inputs = {}): Inputs => ({
  ...aws.newTask(family),
  run: "tr '\\0' ' ' </proc/1/cmdline",
  ...more,
});
const ours = async (name: string): Promise<readonly string[]> =>
  (await aws.definitions()).filter((arn) => arn.includes(`/fargate-exec-${name}`));
const deny = (operation: string, resource: string): void => {
  const message = `User: arn:aws:sts::123456789012:assumed-role/deploy/ci is not authorized to perform: ecs:${operation} on resource: ${resource} because no identity-based policy allows the ecs:${operation} action`;
  aws.world.local.fail({ operation, code: "AccessDeniedException", message });
};

function expectRan(result: StepResult): void {
  expect(result.annotations).toEqual([]);
  expect(result.outputs).toMatchObject({ outcome: "succeeded", "exit-code": "0" });
}

it("an image whose ENTRYPOINT is a server is held by the action's entry point, and the server never starts; a container that waits for its health starts, though its own check would fail", async () => {
  const app = { ...server, healthCheck: { command: ["CMD-SHELL", "test -e /never"], retries: 1 } };
  const after = {
    ...withoutInit,
    name: "after",
    essential: false,
    dependsOn: [{ containerName: "app", condition: "HEALTHY" as const }],
  };
  await aws.register("shop", [app, after]);
  const seen: string[] = [];
  const run = "tr '\\0' ' ' </proc/1/cmdline; sleep 1";
  const result = await aws.step(held("shop", { container: "app", run }), {
    onLine: (line) => {
      if (!line.startsWith("Session ")) return;
      const task = aws.world.local.tasks.at(-1);
      if (task) seen.push(...processes(task).map(({ command }) => command));
    },
  });
  expectRan(result);
  expect(jobLog(result)).toEqual([expect.stringMatching(/init.* -- sh -c trap/)]);
  expect(seen.join("\n")).toContain("sleep");
  expect(seen.join("\n")).not.toContain("http.server");
  expect(await ours("shop")).toEqual([]);
  const { containers, history } = aws.taskOf(result);
  expect(containers.map(({ startedAt }) => typeof startedAt)).toEqual(["number", "number"]);
  expect(history).toContain("RUNNING");
});

itInSoak(
  "without the right to run a task of the action's families only the command is replaced, and the log says so once",
  async () => {
    await aws.register("plain", [withoutInit]);
    deny("RunTask", "arn:aws:ecs:us-east-1:123456789012:task-definition/fargate-exec-plain-held-0:1");
    const result = await aws.step(held("plain"));
    expectRan(result);
    expect(aws.taskOf(result).plan.definition.family).toBe("plain");
    const said = mainLog(result).filter((line) => line.includes("held by its command alone"));
    expect(said).toEqual([expect.stringContaining("ecs:RunTask")]);
    expect(await ours("plain")).toEqual([]);
  },
);

itInSoak(
  "a server that took the command as arguments: the error says so, with its status, its log and the missing right",
  async () => {
    await aws.register("eats", [server]);
    deny(
      "RegisterTaskDefinition",
      "arn:aws:ecs:us-east-1:123456789012:task-definition/fargate-exec-eats-held-0",
    );
    const result = await aws.step(held("eats"));
    expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
    expect(result.annotations).toEqual([
      {
        level: "error",
        title: "fargate-exec: hold-ended",
        message: expect.stringMatching(
          /Input 'hold'.*'app'.*ended with 2.*ENTRYPOINT.*ecs:RegisterTaskDefinition.*"sh", "-c".*own log/s,
        ) as string,
      },
    ]);
  },
);

itInSoak("a container that waits for the held one's end is an error before anything is started", async () => {
  const dependsOn = [{ containerName: "app", condition: "COMPLETE" as const }];
  await aws.register("chain", [withoutInit, { ...withoutInit, name: "after", essential: false, dependsOn }]);
  const before = aws.world.local.tasks.length;
  const result = await aws.step(held("chain", { container: "app" }));
  expect(result.annotations).toMatchObject([{ title: "fargate-exec: hold-awaited" }]);
  expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  expect(aws.world.local.tasks).toHaveLength(before);
});

describe("a definition that another principal has planted in the action's family", () => {
  const plants: readonly [string, (of: RegisterTaskDefinitionRequest) => RegisterTaskDefinitionRequest][] = [
    ["another image", (of) => changed(of, { image: "attacker.example/tools/miner:1" })],
    [
      "another entry point",
      (of) => changed(of, { entryPoint: ["sh", "-c", "touch /tmp/planted; exec sleep 600"] }),
    ],
    ["a variable", (of) => changed(of, { environment: [{ name: "PLANTED", value: "1" }] })],
    [
      "a further container",
      (of) => ({
        ...of,
        containerDefinitions: [
          ...(of.containerDefinitions ?? []),
          { ...withoutInit, name: "miner", essential: false },
        ],
      }),
    ],
    [
      "another role",
      (of) => ({ ...of, taskRoleArn: `arn:aws:iam::${aws.world.local.accountId}:role/admin` }),
    ],
  ];
  function changed(of: RegisterTaskDefinitionRequest, more: object): RegisterTaskDefinitionRequest {
    return {
      ...of,
      containerDefinitions: (of.containerDefinitions ?? []).map((one) => ({ ...one, ...more })),
    };
  }
  /** Learns the definition that the victim's step registers from a run, as every principal with ecs:Describe… can. */
  async function learn(inputs: Inputs): Promise<RegisterTaskDefinitionRequest> {
    const { plan } = aws.taskOf(await aws.step(inputs));
    const { family, containerDefinitions, taskRoleArn, cpu, memory } = plan.definition;
    return {
      ...definition(
        family,
        structuredClone(containerDefinitions) as ContainerDefinition[],
        aws.world.local.accountId,
      ),
      ...(taskRoleArn && { taskRoleArn }),
      ...(cpu && { cpu }),
      ...(memory && { memory }),
    };
  }

  const image = (name: string): Inputs => ({
    image: `example.com/tools/${name}:1`,
    subnets: aws.world.made.subnets.join(),
    "task-role": `arn:aws:iam::${aws.world.local.accountId}:role/demo-task`,
    run: "hostname",
  });

  async function attack(what: string, inputs: Inputs, plant: (typeof plants)[number][1]): Promise<void> {
    const original = await learn(inputs);
    const { taskDefinition } = await aws.world.ecs.send(new RegisterTaskDefinitionCommand(plant(original)));
    const planted = taskDefinition?.taskDefinitionArn ?? "";
    const result = await aws.step(inputs);
    expectRan(result);
    const { plan } = aws.taskOf(result);
    expect([what, plan.definition.family]).toEqual([what, original.family]);
    expect([what, plan.definition.taskDefinitionArn]).not.toEqual([what, planted]);
    expect(mainLog(result)).toContainEqual(expect.stringContaining("is not used: it differs"));
    // The planted definition stays for its owner.
    expect(await aws.definitions()).toContain(planted);
  }

  const victims: readonly (readonly [string, (name: string) => Inputs | Promise<Inputs>])[] = [
    ["an image", image],
    [
      "a container that is held",
      async (name) => {
        await aws.register(name, [server]);
        return held(name);
      },
    ],
  ];
  itInSoak.each(victims)("is never run for %s, whichever member it changes", async (_, victim) => {
    await Promise.all(
      plants.map(async ([what, plant], at) => attack(what, await victim(`victim-${at}`), plant)),
    );
  });
});

describe("a new task like a service's has what the service runs on", () => {
  /** Runs a step in the service's own task and one in a new task like it. Returns the new task. */
  async function startLike(service: string): Promise<Task> {
    const running = () => aws.world.local.tasks.filter(({ plan }) => plan.group === `service:${service}`);
    await until(() => running().length === 1);
    const [task] = running();
    if (task !== undefined) await waitForStatus(task, "RUNNING");
    const [beside, started] = await Promise.all([
      aws.step({ service, run: "true" }),
      aws.step({ service, start: "true", run: "true" }),
    ]);
    expectRan(beside);
    expectRan(started);
    expect(aws.taskOf(beside)).toBe(task);
    return aws.taskOf(started);
  }

  async function controlledBy(type: "EXTERNAL" | "CODE_DEPLOY"): Promise<void> {
    const { made, ecs } = aws.world;
    const [subnet = ""] = made.subnets;
    const serviceName = `by-${type.toLowerCase().replace("_", "-")}`;
    await aws.register(serviceName, [withoutInit]);
    const networkConfiguration = {
      awsvpcConfiguration: { subnets: [subnet], assignPublicIp: "ENABLED" as const },
    };
    await ecs.send(
      new CreateServiceCommand({
        cluster: made.cluster,
        serviceName,
        desiredCount: 1,
        enableExecuteCommand: true,
        deploymentController: { type },
        // A service of CodeDeploy no longer runs what it was created with.
        ...(type === "CODE_DEPLOY" && { taskDefinition: made.taskDefinition, launchType: "EC2" as const }),
      }),
    );
    const of = { cluster: made.cluster, service: serviceName };
    const set = { taskDefinition: serviceName, launchType: "FARGATE" as const, networkConfiguration };
    const { taskSet } = await ecs.send(new CreateTaskSetCommand({ ...of, ...set }));
    const primaryTaskSet = taskSet?.taskSetArn ?? "";
    await ecs.send(new UpdateServicePrimaryTaskSetCommand({ ...of, primaryTaskSet }));
    const { plan } = await startLike(serviceName);
    expect(plan.network).toEqual(networkConfiguration);
    expect(plan.launchType).toBe("FARGATE");
    expect(plan.definition.family).toContain(serviceName);
  }

  async function onEc2(): Promise<void> {
    const { made, ecs, local } = aws.world;
    // Its task has a container's size only, and the network of the instance.
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        ...definition("on-ec2", [{ ...withoutInit, memory: 512 }], local.accountId),
        ...{ cpu: undefined, memory: undefined, networkMode: "bridge", requiresCompatibilities: ["EC2"] },
      }),
    );
    const service = { cluster: made.cluster, serviceName: "on-ec2", taskDefinition: "on-ec2" };
    await ecs.send(
      new CreateServiceCommand({
        ...{ ...service, desiredCount: 1, launchType: "EC2", enableExecuteCommand: true },
      }),
    );
    const { plan } = await startLike("on-ec2");
    expect([plan.launchType, plan.network, plan.definition.networkMode]).toEqual([
      "EC2",
      undefined,
      "bridge",
    ]);
  }

  it.each(
    everyNth<readonly [string, () => Promise<void>]>(
      [
        ["a service on EC2", onEc2],
        ["the PRIMARY task set of the controller EXTERNAL", () => controlledBy("EXTERNAL")],
        ["the PRIMARY task set of CODE_DEPLOY", () => controlledBy("CODE_DEPLOY")],
      ],
      3,
    ),
  )("%s", async (_, check) => {
    await check();
    await eventually(() => aws.startedAndAlive().length, 0);
  });
});
