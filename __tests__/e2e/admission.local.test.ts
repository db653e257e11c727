import { writeFileSync } from "node:fs";
import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, jobLog, mainLog, pidOf, processes, type Inputs } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { everyNth } from "../helpers/every-nth.ts";

/** The most jobs of a matrix that may meet without a bucket. */
const WITHOUT_BUCKET = 2;
const BLOCKED = "takes no session any more";

/** A local Fargate. Its containers take `sessionLimit` sessions at once. */
interface Fargate {
  readonly aws: Aws;
  /** Lines of the local Fargate's log. */
  readonly lines: string[];
  readonly sessionLimit: 1 | 2;
}

const fargates = new Map<1 | 2, Promise<Fargate>>();
afterEach(async () => {
  for (const fargate of fargates.values()) (await fargate).aws.world.local.calm();
});
afterAll(async () => {
  for (const fargate of fargates.values()) await (await fargate).aws.stop();
});

async function startFargate(sessionLimit: 1 | 2): Promise<Fargate> {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  return {
    aws: await Aws.start({ sessionLimit, log, delays: { firstRead: FIRST_READ_MS } }),
    lines,
    sessionLimit,
  };
}

/** The Fargate with this limit, which its first user starts. */
function fargateWith(limit: 1 | 2): Promise<Fargate> {
  const fargate = fargates.get(limit) ?? startFargate(limit);
  fargates.set(limit, fargate);
  return fargate;
}

const bucketOf = ({ aws }: Fargate): Inputs => ({ bucket: aws.world.made.bucket });
const claimsOf = ({ aws }: Fargate): Promise<string[]> => aws.objects("fargate-exec/claims/");

/** The most sessions that a task's container had at once, waiting ones included. */
function mostAtOnce({ aws }: Fargate, task: Task): number {
  const sessions = aws.world.local.gateway.sessions.filter(({ target }) => target.includes(task.id));
  return Math.max(
    ...sessions.map(
      ({ createdAt: at }) =>
        sessions.filter(({ createdAt, endedAt = Infinity }) => createdAt <= at && at < endedAt).length,
    ),
  );
}

/**
 * Begins all steps at once, each with output of its own. They are of one matrix, or of jobs that know of no matrix. Nothing keeps these from
 * opening their sessions in the same moment, so they are no more than the container takes and the agent queues: one more would block it.
 */
function meet({ aws, sessionLimit }: Fargate, task: Task, { isMatrix = false } = {}): Promise<StepResult[]> {
  const count = isMatrix ? WITHOUT_BUCKET : sessionLimit + 1;
  return Promise.all(
    Array.from({ length: count }, (_, at) =>
      aws.step(
        { task: task.id, run: `echo "begin ${at}"; sleep 0.5; echo "end ${at}"` },
        isMatrix ? { strategy: strategyOf(at, count) } : {},
      ),
    ),
  );
}

/** As GitHub has it for a job of a matrix without `max-parallel`. */
function strategyOf(index: number, total: number) {
  return { "job-index": index, "job-total": total, "max-parallel": total };
}

function expectEachItsOwn(results: readonly StepResult[]): void {
  expect(results.map(({ outputs, annotations }) => ({ outcome: outputs["outcome"], annotations }))).toEqual(
    results.map(() => ({ outcome: "succeeded", annotations: [] })),
  );
  expect(results.map(jobLog)).toEqual(results.map((_, at) => [`begin ${at}`, `end ${at}`]));
}

/** Checks that no container had a session too many. */
function expectUnblocked({ lines }: Fargate): void {
  expect(lines.filter((line) => line.includes(BLOCKED))).toEqual([]);
}

/** Checks that the container still takes sessions. */
async function expectAlive(at: Fargate, task: Task, inputs: Inputs): Promise<void> {
  const { aws } = at;
  expectUnblocked(at);
  const later = await aws.step({ task: task.id, ...inputs, run: "echo alive" });
  expect(jobLog(later)).toEqual(["alive"]);
}

const meetings = [
  [2, "jobs of a matrix"],
  [1, "jobs"],
  [2, "jobs"],
] as const;

it.each(everyNth(meetings, 3))(
  "without a bucket, in a container that takes %d sessions at once, %s that meet each have their own output and end",
  async (limit, who) => {
    const at = await fargateWith(limit);
    const task = await at.aws.runningTask();
    const isMatrix = who === "jobs of a matrix";
    const results = await meet(at, task, { isMatrix });
    expectEachItsOwn(results);
    // The runner prints the inputs, with the values of their defaults in action.yml.
    const numbers = results.map(({ log }) => log.filter((line) => /^ *"job-(index|total)": /.test(line)));
    expect(numbers).toEqual(
      results.map((_, index) =>
        isMatrix ? [`  "job-index": ${index},`, `  "job-total": ${WITHOUT_BUCKET},`] : [],
      ),
    );
    expectUnblocked(at);
  },
);

it("without a bucket, a job waits for the session of another one that has begun", async () => {
  const at = await fargateWith(2);
  const task = await at.aws.runningTask();
  const root = `/proc/${processes(task)[0]?.pid}/root`;
  let second: Promise<StepResult> | undefined;
  const first = await at.aws.step(
    { task: task.id, run: 'echo "begin 0"; until test -e /tmp/go; do sleep 0.1; done; echo "end 0"' },
    {
      onLine: (line) => {
        if (line === "begin 0")
          second = at.aws.step(
            { task: task.id, run: 'echo "begin 1"; echo "end 1"' },
            {
              onLine: (its) => {
                if (its.includes("in use by session")) writeFileSync(`${root}/tmp/go`, "");
              },
            },
          );
      },
    },
  );
  expectEachItsOwn([first, ...(second ? [await second] : [])]);
  expect(mostAtOnce(at, task)).toBe(1);
});

