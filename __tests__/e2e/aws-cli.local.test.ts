import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { StepResult } from "../../local/runner/step.ts";
import { virtualEnvironment } from "../../local/python.ts";
import { Aws } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
let result: StepResult;

beforeAll(async () => {
  aws = await Aws.start();
  const { made } = aws.world;
  result = await aws.step({
    ...aws.newTask(),
    cluster: made.loggedCluster,
    bucket: made.bucket,
    "keep-task": "always",
    logs: "cloudwatch",
    run: "echo hello from the task",
  });
});

afterAll(() => aws.stop());

const run = promisify(execFile);

/** Runs the AWS CLI as a user does, with only the environment that `npm run local` prints. Its key has all rights. */
async function cli(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(join(virtualEnvironment, "bin/aws"), args, {
    env: {
      ...aws.world.local.env,
      AWS_ACCESS_KEY_ID: aws.world.local.admin.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.world.local.admin.secretAccessKey,
      AWS_PAGER: "",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    },
  });
  return stdout;
}

const json = async (...args: readonly string[]): Promise<unknown> =>
  JSON.parse(await cli(...args, "--output", "json"));

it("aws ecs list-tasks and describe-tasks show the task that a step started", async () => {
  const { made } = aws.world;
  const arn = result.outputs["task-arn"] ?? "";
  expect(await json("ecs", "list-tasks", "--cluster", made.loggedCluster)).toEqual({ taskArns: [arn] });
  expect(
    await json("ecs", "describe-tasks", "--cluster", made.loggedCluster, "--tasks", arn, "--include", "TAGS"),
  ).toMatchObject({
    failures: [],
    tasks: [
      {
        taskArn: arn,
        lastStatus: "RUNNING",
        launchType: "FARGATE",
        enableExecuteCommand: true,
        startedBy: expect.stringMatching(/^fargate-exec\//) as string,
        containers: [
          {
            name: "app",
            lastStatus: "RUNNING",
            managedAgents: [{ name: "ExecuteCommandAgent", lastStatus: "RUNNING" }],
          },
        ],
      },
    ],
  });
});

itInSoak("aws logs get-log-events prints the stream that the outputs name", async () => {
  const { "log-group": group = "", "log-stream": stream = "" } = result.outputs;
  const answer = await json(
    "logs",
    "get-log-events",
    "--log-group-name",
    group,
    "--log-stream-name",
    stream,
    "--start-from-head",
  );
  const { events } = answer as { events: { message: string }[] };
  const text = events.map(({ message }) => message).join("\n");
  expect(text).toContain("Script started on");
  expect(text).toContain("hello from the task");
  expect(text).toContain(result.outputs["task-arn"]);
});

it("aws s3 ls lists the bucket: the session's transcript, and no staged script any more", async () => {
  const { made } = aws.world;
  const listed = await cli("s3", "ls", "--recursive", `s3://${made.bucket}/`);
  expect(listed).toContain(`sessions/${result.outputs["session-id"] ?? ""}.log`);
  expect(listed).not.toContain("fargate-exec/");
});

itInSoak("aws ecs stop-task ends the task", async () => {
  const task = aws.taskOf(result);
  await cli(
    "ecs",
    "stop-task",
    "--cluster",
    aws.world.made.loggedCluster,
    "--task",
    task.id,
    "--reason",
    "by hand",
  );
  await task.ended;
  expect(task.stoppedReason).toBe("by hand");
});
