import { DescribeServicesCommand, DescribeTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepResult } from "../../local/runner/step.ts";
import { Aws, definition, mainLog, type Inputs, withoutInit } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

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
function expectSucceeded(result: StepResult): void {
  expect(result.annotations).toEqual([]);
  expect(result.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded" });
  expect(result.outputs["stdout"]).toBe(aws.taskOf(result).hostname);
  expect(aws.taskOf(result).stopCode).toBe("UserInitiated");
}

function expectLikeService(result: StepResult, started: RegExp): void {
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
}

itInSoak(
  "a service with 'start: true' starts a task in its network by capacity providers, though the network fails for some seconds",
  async () => {
    aws.world.local.fail({ operation: "DescribeTasks", reset: "before", skip: 1, times: 6 });
    const result = await aws.step(likeService({ "capacity-providers": "FARGATE_SPOT=3,FARGATE=1" }));
    expectLikeService(result, /\/fargate-exec-demo-held-[0-9a-f]{16}:\d+$/);
    expect(aws.taskOf(result).plan.capacityProvider).toMatchObject({
      capacityProvider: "FARGATE_SPOT",
      weight: 3,
    });
  },
);

itInSoak("a service with an image of another definition starts a task in its network", async () => {
  const image = { image: "python:3.13", borrow: "network", "task-role": role() };
  const result = await aws.step(likeService({ start: "false", ...image }));
  expectLikeService(result, /\/fargate-exec-python-[0-9a-f]{16}:1$/);
});

itInSoak(
  "a service with a file starts a task in its network; the log is folded by phases and names no exception, and the debug log has ECS's words",
  async () => {
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
      expectLikeService(result, /\/fargate-exec-rendered-held-[0-9a-f]{16}:1$/);
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
  },
);

it("an image alone is registered, run with an init and deregistered; jobs share an equal definition", async () => {
  const { made } = aws.world;
  const image: Inputs = {
    image: "example.com/tools/python:3",
    subnets: made.subnets.join(),
    "task-role": role(),
    run: "hostname",
  };
  const deregister = () => aws.calls("DeregisterTaskDefinition", "fargate-exec-python").length;
  const before = deregister();
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
  expect(deregister() - before).toBe(1);
});

itInSoak("this commit's image runs in the service's own definition, which stays as it is", async () => {
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
  expectLikeService(result, /\/fargate-exec-demo-held-[0-9a-f]{16}:\d+$/);
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