it("a third job of a matrix at once is refused without a bucket, before any call", async () => {
  const at = await fargateWith(2);
  const task = await at.aws.runningTask();
  const before = at.aws.world.local.requests.length;
  const third = await at.aws.step({ task: task.id, run: "echo never" }, { strategy: strategyOf(2, 3) });
  expect(third.annotations.map(({ title }) => title)).toEqual(["fargate-exec: bucket-needed"]);
  expect(third.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  expect(at.aws.world.local.requests.slice(before)).toEqual([]);
  // The input says that each job has a container of its own.
  const own = await at.aws.step(
    { task: task.id, matrix: "", run: "echo ran" },
    { strategy: strategyOf(2, 3) },
  );
  expect(jobLog(own)).toEqual(["ran"]);
});

it("without the right to read claims the step says so and looks at the sessions", async () => {
  const at = await fargateWith(2);
  const task = await at.aws.runningTask();
  const key = `fargate-exec/claims/${task.id}/app.json`;
  const { bucket } = at.aws.world.made;
  const claims = [{ run: "another", url: "https://github.example/another" }];
  await at.aws.s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: JSON.stringify({ claims }) }));
  at.aws.world.local.fail({
    times: 99,
    operation: `GET /${at.aws.world.made.bucket}/${key}`,
    code: "AccessDenied",
    message: "Access Denied",
    status: 403,
  });
  const result = await at.aws.step(
    { task: task.id, ...bucketOf(at), run: "echo ran" },
    { also: ["caller-without-bucket"] },
  );
  const left = await claimsOf(at);
  await at.aws.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  expect(left).toEqual([key]);
  expect(jobLog(result)).toEqual(["ran"]);
  expect(mainLog(result)).toContain(
    `Access denied: the credentials have no right to s3:GetObject on arn:aws:s3:::${at.aws.world.made.bucket}/${key}. Without a claim runs take turns by looking at the container's sessions.`,
  );
  // The first look is made while the claim is tried, two more take the place. A run that was held up since its last look looks again.
  expect(at.aws.calls("DescribeSessions", task.id).length).toBeGreaterThanOrEqual(3);
});

it("with a bucket, jobs that meet in a container that takes two sessions at once run in turn, in the order of their arrival, also when together they need longer than 'start-timeout'; a claim that is not given back in time fails the step, and the message names its holder", async () => {
  const at = await fargateWith(2);
  const task = await at.aws.runningTask();
  const begun: number[] = [];
  const steps: Promise<StepResult>[] = [];
  // The first one goes on when the impatient one has left. So the last one waits for eleven seconds.
  const scripts = ["until test -e /tmp/go; do sleep 0.1; done", "sleep 6", ":"];
  for (const [job, script] of scripts.entries()) {
    let isIn = false;
    const onLine = (line: string): void => {
      if (line === `begin ${job}`) begun.push(job);
      isIn ||= line === `begin ${job}` || line.includes("; waiting for its place as number ");
    };
    // A job whose output S3 carries would soon give its place back.
    const inputs = { task: task.id, ...bucketOf(at), logs: "session", "start-timeout": "10s" };
    steps.push(at.aws.step({ ...inputs, run: `echo begin ${job}; ${script}; echo end ${job}` }, { onLine }));
    await eventually(() => isIn, true);
  }
  const impatient = { task: task.id, ...bucketOf(at), "queue-timeout": "5s", run: "echo never" };
  const refused = await at.aws.step(impatient);
  expect(refused.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  expect(refused.annotations).toEqual([
    expect.objectContaining({
      title: "fargate-exec: container-busy",
      message: expect.stringMatching(
        /It is in use by job 'migrate' of https:\/\/\S+ since \d\d:\d\d:\d\d UTC/,
      ) as string,
    }),
  ]);
  writeFileSync(`/proc/${processes(task)[0]?.pid}/root/tmp/go`, "");
  const results = await Promise.all(steps);
  expectEachItsOwn(results);
  expect(begun).toEqual([0, 1, 2]);
  expect(mostAtOnce(at, task)).toBe(1);
  expect(results.slice(-1).flatMap(mainLog).join("\n")).toMatch(
    /Container 'app' of task \w{32} is in use by job 'migrate' of https:\/\/\S+ since \d\d:\d\d:\d\d UTC; waiting for its place as number \d in line, for at most 60 min \('queue-timeout'\)\./,
  );
  expect(await claimsOf(at)).toEqual([]);
  expectUnblocked(at);
});

it("the post step gives back the place of a step that was killed", async () => {
  const at = await fargateWith(2);
  const task = await at.aws.runningTask();
  const held: string[] = [];
  const result = await at.aws.step(
    { task: task.id, ...bucketOf(at), run: "echo begun; sleep 5", env: "MARK=killed-under-its-claim" },
    {
      onLine: (line) => {
        const pid = line === "begun" ? pidOf("killed-under-its-claim") : undefined;
        if (pid !== undefined) process.kill(pid, "SIGKILL");
      },
      beforePost: async () => void held.push(...(await claimsOf(at))),
    },
  );
  expect(held).toEqual([`fargate-exec/claims/${task.id}/app.json`]);
  expect(result.post?.log.join("\n")).toContain("Giving back the claim s3://");
  expect(await claimsOf(at)).toEqual([]);
  await expectAlive(at, task, bucketOf(at));
});
