import type { RunTask, RunTaskAnswer } from "../../src/aws/ecs.ts";
import { Failure } from "../../src/errors.ts";
import type { StartInputs } from "../../src/inputs/inputs.ts";
import { requireNetwork, runTaskRequest, startedBy, startTask } from "../../src/target/start.ts";
import { Listener } from "../helpers/stepped.ts";
import { aDefinition, aTask } from "../helpers/tasks.ts";
import { thrownBy } from "../helpers/thrown.ts";

const start: StartInputs = {
  subnets: ["subnet-1"],
  securityGroups: ["sg-1"],
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
};
const origin = {
  id: "a1b2c3d4",
  repository: "example/web.site",
  runId: "17",
  runAttempt: "2",
  url: "https://github.com/example/web.site/actions/runs/17",
};
const plan = { cluster: "ci", definition: aDefinition(), container: "app", timeout: 60_000, origin };

describe("the request", () => {
  it("starts one held task with ECS Exec on Fargate", () => {
    expect(runTaskRequest(start, plan)).toEqual({
      cluster: "ci",
      taskDefinition: plan.definition.arn,
      launchType: "FARGATE",
      platformVersion: undefined,
      enableExecuteCommand: true,
      network: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: undefined },
      overrides: {
        containerOverrides: [
          { name: "app", command: ["sh", "-c", "trap 'exit 0' TERM INT; sleep 960 & wait $!"] },
        ],
      },
      startedBy: "fargate-exec/a1b2c3d4/17-2/example/web-site",
      clientToken: "fargate-exec-a1b2c3d4",
      tags: { "fargate-exec:run": origin.url },
      propagateTags: "TASK_DEFINITION",
    });
  });

  it.each<[string, Partial<StartInputs>, unknown]>([
    ["leaves the image's own command alone with hold: false", { hold: false }, {}],
    ["overrides the size", { hold: false, cpu: "512", memory: "1024" }, { cpu: "512", memory: "1024" }],
    ["overrides the storage", { hold: false, ephemeralStorage: 30 }, { ephemeralStorage: { sizeInGiB: 30 } }],
    [
      "overrides the roles",
      { hold: false, taskRole: "task", executionRole: "exec" },
      { taskRoleArn: "task", executionRoleArn: "exec" },
    ],
    ["lets raw overrides win", { hold: false, cpu: "512", overrides: { cpu: "1024" } }, { cpu: "1024" }],
  ])("%s", (_, inputs, overrides) => {
    expect(runTaskRequest({ ...start, ...inputs }, plan).overrides).toEqual(overrides);
  });

  it("hands a shell that is the entry point only the script", () => {
    const definition = aDefinition([{ name: "log" }, { name: "app", entryPoint: ["/bin/sh", "-c"] }]);
    expect(runTaskRequest(start, { ...plan, definition }).overrides).toEqual({
      containerOverrides: [{ name: "app", command: ["trap 'exit 0' TERM INT; sleep 960 & wait $!"] }],
    });
  });

  it("names its origin in what ECS allows", () => {
    const by = startedBy({ ...origin, repository: `example/${"x".repeat(200)}` });
    expect(by).toHaveLength(128);
    expect(by).toMatch(/^fargate-exec\/a1b2c3d4\/17-2\/example\/x+$/);
  });
});

it("asks for subnets by the input's name", () => {
  expect(thrownBy(() => requireNetwork({ ...start, subnets: [] }, "web"))).toMatchObject({
    code: "network-required",
    failed: expect.stringContaining("'subnets'") as string,
  });
});

describe("starting", () => {
  const request = runTaskRequest(start, plan);
  const sent: RunTask[] = [];
  beforeEach(() => (sent.length = 0));
  const answering = (...answers: (RunTaskAnswer | Error)[]) => ({
    log: new Listener(),
    ecs: {
      runTask: (asked: RunTask) => {
        sent.push(asked);
        const answer = answers.shift() ?? new Error("no more answers");
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
      },
    },
  });
  const noTags = new Failure("access-denied", {
    failed: "Access denied: the credentials have no right to ecs:TagResource on x.",
    seen: "",
    advice: "",
  });

  it("returns the task", async () => {
    expect(await startTask(request, {}, answering({ task: aTask() }))).toEqual(aTask());
  });

  it.each([
    ["RESOURCE:ENI", "no address left", "availability zones"],
    ["Capacity is unavailable at this time. Please try again later", undefined, "availability zones"],
    ["ATTRIBUTE", undefined, "requiresCompatibilities"],
    ["AGENT", undefined, "networkMode awsvpc"],
  ])("repeats ECS's words when it will not: %s", async (reason, detail, advice) => {
    await expect(startTask(request, {}, answering({ refusals: [{ reason, detail }] }))).rejects.toMatchObject(
      {
        code: "task-not-started",
        seen: `It said: ${reason}${detail ? `: ${detail}` : ""}.`,
        advice: expect.stringContaining(advice) as string,
      },
    );
  });

  it("does without tags where they are not allowed and nobody asked for any", async () => {
    await startTask(request, {}, answering(noTags, { task: aTask() }));
    expect(sent[1]).toMatchObject({ tags: {}, propagateTags: undefined });
    expect(sent[1]?.clientToken).not.toBe(sent[0]?.clientToken);
  });

  it("fails where the user's tags are not allowed", async () => {
    await expect(startTask(request, { team: "x" }, answering(noTags))).rejects.toBe(noTags);
    expect(sent).toHaveLength(1);
  });
});
