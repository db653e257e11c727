import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UpdateServiceCommand } from "@aws-sdk/client-ecs";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, jobLog, mainLog, type Inputs } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

const newTasks = (tasks: number, more: Inputs = {}): Inputs => ({
  service: aws.world.made.service,
  start: "true",
  tasks: String(tasks),
  ...more,
});
const arnsOf = ({ outputs }: StepResult): string[] => JSON.parse(outputs["task-arns"] ?? "") as string[];
const resultsOf = ({ outputs }: StepResult) =>
  JSON.parse(outputs["results"] ?? "") as { taskArn: string; worker: number; exitCode: number }[];
/**
 * The lines of one task without their label and without its header. The action's own lines about the task are among
 * them.
 */
const linesOf = (result: StepResult, task: number): string[] =>
  jobLog(result)
    .filter((line) => line.startsWith(`[task ${task}] `) && !line.includes("fargate-exec run="))
    .map((line) => line.slice(`[task ${task}] `.length));

async function scale(desiredCount: number): Promise<Task[]> {
  const { ecs, made, local } = aws.world;
  await ecs.send(new UpdateServiceCommand({ cluster: made.cluster, service: made.service, desiredCount }));
  const running = () =>
    local.tasks.filter(
      ({ plan, lastStatus, agents }) =>
        plan.group === `service:${made.service}` &&
        lastStatus === "RUNNING" &&
        [...agents.values()].every(({ connected }) => connected !== undefined),
    );
  await eventually(() => running().length, desiredCount);
  return running();
}

it("each of several new tasks knows its index, and all of them make one result, with a folder of artifacts each", async () => {
  const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
  const result = await aws.step(
    newTasks(2, {
      workers: "2",
      bucket: aws.world.made.bucket,
      artifacts: "/tmp/by-*",
      "artifacts-path": join(temp, "back"),
      run: 'echo "$FARGATE_EXEC_TASK" >"/tmp/by-$FARGATE_EXEC_WORKER"; echo "$FARGATE_EXEC_TASK/$FARGATE_EXEC_TASKS $FARGATE_EXEC_WORKER $FARGATE_EXEC_RUN $(hostname)"; exit $((FARGATE_EXEC_TASK * (FARGATE_EXEC_WORKER + 2)))',
    }),
    { env: { RUNNER_TEMP: temp } },
  );
  const back = [0, 1].flatMap((task) => [0, 1].map((worker) => `back/task-${task}/tmp/by-${worker}`));
  expect(back.map((path) => readFileSync(join(temp, path), "utf8"))).toEqual(
    [0, 0, 1, 1].map((task) => `${task}\n`),
  );
  rmSync(temp, { recursive: true });
  const tasks = arnsOf(result).map((arn) => aws.world.local.tasks.find((task) => task.arn === arn));
  expect(new Set(tasks).size).toBe(2);
  const runs = new Set<string | undefined>();
  for (const [at, task] of tasks.entries()) {
    const lines = linesOf(result, at)
      .filter((line) => line.startsWith("["))
      .toSorted();
    expect(lines).toEqual(
      [0, 1].map((w): unknown => expect.stringMatching(`^\\[${w}\\] ${at}/2 ${w} \\w+ ${task?.hostname}$`)),
    );
    for (const line of lines) runs.add(line.split(" ")[3]);
  }
  expect(runs.size).toBe(1);
  expect(resultsOf(result).map(({ taskArn, worker, exitCode }) => [taskArn, worker, exitCode])).toEqual(
    tasks.flatMap((task, at) => [0, 1].map((worker) => [task?.arn, worker, at * (worker + 2)])),
  );
  expect(result.outputs).toMatchObject({ "exit-code": "2", outcome: "failed", "task-arn": tasks[1]?.arn });
  expect(result.annotations).toEqual([
    expect.objectContaining({
      message: expect.stringContaining(
        "1 of 2 tasks failed (task 1: worker 0: exit code 2, worker 1: exit code 3).",
      ) as string,
    }),
  ]);
  expect(aws.startedAndAlive()).toEqual([]);
  expect(await aws.objects()).toEqual([]);
});

itInSoak(
  "'tasks: all' is every running task of the service, and no workflow command of theirs is obeyed",
  async () => {
    const running = await scale(2);
    const before = aws.world.local.requests.length;
    const result = await aws.step({
      service: aws.world.made.service,
      tasks: "all",
      run: "echo '::error::not obeyed'; hostname; sleep 3",
    });
    expect(result.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded" });
    expect(arnsOf(result).toSorted()).toEqual(running.map(({ arn }) => arn).toSorted());
    expect(result.annotations).toEqual([]);
    // Two pipes have no order between them, so the line may stand anywhere.
    const hostnames = [0, 1].map((task) => linesOf(result, task).find((line) => line.startsWith("ip-")));
    expect(hostnames.toSorted()).toEqual(running.map(({ hostname }) => hostname).toSorted());
    // For all of them DescribeTasks is called as often as for one.
    const looks = aws.world.local.requests
      .slice(before)
      .filter(({ operation }) => operation === "DescribeTasks");
    expect(looks.length).toBeLessThanOrEqual(3);
  },
);

itInSoak(
  "with max-parallel a task is started when another one has ended, and with fail-fast none after a failure",
  async () => {
    const before = aws.world.local.requests.length;
    const result = await aws.step(
      newTasks(4, { "max-parallel": "1", "fail-fast": "true", run: "exit $FARGATE_EXEC_TASK" }),
    );
    expect(resultsOf(result).map(({ exitCode }) => exitCode)).toEqual([0, 1]);
    expect(result.outputs).toMatchObject({ outcome: "failed", "exit-code": "1" });
    const calls = aws.world.local.requests
      .slice(before)
      .map(({ operation }) => operation)
      .filter((operation) => /^(RunTask|StopTask)$/.test(operation));
    expect(calls).toEqual(["RunTask", "StopTask", "RunTask", "StopTask"]);
    expect(mainLog(result).join("\n")).toContain("no further one is begun ('fail-fast'): 2 are left.");
    expect(aws.startedAndAlive()).toEqual([]);
  },
);
