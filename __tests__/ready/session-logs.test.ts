import type { ExecConfiguration } from "../../src/aws/ecs.ts";
import type { ContainerDefinition } from "../../src/aws/task-definition.ts";
import { taskDefinitionNotFound } from "../../src/aws/missing.ts";
import { Failure } from "../../src/errors.ts";
import { lookAtCluster, findSessionLogs } from "../../src/ready/session-logs.ts";
import { aDefinition } from "../helpers/tasks.ts";
import { Listener } from "../helpers/listener.ts";
import { anExecConfiguration } from "../helpers/runs.ts";

type LogsInput = "auto" | "session" | "cloudwatch" | "s3";

const exec = (
  logging: ExecConfiguration["logging"],
  more: Partial<ExecConfiguration> = {},
): ExecConfiguration => anExecConfiguration({ logging, ...more });
const OVERRIDE = exec("OVERRIDE", {
  cloudWatchLogGroup: "/ecs/exec",
  s3Bucket: "example-logs",
  s3Prefix: "p/",
});
const TASK = {
  taskDefinitionArn: "arn:aws:ecs:eu-central-1:123456789012:task-definition/web:3",
  container: "app",
};
const DENIED = new Failure("access-denied", {
  failed: "No right to ecs:Describe….",
  seen: "AccessDenied",
  advice: "Allow it.",
});
const DELETED = taskDefinitionNotFound(TASK.taskDefinitionArn, "ClientException: Unable to describe it.");

function lookAtLogs(
  answers: {
    exec?: ExecConfiguration | Failure;
    awslogs?: ContainerDefinition["awslogs"] | Failure;
    missing?: boolean;
  },
  wanted: LogsInput = "auto",
) {
  const log = new Listener();
  const describeCluster = () =>
    answers.exec instanceof Failure
      ? Promise.reject(answers.exec)
      : Promise.resolve({ arn: "arn", name: "ci", exec: answers.exec ?? exec("DEFAULT") } as never);
  const describeTaskDefinition = () =>
    answers.awslogs instanceof Failure
      ? Promise.reject(answers.awslogs)
      : Promise.resolve(aDefinition([{ name: "side" }, { name: "app", awslogs: answers.awslogs }]));
  return { ecs: { describeCluster, describeTaskDefinition }, log, wanted };
}

describe("looking at a cluster", () => {
  it("returns how it logs its sessions", async () => {
    expect(await lookAtCluster("ci", lookAtLogs({ exec: OVERRIDE }))).toMatchObject({
      arn: "arn",
      exec: OVERRIDE,
    });
  });

  it.each<[string, LogsInput, ExecConfiguration]>([
    ["in CloudWatch, of a cluster that logs nothing", "cloudwatch", exec("NONE")],
    ["in S3, of a cluster that logs nothing", "s3", exec("NONE")],
    [
      "in CloudWatch, of one that logs to S3 only",
      "cloudwatch",
      { ...OVERRIDE, cloudWatchLogGroup: undefined },
    ],
    ["in S3, of one that logs to CloudWatch only", "s3", { ...OVERRIDE, s3Bucket: undefined }],
  ])("refuses a log %s", async (_, wanted, configuration) => {
    await expect(lookAtCluster("ci", lookAtLogs({ exec: configuration }, wanted))).rejects.toMatchObject({
      code: "logs-not-configured",
      failed: expect.stringContaining(`'${wanted}'`) as string,
      seen: expect.stringContaining(configuration.logging) as string,
    });
  });

  it.each<[LogsInput, ExecConfiguration]>([
    ["auto", exec("NONE")],
    ["session", exec("NONE")],
    ["cloudwatch", OVERRIDE],
    ["s3", OVERRIDE],
    // Whether the container has a log driver is known only with the task.
    ["cloudwatch", exec("DEFAULT")],
  ])("accepts 'logs: %s' with what is there", async (wanted, configuration) => {
    expect(await lookAtCluster("ci", lookAtLogs({ exec: configuration }, wanted))).toMatchObject({
      exec: configuration,
    });
  });

  it.each<LogsInput>(["auto", "session"])(
    "goes on without the right to look with 'logs: %s', and says so",
    async (wanted) => {
      const options = lookAtLogs({ exec: DENIED }, wanted);
      expect(await lookAtCluster("ci", options)).toBeUndefined();
      expect(options.log.lines).toEqual([
        "The logs of the sessions are not known. No right to ecs:Describe….",
      ]);
    },
  );

  it.each<[string, LogsInput, Failure]>([
    ["the right to look when a log is wanted", "cloudwatch", DENIED],
    ["an answer", "auto", new Failure("throttled", { failed: "", seen: "", advice: "" })],
  ])("fails for want of %s", async (_, wanted, failure) => {
    await expect(lookAtCluster("ci", lookAtLogs({ exec: failure }, wanted))).rejects.toBe(failure);
  });
});

describe("the log of a container's sessions", () => {
  const awslogs = { group: "/ecs/app", region: undefined, streamPrefix: undefined, createsGroup: false };

  it("is what the cluster says with OVERRIDE", async () => {
    const logs = await findSessionLogs(OVERRIDE, TASK, lookAtLogs({ awslogs }));
    expect(logs).toEqual([
      { kind: "cloudwatch", group: "/ecs/exec" },
      { kind: "s3", bucket: "example-logs", prefix: "p/" },
    ]);
  });

  it("is the group of the container's own driver with DEFAULT", async () => {
    expect(await findSessionLogs(exec("DEFAULT"), TASK, lookAtLogs({ awslogs }))).toEqual([
      { kind: "cloudwatch", group: "/ecs/app", mayBeMissing: true },
    ]);
    const wanted = lookAtLogs({ awslogs }, "cloudwatch");
    expect(await findSessionLogs(exec("DEFAULT"), TASK, wanted)).toEqual([
      { kind: "cloudwatch", group: "/ecs/app" },
    ]);
  });

  it.each<[string, ExecConfiguration]>([
    ["with DEFAULT and no awslogs driver", exec("DEFAULT")],
    ["with NONE", exec("NONE")],
  ])("is nowhere %s", async (_, configuration) => {
    expect(await findSessionLogs(configuration, TASK, lookAtLogs({}))).toEqual([]);
  });

  it.each<[string, ExecConfiguration | undefined]>([
    ["the task definition", exec("DEFAULT")],
    ["the cluster", undefined],
  ])("is not known without the right to look at %s", async (_, configuration) => {
    expect(await findSessionLogs(configuration, TASK, lookAtLogs({ awslogs: DENIED }))).toBeUndefined();
  });

  it("is not known once the task definition was deleted, as that of a kept task is", async () => {
    const looking = lookAtLogs({ awslogs: DELETED });
    expect(await findSessionLogs(exec("DEFAULT"), TASK, looking)).toBeUndefined();
    const wanted = findSessionLogs(exec("DEFAULT"), TASK, lookAtLogs({ awslogs: DELETED }, "cloudwatch"));
    await expect(wanted).rejects.toMatchObject({
      code: "logs-not-configured",
      failed: expect.stringContaining("the task's definition was deleted") as string,
      advice: expect.not.stringContaining("task-definition") as string,
    });
  });

  it("must be in CloudWatch with 'logs: cloudwatch'", async () => {
    const wanted = lookAtLogs({}, "cloudwatch");
    await expect(findSessionLogs(exec("DEFAULT"), TASK, wanted)).rejects.toMatchObject({
      code: "logs-not-configured",
      seen: expect.stringContaining("DEFAULT") as string,
    });
  });
});
