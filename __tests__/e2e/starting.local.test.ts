import { DescribeServicesCommand, DescribeTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepResult } from "../../local/runner/step.ts";
import { Aws, definition, mainLog, type Inputs, withoutInit } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

const role = (): string => `arn:aws:iam::${aws.world.local.accountId}:role/demo-task`;
const likeService = (more: Inputs = {}): Inputs => ({
  service: aws.world.made.service,
  start: "true",
  run: "hostname",
  ...more,
});
/** The RunTask calls of a step, oldest first. */
const runTasks = (result: StepResult) =>
  aws.calls("RunTask", /run=(\w+)/.exec(mainLog(result).join())?.[1] ?? "no run");

function expectSucceeded(result: StepResult): void {
  expect(result.annotations).toEqual([]);
  expect(result.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded" });
  expect(result.outputs["stdout"]).toBe(aws.taskOf(result).hostname);
  expect(aws.taskOf(result).stopCode).toBe("UserInitiated");
}

it.each<[string, () => Inputs, RegExp]>([
  ["start: true", () => likeService(), /\/fargate-exec-demo-held-[0-9a-f]{16}:\d+$/],
  [
    "a task definition",
    () => likeService({ start: "false", "task-definition": aws.world.made.twoContainers }),
    /\/fargate-exec-demo-sidecar-held-[0-9a-f]{16}:1$/,
  ],
  [
    "an image",
    () => likeService({ start: "false", image: "python:3.13", borrow: "network", "task-role": role() }),
    /\/fargate-exec-python-[0-9a-f]{16}:1$/,
  ],
  [
    "its own definition with an image",
    () => likeService({ start: "false", image: "python:3.13" }),
    /\/fargate-exec-demo-held-[0-9a-f]{16}:1$/,
  ],
])("a service with %s starts a task in its network", async (_, inputs, started) => {
  const result = await aws.step(inputs());
  expectSucceeded(result);
  const { plan } = aws.taskOf(result);
  const { subnets, securityGroups } = aws.world.made;
  expect(plan.network).toEqual({
    awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: "ENABLED" },
  });
  expect(plan.definition.taskDefinitionArn).toMatch(started);
  expect(plan.group).not.toContain("service:");
  expect(plan.tags).toContainEqual({
    key: "fargate-exec:run",
    value: expect.stringContaining("/actions/runs/") as string,
  });
});

it("the log of a healthy start is folded by phases and names no exception, and the debug log has ECS's words", async () => {
  const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
  try {
    const file = join(temp, "task-definition-1.json");
    writeFileSync(file, JSON.stringify(definition("rendered", [withoutInit], aws.world.local.accountId)));
    // ECS answers so while an agent starts. The local agent may start too fast for that.
    aws.world.local.fail({
      operation: "ExecuteCommand",
      code: "TargetNotConnectedException",
      message: "The execute command failed due to an internal error. Try again later.",
      times: 2,
    });
    // From RUNNER_TEMP, where aws-actions/amazon-ecs-render-task-definition writes.
    const result = await aws.step(likeService({ start: "false", "task-definition": file }), {
      env: { RUNNER_TEMP: temp, RUNNER_DEBUG: "1" },
    });
    expectSucceeded(result);
    const log = mainLog(result);
    const isDebug = (line: string): boolean => line.startsWith("##[debug]");
    expect(log.filter(isDebug).join("\n")).toMatch(/^##\[debug\]ExecuteCommand: \w+Exception: /m);
    expect(log.filter((line) => !isDebug(line)).join("\n")).not.toMatch(/Exception|failed|error/i);
    expect(log).toContainEqual(expect.stringMatching(/^waiting for the exec agent \(\d+ s\)$/));
    const { id } = aws.taskOf(result);
    expect(log.filter((line) => line.startsWith("##[group]"))).toEqual([
      `##[group]Starting a task in cluster '${aws.world.made.cluster}'`,
      `##[group]Waiting for container 'app' of task ${id}`,
      `##[group]The script runs in container 'app' of task ${id}`,
      "##[group]Cleaning up",
    ]);
  } finally {
    rmSync(temp, { recursive: true });
  }
});

it("a step waits for a network that fails for some seconds while a task starts", async () => {
  aws.world.local.fail({ operation: "DescribeTasks", reset: "before", skip: 1, times: 6 });
  expectSucceeded(await aws.step(likeService()));
});

it("an image alone is registered, run with an init and deregistered; jobs share an equal definition", async () => {
  const { made } = aws.world;
  const image: Inputs = {
    image: "example.com/tools/python:3",
    subnets: made.subnets.join(),
    "task-role": role(),
    run: "hostname",
  };
  const register = () => aws.calls("RegisterTaskDefinition", "example.com/tools/python:3").length;
  let other: Promise<StepResult> | undefined;
  const first = await aws.step(
    { ...image, run: "hostname; sleep 3" },
    {
      onLine: (line) => {
        if (line.startsWith("Started")) other ??= aws.step(image);
      },
    },
  );
  const second = await other;
  if (second === undefined) throw new Error("nothing was started");
  expectSucceeded(first);
  expectSucceeded(second);
  expect(register()).toBe(1);
  expect(mainLog(second).join("\n")).toContain("which is registered for image");
  expect(aws.taskOf(first).plan.definition.containerDefinitions[0]).toMatchObject({
    name: "app",
    linuxParameters: { initProcessEnabled: true },
  });
  expect(aws.calls("DeregisterTaskDefinition", "fargate-exec-python")).toHaveLength(2);

  expectSucceeded(await aws.step(image));
  expect(register()).toBe(2);
});

it("this commit's image runs in the service's own definition, which stays as it is", async () => {
  const { made, ecs } = aws.world;
  const described = async () => {
    const { services = [] } = await ecs.send(
      new DescribeServicesCommand({ cluster: made.cluster, services: [made.service] }),
    );
    return services[0]?.taskDefinition;
  };
  const [before, definitions] = [await described(), await aws.definitions()];
  const image = "example.com/demo:3f2a9c1";
  const result = await aws.step({ service: made.service, image, run: "hostname" });
  expectSucceeded(result);
  const { containerDefinitions, ...whole } = aws.taskOf(result).plan.definition;
  const { taskDefinitionArn } = whole;
  expect(containerDefinitions[0]).toMatchObject({ image });
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: before }));
  expect(whole.taskRoleArn).toBe(taskDefinition?.taskRoleArn);
  expect(containerDefinitions.slice(1)).toEqual(taskDefinition?.containerDefinitions?.slice(1));
  expect(mainLog(result).join("\n")).toMatch(
    /is used but the image of container '\w+': example.com\/demo:3f2a9c1 in place of/,
  );
  expect(await described()).toBe(before);
  expect(await aws.definitions()).toEqual(definitions);
  expect(aws.calls("DeleteTaskDefinitions", taskDefinitionArn)).toHaveLength(1);
});

