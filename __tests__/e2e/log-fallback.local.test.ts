import type { StepResult } from "../../local/runner/step.ts";
import type { Orders } from "../../local/orders.ts";
import { Aws, jobLog } from "../helpers/local.ts";

interface Case {
  readonly name: string;
  readonly transcripts: NonNullable<Orders["transcripts"]>;
}

const cases: readonly Case[] = [
  { name: "S3 alone has it", transcripts: { cloudWatch: "missing" } },
  { name: "neither has its end", transcripts: { cloudWatch: "missing", s3: { keep: 700 } } },
];

let lanes: readonly Aws[];
let results: readonly StepResult[];

beforeAll(async () => {
  // Each on a Fargate of its own, since a fault hits all runs of one.
  lanes = await Promise.all(cases.map(() => Aws.start({ gateway: { reuseTokens: false } })));
  results = await Promise.all(lanes.map((aws, at) => runWithoutSessions(aws, cases[at]?.transcripts ?? {})));
});

afterAll(() => Promise.all(lanes.map((aws) => aws.stop())));

/**
 * Runs a job whose session is cut as soon as the job has begun. The step can neither reconnect nor open another session. The agent
 * itself goes on, and uploads its transcript.
 */
async function runWithoutSessions(aws: Aws, transcripts: Case["transcripts"]): Promise<StepResult> {
  const { local, made } = aws.world;
  const cluster = made.loggedCluster;
  const task = await aws.runningTask(undefined, cluster);
  await local.inject({ transcripts });
  const denied = { code: "AccessDeniedException", message: "no identity-based policy allows it", times: 9 };
  const orders: Orders = {
    session: { do: "cut" },
    gateway: { resume: "empty", pauseAfter: null },
    api: [
      { operation: "ExecuteCommand", ...denied },
      { operation: "TerminateSession", ...denied },
    ],
  };
  return aws.step(
    { cluster, task: task.id, run: "echo begun; sleep 1.5; seq 3; exit 9" },
    { onLine: (line) => void (line === "begun" && local.inject(orders)) },
  );
}

const withoutOwn = (result: StepResult): readonly string[] =>
  jobLog(result).filter((line) => !/^(Session|The old session|No session) /.test(line));

it("the status and the rest of the output come from the log in S3 when no session and no CloudWatch brings them", () => {
  const [[result], made] = [results, lanes[0]?.world.made];
  if (result === undefined || made === undefined) throw new Error("not run");
  expect(withoutOwn(result)).toEqual(["begun", "1", "2", "3"]);
  expect(result.outputs).toMatchObject({
    "exit-code": "9",
    outcome: "failed",
    stdout: "begun\n1\n2\n3",
    "log-group": made.logGroup,
    "log-stream": result.outputs["session-id"],
  });
  expect(result.outputs["log-url"]).toContain(result.outputs["session-id"]);
  expect(result.annotations).toEqual([
    expect.objectContaining({
      title: "fargate-exec: failed",
      message: expect.stringContaining("The script failed. Exit code 9.") as string,
    }),
  ]);
});

it("when no log holds the job's end the outcome is unknown, and the step says what was tried", () => {
  const result = results[1];
  if (result === undefined) throw new Error("not run");
  expect(result.conclusion).toBe("failure");
  expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "unknown" });
  const session = result.outputs["session-id"] ?? "";
  expect(session).not.toBe("");
  expect(result.annotations).toHaveLength(1);
  const message = result.annotations[0]?.message ?? "";
  for (const word of [
    "ecs:ExecuteCommand",
    "looked for elsewhere",
    `/ecs/exec/${session}`,
    `s3://demo-staging/sessions/${session}.log`,
  ])
    expect(message).toContain(word);
});
