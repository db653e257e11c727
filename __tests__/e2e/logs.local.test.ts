import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateClusterCommand } from "@aws-sdk/client-ecs";
import type { StepResult } from "../../local/runner/step.ts";
import { Aws, jobLog } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { clientConfig } from "../local/with-local.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});

afterAll(() => aws.stop());

const script = `
printf '\\033[32mgreen\\033[0m on worker %s\\r\\n' "$FARGATE_EXEC_WORKER"
echo 'größer 日本語 🚀'; echo; printf '  spaces and\\ttabs  \\n'
printf '12%%\\r55%%\\r100%%\\n'
head -c 5000 /dev/zero | tr '\\0' x; echo
echo 'Script done on 2020-01-01'
echo '::error::harmless'
seq 3000
echo problem >&2
printf 'no line end'
exit "$((FARGATE_EXEC_WORKER * 42))"
`;

/** The lines of each of two workers, since lines of both may alternate in any order. */
function byWorker(lines: readonly string[]): readonly (readonly string[])[] {
  // The runner takes the CRs of a progress bar as line ends. The parts between them have no worker's number.
  const numbered = lines.filter((line) => /^\[\d\] /.test(line));
  return [0, 1].map((worker) => numbered.filter((line) => line.startsWith(`[${worker}] `)));
}

it("session, cloudwatch and s3 give the same output and the same status", async () => {
  const { made } = aws.world;
  const tasks = await Promise.all([0, 1, 2].map(() => aws.runningTask(undefined, made.loggedCluster)));
  const step = (logs: string, at: number): Promise<StepResult> =>
    aws.step({ cluster: made.loggedCluster, task: tasks[at]?.id ?? "", logs, workers: "2", run: script });
  const results = await Promise.all(["session", "cloudwatch", "s3"].map(step));
  const [session] = results;
  if (session === undefined) throw new Error("no result");
  const [zero, one] = byWorker(jobLog(session));
  expect(zero).toContain("[0] \u001b[32mgreen\u001b[0m on worker 0");
  expect(zero).toHaveLength(3010);
  expect(one).toHaveLength(3010);
  expect(zero?.at(-1)).toBe("[0] no line end");

  // Only the step that reads the log in CloudWatch has the right to look whether it is there.
  expect(results.map(({ outputs }) => outputs["log-url"]?.split("$3D").at(-1))).toEqual([
    "",
    results[1]?.outputs["session-id"],
    "",
  ]);
  for (const result of results) {
    expect(byWorker(jobLog(result))).toEqual([zero, one]);
    expect(byWorker((result.outputs["stdout"] ?? "").split("\n"))).toEqual(
      byWorker((session.outputs["stdout"] ?? "").split("\n")),
    );
    expect(result.outputs).toMatchObject({
      "exit-code": "42",
      outcome: "failed",
      "log-group": made.logGroup,
      "log-stream": result.outputs["session-id"],
    });
    expect(result.annotations).toHaveLength(1);
    expect(result.conclusion).toBe("failure");
    expect(JSON.parse(result.outputs["results"] ?? "")).toEqual([
      expect.objectContaining({ worker: 0, exitCode: 0, outcome: "succeeded" }),
      expect.objectContaining({ worker: 1, exitCode: 42, outcome: "failed" }),
    ]);
  }
});

it("one worker's output is the same byte for byte", async () => {
  const { made } = aws.world;
  const tasks = await Promise.all([0, 1, 2].map(() => aws.runningTask(undefined, made.loggedCluster)));
  const step = (logs: string, at: number): Promise<StepResult> =>
    aws.step({
      cluster: made.loggedCluster,
      task: tasks[at]?.id ?? "",
      logs,
      run: script.replace(/seq.*/, "seq 3000; exit 7"),
    });
  const [session, cloudwatch, s3] = await Promise.all(["session", "cloudwatch", "s3"].map(step));
  expect(session?.outputs["exit-code"]).toBe("7");
  expect(session?.outputs["stdout"]).toContain("worker 0\r\ngrößer");
  for (const other of [cloudwatch, s3]) {
    expect(other?.outputs["stdout"]).toBe(session?.outputs["stdout"]);
    expect(other?.outputs["exit-code"]).toBe("7");
    expect(other && jobLog(other)).toEqual(session && jobLog(session));
  }
});

it("a started task lives until its log has been read", async () => {
  const { made } = aws.world;
  const steps = ["cloudwatch", "s3"].map((logs) =>
    aws.step({ ...aws.newTask(), cluster: made.loggedCluster, logs, run: "echo from the log; exit 5" }),
  );
  for (const result of await Promise.all(steps)) {
    expect(result.outputs).toMatchObject({ "exit-code": "5", stdout: "from the log" });
    await aws.taskOf(result).ended;
  }
});

it("'log-to-container' copies the output to the container's own log, without its secrets", async () => {
  const { made, local } = aws.world;
  const result = await aws.step({
    ...aws.newTask(),
    "log-to-container": "true",
    secrets: "TOKEN=hunter22hunter22",
    run: 'echo "the token is $TOKEN"; echo problem >&2; exit 3',
  });
  expect(result.outputs).toMatchObject({ "exit-code": "3", stdout: "the token is ***" });
  const logs = new CloudWatchLogsClient(clientConfig(local));
  const logStreamName = `demo/app/${aws.taskOf(result).id}`;
  const lines = async (): Promise<string[]> => {
    const { events = [] } = await logs.send(
      new GetLogEventsCommand({ logGroupName: made.containerLogGroup, logStreamName }),
    );
    return events.map(({ message = "" }) => message).toSorted();
  };
  await eventually(lines, expect.arrayContaining(["problem", "the token is ***"]) as string[]);
});

it("'logs: cloudwatch' on a cluster that logs no sessions is refused before a task is started", async () => {
  const { ecs, local } = aws.world;
  const configuration = { executeCommandConfiguration: { logging: "NONE" } } as const;
  await ecs.send(new CreateClusterCommand({ clusterName: "silent", configuration }));
  const before = local.tasks.length;
  const inputs = { ...aws.newTask(), cluster: "silent", logs: "cloudwatch", run: "echo not reached" };
  const result = await aws.step(inputs);
  expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "not-started" });
  expect(result.annotations).toEqual([
    {
      level: "error",
      title: "fargate-exec: logs-not-configured",
      message: expect.stringContaining("'logs' is 'cloudwatch'") as string,
    },
  ]);
  expect(aws.startedAndAlive()).toEqual([]);
  expect(local.tasks).toHaveLength(before);
});
