import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { CreateClusterCommand } from "@aws-sdk/client-ecs";
import type { StepResult } from "../../local/runner/step.ts";
import { Aws, jobLog } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { clientConfig } from "../local/with-local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

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

describe("with one worker in a new task", () => {
  let results: ReadonlyMap<string, StepResult>;
  beforeAll(async () => {
    const cluster = aws.world.made.loggedCluster;
    const run = script.replace(/seq.*/, 'seq 3000; echo "the token is $TOKEN" >&2; exit 7');
    const secrets = "TOKEN=hunter22hunter22";
    const step = async (logs: string) =>
      [
        logs,
        await aws.step({
          ...{ ...aws.newTask(), cluster, logs, secrets, run },
          ...(logs === "session" && { "log-to-container": "true" }),
        }),
      ] as const;
    results = new Map(await Promise.all(["session", "cloudwatch", "s3"].map(step)));
  });
  const resultOf = (logs: string): StepResult => {
    const found = results.get(logs);
    if (found === undefined) throw new Error("not run");
    return found;
  };

  it("session, cloudwatch and s3 give the same output and the same status, byte for byte, and the task lives until its log has been read", async () => {
    const session = resultOf("session");
    expect(session.outputs["stdout"]).toContain("worker 0\r\ngrößer");
    expect(session.outputs["stdout"]).toMatch(/\n3000$/);
    for (const result of results.values()) {
      expect(result.outputs).toMatchObject({ "exit-code": "7", stdout: session.outputs["stdout"] });
      expect(jobLog(result)).toEqual(jobLog(session));
      await aws.taskOf(result).ended;
    }
  });

  it("'log-to-container' copies the output to the container's own log, without its secrets", async () => {
    const result = resultOf("session");
    expect(jobLog(result)).toContain("the token is ***");
    const logs = new CloudWatchLogsClient(clientConfig(aws.world.local));
    const logStreamName = `demo/app/${aws.taskOf(result).id}`;
    const lines = async (): Promise<string[]> => {
      const { events = [] } = await logs.send(
        new GetLogEventsCommand({ logGroupName: aws.world.made.containerLogGroup, logStreamName }),
      );
      return events.map(({ message = "" }) => message).toSorted();
    };
    await eventually(lines, expect.arrayContaining(["3000", "the token is ***"]) as string[]);
  });
});

itInSoak("session and cloudwatch give the same of two workers", async () => {
  const { made } = aws.world;
  const tasks = await Promise.all([0, 1].map(() => aws.runningTask(undefined, made.loggedCluster)));
  const step = (logs: string, at: number): Promise<StepResult> =>
    aws.step({ cluster: made.loggedCluster, task: tasks[at]?.id ?? "", logs, workers: "2", run: script });
  const results = await Promise.all(["session", "cloudwatch"].map(step));
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