describe("capacity providers", () => {
  const shortage = { operation: "RunTask", code: "ClientException" };
  const spot = () => likeService({ "capacity-providers": "FARGATE_SPOT=3,FARGATE=1" });

  it("replace the launch type", async () => {
    const result = await aws.step(spot());
    expectSucceeded(result);
    expect(aws.taskOf(result).plan.capacityProvider).toMatchObject({
      capacityProvider: "FARGATE_SPOT",
      weight: 3,
    });
  });

  it("give way to On-Demand when Spot has no capacity", async () => {
    aws.world.local.fail({
      ...shortage,
      message: "Capacity is unavailable at this time. Please try again later.",
    });
    const result = await aws.step(spot());
    expectSucceeded(result);
    expect(mainLog(result).join("\n")).toContain("on demand");
    expect(aws.taskOf(result).plan).toMatchObject({ launchType: "FARGATE", capacityProvider: undefined });
  });

  it("give way to On-Demand when Spot interrupts the task before the job has started", async () => {
    let taken: string | undefined;
    const result = await aws.step(spot(), {
      onLine: (line) => {
        const id = /^Started task (\w+)/.exec(line)?.[1];
        if (taken !== undefined || id === undefined) return;
        taken = id;
        const task = aws.world.local.tasks.find((one) => one.id === id);
        task?.stop("SpotInterruption", "Your Spot Task was interrupted.");
      },
    });
    expectSucceeded(result);
    expect(aws.taskOf(result).id).not.toBe(taken);
    expect(mainLog(result).join("\n")).toContain(`Fargate Spot took task ${taken ?? ""} away`);
  });

  it("do not run a job again that Spot has interrupted", async () => {
    const before = aws.world.local.tasks.length;
    const result = await aws.step(
      { ...spot(), run: "echo begun; sleep 30" },
      {
        onLine: (line) => {
          if (line === "begun")
            aws.world.local.tasks.at(-1)?.stop("SpotInterruption", "Your Spot Task was interrupted.");
        },
      },
    );
    expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "unknown" });
    expect(result.annotations[0]?.message).toContain("Your Spot Task was interrupted.");
    expect(aws.world.local.tasks).toHaveLength(before + 1);
  });
});

it("a cancel before the job has started stops the task", async () => {
  const cancel = new AbortController();
  const before = aws.world.local.tasks.length;
  const result = await aws.step(likeService({ run: "sleep 60" }), {
    signal: cancel.signal,
    onLine: (line) => {
      if (line.startsWith("Started")) cancel.abort();
    },
  });
  expect(result.conclusion).toBe("cancelled");
  expect(aws.world.local.tasks).toHaveLength(before + 1);
  await eventually(() => aws.startedAndAlive().length, 0);
  expect(runTasks(result).length).toBeLessThanOrEqual(1);
});
