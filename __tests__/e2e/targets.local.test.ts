import { readFileSync, statSync } from "node:fs";
import { UpdateServiceCommand } from "@aws-sdk/client-ecs";
import type { StepResult } from "../../local/runner/step.ts";
import { callQueryApi, textsOf } from "../../local/query-api.ts";
import { Aws, definition, jobLog, withoutInit, type Inputs } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

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

const notices = ({ annotations }: StepResult) => annotations.filter(({ level }) => level === "notice");

itInSoak(
  "a running task, by its ID and by its ARN, still runs afterwards; the container is the first essential one unless another is named",
  async () => {
    const task = await aws.runningTask(aws.world.made.twoContainers);
    const [byId, byArn] = await Promise.all([
      aws.step({ task: task.id, run: whoami }),
      aws.step({ cluster: "default", task: task.arn, container: "sidecar", run: whoami }),
    ]);
    for (const result of [byId, byArn]) expect(aws.taskOf(result)).toBe(task);
    expectRanIn(byId, "app");
    expectRanIn(byArn, "sidecar");
    expect(task.lastStatus).toBe("RUNNING");
    expect(aws.calls("StopTask", task.id)).toEqual([]);
  },
);

itInSoak("a running task of a service", async () => {
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

it("a new task of a family, a revision, an ARN or a file is started, and stopped afterwards; a held container does not run its own command, and with 'hold: false' it does", async () => {
  const { local, made } = aws.world;
  const container = (value: string) => ({
    ...{ ...withoutInit, environment: [{ name: "NAME", value }] },
    command: ["sleep", "987"],
  });
  const arn = await aws.register("migrate", [container("one")]);
  await aws.register("migrate", [container("two")]);
  const file = JSON.stringify(definition("from-file", [container("file")], local.accountId));
  const HELD = `sleep ${5 * 60 + 15 * 60}`;
  const cases: readonly [string, string, string, Inputs?][] = [
    ["migrate", "two", HELD, { bucket: made.bucket }],
    ["migrate:1", "one", "sleep 987 ", { hold: "false" }],
    [arn, "one", HELD, { "keep-task": "on-failure" }],
    ["ops/migrate.json", "file", HELD],
  ];
  const run = `${whoami}; tr '\\0' ' ' </proc/1/cmdline`;
  const results = await Promise.all(
    cases.map(([name, , , more]) =>
      aws.step(
        { ...aws.newTask(name), timeout: "5m", ...more, run },
        { files: { "ops/migrate.json": file } },
      ),
    ),
  );
  for (const [at, result] of results.entries()) {
    const [, value, command] = cases[at] ?? [];
    expectRanIn(result);
    expect(jobLog(result)[2]).toBe(value);
    expect(result.outputs["stdout"]).toContain(command);
    expect(result.outputs["public-ip"]).toBe("");
    const task = aws.taskOf(result);
    await task.ended;
    expect(task).toMatchObject({ lastStatus: "STOPPED", stopCode: "UserInitiated" });
    expect(task.stoppedReason).toMatch(/^fargate-exec: /);
    expect(result.post?.log.join("\n")).toContain("Nothing was left to undo");
    expect(notices(result)).toEqual([]);
  }
  expect(await aws.objects()).toEqual([]);
  expect(aws.calls("RegisterTaskDefinition", "from-file")).toHaveLength(1);
  const own = await aws.definitions();
  expect(own.filter((name) => name.includes("fargate-exec-"))).toEqual([]);
});

/** The public addresses of the account, each with its network interface. */
async function publicAddresses(): Promise<string[]> {
  const parameters = { Action: "DescribeAddresses", Version: "2016-11-15" };
  const xml = await callQueryApi(aws.world.local.asAdmin, "ec2", parameters);
  return [...xml.matchAll(/<item>.*?<\/item>/gs)].map(([item]) =>
    [...textsOf(item, "publicIp"), ...textsOf(item, "networkInterfaceId")].join(),
  );
}

itInSoak(
  "the inputs of a new task reach RunTask, and its public address is that of its network interface",
  async () => {
    const { local, made } = aws.world;
    let during: Promise<string[]> | undefined;
    const result = await aws.step(
      {
        ...aws.newTask(made.twoContainers),
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
        run: `${whoami}; sleep 1`,
      },
      {
        onLine: (line) => {
          if (line.startsWith("ip-")) during ??= publicAddresses();
        },
      },
    );
    // The container is the first essential one unless another is named.
    expectRanIn(result, "app");
    expect(jobLog(result)[2]).toBe("overridden");
    expect(result.outputs["public-ip"]).toMatch(/^\d+(\.\d+){3}$/);
    expect(await during).toContain(`${result.outputs["public-ip"]},${aws.taskOf(result).interface?.id}`);
    await aws.taskOf(result).ended;
    expect((await publicAddresses()).join()).not.toContain(result.outputs["public-ip"]);
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
  },
);

itInSoak("'keep-task' decides whether the started task lives on", async () => {
  // The test of a family, a revision, an ARN or a file has one whose script succeeds with 'on-failure'.
  const [failed, always] = await Promise.all([
    aws.step({ ...aws.newTask(), "keep-task": "on-failure", run: "exit 1" }),
    aws.step({ ...aws.newTask(), "keep-task": "always", run: "exit 0" }),
  ]);
  for (const result of [failed, always]) {
    expect(aws.taskOf(result).desiredStatus).toBe("RUNNING");
    expect(notices(result)).toHaveLength(1);
  }
  expect(failed.log.join("\n")).toContain("is kept: 'keep-task' is 'on-failure'");
  expect(always.log.filter((line) => line.endsWith("##[group]Cleaning up"))).toHaveLength(1);
  const [told] = notices(always);
  const { id } = aws.taskOf(always);
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

itInSoak(
  "'keep-task: job' leaves the task to later steps, which put its end off, and to the post step, which stops it",
  async () => {
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
  },
);
