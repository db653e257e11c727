import { readFileSync, statSync } from "node:fs";
import { UpdateServiceCommand } from "@aws-sdk/client-ecs";
import type { StepResult } from "../../local/runner/step.ts";
import { callQueryApi, textsOf } from "../../local/query-api.ts";
import { Aws, definition, jobLog, withoutInit, type Inputs } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";

let aws: Aws;

// Like AWS, ExecuteCommand answers TargetNotConnectedException for a moment after the agent is RUNNING.
beforeAll(async () => {
  aws = await Aws.start({ delays: { agent: 200, connect: 300 } });
});

afterAll(() => aws.stop());

/** A script that prints its task and container, from the container's environment. */
const whoami = 'hostname; echo "${ECS_CONTAINER_METADATA_URI_V4##*/}"; echo "$NAME"';

function expectRanIn(result: StepResult, container = "app"): void {
  const task = aws.taskOf(result);
  const found = task.containers.find(({ definition: { name } }) => name === container);
  expect(result.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded", "private-ip": task.ip });
  expect(JSON.parse(result.outputs["task-arns"] ?? "")).toEqual([task.arn]);
  expect(jobLog(result).slice(0, 2)).toEqual([task.hostname, found?.runtimeId]);
}

it("a running task, by its ID and by its ARN, still runs afterwards", async () => {
  const task = await aws.runningTask();
  const results = await Promise.all([
    aws.step({ task: task.id, run: whoami }),
    aws.step({ cluster: "default", task: task.arn, run: whoami }),
  ]);
  for (const result of results) {
    expect(aws.taskOf(result)).toBe(task);
    expectRanIn(result);
  }
  expect(task.lastStatus).toBe("RUNNING");
  expect(aws.calls("StopTask", task.id)).toEqual([]);
});

it("a running task of a service", async () => {
  const { made, ecs } = aws.world;
  const result = await aws.step({ service: made.service, run: whoami });
  expectRanIn(result);
  expect(aws.taskOf(result).plan.group).toBe(`service:${made.service}`);
  expect(aws.taskOf(result).desiredStatus).toBe("RUNNING");

  await ecs.send(new UpdateServiceCommand({ cluster: made.cluster, service: made.service, desiredCount: 0 }));
  const none = await aws.step({ service: made.service, run: whoami });
  expect(none.outputs["outcome"]).toBe("not-started");
  expect(none.annotations).toEqual([expect.objectContaining({ title: "fargate-exec: no-running-task" })]);
});

it("the public address is that of the task's network interface, and empty when it has none", async () => {
  const { local } = aws.world;
  const inputs = { ...aws.newTask(), run: whoami };
  const addresses = async (): Promise<string[]> => {
    const parameters = { Action: "DescribeAddresses", Version: "2016-11-15" };
    const xml = await callQueryApi(local.asAdmin, "ec2", parameters);
    return [...xml.matchAll(/<item>.*?<\/item>/gs)].map(([item]) =>
      [...textsOf(item, "publicIp"), ...textsOf(item, "networkInterfaceId")].join(),
    );
  };
  let during: Promise<string[]> | undefined;
  const onLine = (line: string): void => {
    if (line.startsWith("ip-")) during ??= addresses();
  };
  const [exposed, hidden] = await Promise.all([
    aws.step({ ...inputs, "assign-public-ip": "true", run: `${whoami}; sleep 1` }, { onLine }),
    aws.step(inputs),
  ]);
  expectRanIn(exposed);
  expectRanIn(hidden);
  expect(exposed.outputs["public-ip"]).toMatch(/^\d+(\.\d+){3}$/);
  expect(await during).toContain(`${exposed.outputs["public-ip"]},${aws.taskOf(exposed).interface?.id}`);
  expect(hidden.outputs["public-ip"]).toBe("");
  await aws.taskOf(exposed).ended;
  expect((await addresses()).join()).not.toContain(exposed.outputs["public-ip"]);
});

it("a new task of a family, a revision, an ARN or a file is started, and stopped afterwards", async () => {
  const { local, made } = aws.world;
  const arn = await aws.register("migrate", [
    { ...withoutInit, environment: [{ name: "NAME", value: "one" }] },
  ]);
  await aws.register("migrate", [{ ...withoutInit, environment: [{ name: "NAME", value: "two" }] }]);
  const container = { ...withoutInit, environment: [{ name: "NAME", value: "file" }] };
  const file = JSON.stringify(definition("from-file", [container], local.accountId));
  const cases: readonly [string, string][] = [
    ["migrate", "two"],
    ["migrate:1", "one"],
    [arn, "one"],
    ["ops/migrate.json", "file"],
  ];
  const results = await Promise.all(
    cases.map(([name]) =>
      aws.step(
        { ...aws.newTask(name), bucket: made.bucket, run: whoami },
        { files: { "ops/migrate.json": file } },
      ),
    ),
  );
  for (const [at, result] of results.entries()) {
    const [, value] = cases[at] ?? [];
    expectRanIn(result);
    expect(jobLog(result)[2]).toBe(value);
    const task = aws.taskOf(result);
    await task.ended;
    expect(task).toMatchObject({ lastStatus: "STOPPED", stopCode: "UserInitiated" });
    expect(task.stoppedReason).toMatch(/^fargate-exec: /);
    expect(result.post?.log.join("\n")).toContain("Nothing was left to undo");
  }
  expect(await aws.objects()).toEqual([]);
  expect(aws.calls("RegisterTaskDefinition", "from-file")).toHaveLength(1);
  const own = await aws.definitions();
  expect(own.filter((name) => name.includes("fargate-exec-"))).toEqual([]);
});

it("a held container does not run its own command; with 'hold: false' it does", async () => {
  await aws.register("server", [{ ...withoutInit, command: ["sleep", "987"] }]);
  const run = "tr '\\0' ' ' </proc/1/cmdline";
  const [held, own] = await Promise.all([
    aws.step({ ...aws.newTask("server"), timeout: "5m", run }),
    aws.step({ ...aws.newTask("server"), hold: "false", run }),
  ]);
  expect(held.outputs["stdout"]).toContain(`sleep ${5 * 60 + 15 * 60}`);
  expect(own.outputs["stdout"]).toBe("sleep 987 ");
});

it("the container is the first essential one unless another is named", async () => {
  const { made } = aws.world;
  const running = await aws.runningTask(made.twoContainers);
  const [chosen, named, running1, running2] = await Promise.all([
    aws.step({ ...aws.newTask(made.twoContainers), run: whoami }),
    aws.step({ ...aws.newTask(made.twoContainers), container: "sidecar", run: whoami }),
    aws.step({ task: running.id, run: whoami }),
    aws.step({ task: running.id, container: "sidecar", run: whoami }),
  ]);
  expectRanIn(chosen, "app");
  expectRanIn(named, "sidecar");
  expectRanIn(running1, "app");
  expectRanIn(running2, "sidecar");
});

it("the inputs of a new task reach RunTask", async () => {
  const { local, made } = aws.world;
  const result = await aws.step({
    ...aws.newTask(),
    "security-groups": made.securityGroups.join(","),
    "assign-public-ip": "true",
    cpu: "1 vCPU",
    memory: "3 GB",
    "task-role": `arn:aws:iam::${local.accountId}:role/migrate`,
    tags: "team=web,cost-centre=42",
    overrides: JSON.stringify({
      containerOverrides: [{ name: "app", environment: [{ name: "NAME", value: "overridden" }] }],
      ephemeralStorage: { sizeInGiB: 50 },
      platformVersion: "1.4.0",
    }),
    run: whoami,
  });
  expectRanIn(result);
  expect(jobLog(result)[2]).toBe("overridden");
  expect(aws.calls("RunTask", "cost-centre").map(({ body }) => body)).toEqual([
    expect.objectContaining({
      launchType: "FARGATE",
      enableExecuteCommand: true,
      platformVersion: "1.4.0",
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: made.subnets,
          securityGroups: made.securityGroups,
          assignPublicIp: "ENABLED",
        },
      },
      overrides: expect.objectContaining({
        cpu: "1024",
        memory: "3072",
        ephemeralStorage: { sizeInGiB: 50 },
        taskRoleArn: `arn:aws:iam::${local.accountId}:role/migrate`,
      }) as unknown,
    }),
  ]);
});

