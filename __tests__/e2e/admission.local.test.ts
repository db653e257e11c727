import { writeFileSync } from "node:fs";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import {
  Aws,
  type Inputs,
  jobLog,
  mainLog,
  pidOf,
  processes,
  type StepOptions,
  withoutInit,
} from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
/** Lines of the local Fargate's log. */
const lines: string[] = [];
beforeAll(async () => {
  aws = await Aws.start({ log: (line) => lines.push(line), delays: { firstRead: FIRST_READ_MS } });
});
afterAll(() => aws.stop());

const bucketOf = (): Inputs => ({ bucket: aws.world.made.bucket });
const claimsOf = (): Promise<string[]> => aws.objects("fargate-exec/claims/");

/** The most sessions that a task's container had at once, waiting ones included. */
function mostAtOnce(task: Task): number {
  const sessions = aws.world.local.gateway.sessions.filter(({ target }) => target.includes(task.id));
  return Math.max(
    ...sessions.map(
      ({ createdAt: at }) =>
        sessions.filter(({ createdAt, endedAt = Infinity }) => createdAt <= at && at < endedAt).length,
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
function expectUnblocked(): void {
  expect(lines.filter((line) => line.includes("takes no session any more"))).toEqual([]);
}

itInSoak("without a bucket, a job waits for the session of another one that has begun", async () => {
  const task = await aws.runningTask();
  const root = `/proc/${processes(task)[0]?.pid}/root`;
  let second: Promise<StepResult> | undefined;
  const first = await aws.step(
    { task: task.id, run: 'echo "begin 0"; until test -e /tmp/go; do sleep 0.1; done; echo "end 0"' },
    {
      onLine: (line) => {
        if (line === "begin 0")
          second = aws.step(
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
  expect(mostAtOnce(task)).toBe(1);
});

it("a third job of a matrix at once is refused without a bucket, before any call", async () => {
  const task = await aws.runningTask();
  const before = aws.world.local.requests.length;
  const third = await aws.step({ task: task.id, run: "echo never" }, { strategy: strategyOf(2, 3) });
  expect(third.annotations.map(({ title }) => title)).toEqual(["fargate-exec: bucket-needed"]);
  expect(third.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  expect(aws.world.local.requests.slice(before)).toEqual([]);
  // The input says that each job has a container of its own.
  const own = await aws.step({ task: task.id, matrix: "", run: "echo ran" }, { strategy: strategyOf(2, 3) });
  expect(jobLog(own)).toEqual(["ran"]);
});

it("with a bucket, jobs that meet in a container that takes two sessions at once run in turn, in the order of their arrival, also when together they need longer than 'start-timeout'; a claim that is not given back in time fails the step, and the message names its holder", async () => {
  const task = await aws.runningTask();
  const told: string[] = [];
  const steps: Promise<StepResult>[] = [];
  // The first one goes on when the impatient one has left. So the last one waits for eleven seconds.
  const scripts = ["until test -e /tmp/go; do sleep 0.1; done", "sleep 6", ":"];
  for (const [job, script] of scripts.entries()) {
    let isIn = false;
    const onLine = (line: string): void => {
      if (line === `begin ${job}` || line === `end ${job}`) told.push(line);
      isIn ||= line === `begin ${job}` || line.includes("; waiting for its seat as number ");
    };
    // A job whose output S3 carries would soon give its seat back.
    const inputs = { task: task.id, ...bucketOf(), logs: "session", "start-timeout": "10s" };
    steps.push(aws.step({ ...inputs, run: `echo begin ${job}; ${script}; echo end ${job}` }, { onLine }));
    await eventually(() => isIn, true);
  }
  const impatient = { task: task.id, ...bucketOf(), "queue-timeout": "5s", run: "echo never" };
  const refused = await aws.step(impatient);
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
  expect(told).toEqual(scripts.flatMap((_, job) => [`begin ${job}`, `end ${job}`]));
  // The next one may come while the session of a job that has ended is being closed.
  expect(mostAtOnce(task)).toBeLessThanOrEqual(2);
  expect(results.slice(-1).flatMap(mainLog).join("\n")).toMatch(
    /Container 'app' of task \w{32} is in use by job 'migrate' of https:\/\/\S+ since \d\d:\d\d:\d\d UTC; waiting for its seat as number \d in line, for at most 60 min \('queue-timeout'\)\./,
  );
  expect(await claimsOf()).toEqual([]);
  expectUnblocked();
});

/**
 * Runs a script in this task, and kills the step's process once the script has printed `begun`: no cleanup, no post. The service ends
 * the session.
 */
async function lose(task: Task, run: string): Promise<void> {
  let killed = false;
  const lost = aws.step(
    { task: task.id, run },
    {
      onLine: (line) => {
        const pid = line === "begun" && !killed ? pidOf(task.id) : undefined;
        if (pid === undefined) return;
        killed = true;
        process.kill(pid, "SIGKILL");
      },
      // The runner is gone, too.
      beforePost: () => Promise.reject(new Error("the engine was killed")),
    },
  );
  await expect(lost).rejects.toThrow("the engine was killed");
  expect(killed).toBe(true);
  const { sessionId = "" } =
    aws.world.local.gateway.sessions.find(({ target }) => target.includes(task.id)) ?? {};
  await aws.world.local.inject({ session: { do: "close", session: sessionId } });
}

const runNext = (task: Task, inputs: Inputs = {}, options: StepOptions = {}): Promise<StepResult> =>
  aws.step({ task: task.id, run: "cat /dev/shm/trace; echo mine >>/dev/shm/trace", ...inputs }, options);

/** A script that records when it begins and ends, so that the record shows any script that runs in between. It ends after `letGo`. */
const TRACED = `echo begun; echo 'lost begins' >/dev/shm/trace
  until [ -e /dev/shm/go ]; do sleep 0.5; done; echo 'lost ends' >>/dev/shm/trace`;

function letGo(task: Task): void {
  writeFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/dev/shm/go`, "");
}

/** Lets the lost job go once the waiting step says that it waits. */
const lettingGo = (task: Task): StepOptions => ({
  onLine: (line) => {
    if (line.includes("still runs in this container")) letGo(task);
  },
});

itInSoak(
  "the next run waits for a job whose runner was killed, and says so; where it outlasts 'queue-timeout' it keeps the run from starting, and the error names the job",
  async () => {
    const task = await aws.runningTask(await aws.register("lost", [withoutInit]));
    await lose(task, TRACED);
    const late = await runNext(task, { "queue-timeout": "5s" });
    expect(late.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
    expect(late.annotations[0]?.title).toContain("container-busy");
    expect(late.annotations[0]?.message).toMatch(
      /in use by a job of https:\S+ since .* whose runner is lost/,
    );
    const result = await runNext(task, {}, lettingGo(task));
    expect(result.conclusion).toBe("success");
    expect(jobLog(result)).toEqual(["lost begins", "lost ends"]);
    expect(mainLog(result).join("\n")).toMatch(
      /A job of https:\/\/\S+\/actions\/runs\/\d+ still runs in this container, begun at \d\d:\d\d:\d\d UTC, and its runner is lost\./,
    );
  },
);