it("'keep-task' decides whether the started task lives on", async () => {
  const cases: readonly [Inputs, boolean][] = [
    [{ "keep-task": "on-failure", run: "exit 1" }, true],
    [{ "keep-task": "on-failure", run: "exit 0" }, false],
    [{ "keep-task": "always", run: "exit 0" }, true],
  ];
  const results = await Promise.all(cases.map(([inputs]) => aws.step({ ...aws.newTask(), ...inputs })));
  const kept = results.map((result) => aws.taskOf(result).desiredStatus === "RUNNING");
  expect(kept).toEqual(cases.map(([, lives]) => lives));
  expect(results[0]?.log.join("\n")).toContain("is kept: 'keep-task' is 'on-failure'");
  const notices = (result?: StepResult) =>
    result?.annotations.filter(({ level }) => level === "notice") ?? [];
  expect(results.map((result) => notices(result).length)).toEqual(cases.map(([, lives]) => (lives ? 1 : 0)));
  expect(results[2]?.log.filter((line) => line.endsWith("##[group]Cleaning up"))).toHaveLength(1);
  const [told] = notices(results[2]);
  const { id } = results[2] === undefined ? { id: "" } : aws.taskOf(results[2]);
  const which = `--region us-east-1 --cluster ${aws.world.made.cluster} --task ${id}`;
  expect(told?.message).toMatch(
    /^Task \w+ is kept, and costs, until \d{4}-\d\d-\d\d \d\d:\d\d UTC at the latest\.$/m,
  );
  expect(told?.message).toContain(`npx fargate-exec shell ${which} --container app\n`);
  expect(told?.message).toContain(
    `aws ecs execute-command ${which} --container app --interactive --command /bin/sh\n`,
  );
  expect(told?.message).toContain(`aws ecs stop-task ${which}\n`);
});

it("'keep-task: job' leaves the task to later steps, which put its end off, and to the post step, which stops it", async () => {
  const last = { deadline: 0 };
  const result = await aws.step(
    { ...aws.newTask(), "keep-task": "job", timeout: "1m", run: "echo kept >/srv/left" },
    {
      beforePost: async () => {
        const [task] = aws.world.local.tasks.slice(-1);
        const file = `/proc/${task?.containers[0]?.handle?.pid ?? 0}/root/run/fargate-exec-hold`;
        const first = Number(readFileSync(file, "utf8"));
        const later = await aws.step({ task: task?.arn ?? "", timeout: "2h", run: "cat /srv/left" });
        expect([later.conclusion, jobLog(later)]).toEqual(["success", ["kept"]]);
        last.deadline = Number(readFileSync(file, "utf8"));
        expect(last.deadline - first).toBeGreaterThan(7_000);
        expect(statSync(file)).toMatchObject({ uid: 0, mode: 0o100600 });
        expect(task?.desiredStatus).toBe("RUNNING");
      },
    },
  );
  expect(result.conclusion).toBe("success");
  expect(last.deadline).toBeGreaterThan(0);
  await eventually(() => aws.taskOf(result).lastStatus, "STOPPED");
});
