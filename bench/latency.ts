/** `node bench/latency.ts [TIMES]`: how long a user waits for the action itself, when the job and the task take no time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callsInARow } from "../local/calls-in-a-row.ts";
import { seed } from "../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../local/start.ts";
import { bareSession, byHand } from "./floor.ts";
import { figure, median, percentile, range, row } from "./rows.ts";
import { startStep, stopTaskAt, waitForAgents } from "./step.ts";

const TIMES = Number(process.argv[2] ?? 11);
/** Milliseconds from RUNNING to an agent that takes sessions. */
const CONNECT_MS = 700;

/** Milliseconds that are added to each call of AWS, and the bar for `echo hello` with them. */
const CALLS = [
  { ms: 0, bar: 1_400 },
  { ms: 100, bar: 1_750 },
] as const;

/** Turns the task's protection off. Its removal would take two calls, one after the other, once the job has ended. */
const UNPROTECTED = { protect: "false" };

/** The values of a job without a matrix, as GitHub gives them. */
const LONE = { matrix: '{"job-index": 0, "job-total": 1}' };

const root = mkdtempSync(join(tmpdir(), "bench-"));
try {
  for (const { ms, bar } of CALLS) await hello(ms, bar);
  await ends();
  await starts();
} finally {
  rmSync(root, { recursive: true });
}

/**
 * Measures `echo hello` in a running task, with and without a bucket, by `task` and by `service`, in turns with a bare session and the AWS CLI,
 * so that other work of the machine slows all of them.
 */
async function hello(call: number, bar: number): Promise<void> {
  const local = await startLocalFargate({ stopTimeout: 500, delays: { call } });
  try {
    const { cluster, service, bucket } = await seed(local);
    await waitForAgents(local);
    const task = local.tasks[0]?.id ?? "";
    const ways = [
      { name: "task", where: { task } },
      { name: "task, bucket", where: { task, bucket } },
      { name: "service", where: { service, ...UNPROTECTED } },
      { name: "service, bucket", where: { service, bucket, ...UNPROTECTED } },
      { name: "service, protected", where: { service }, hasBar: false },
    ].map((way) => ({ ...way, runs: [] as HelloRun[] }));
    const [floor, byHandMs]: [number[], number[]] = [[], []];
    for (let i = 0; i < TIMES; i += 1) {
      floor.push(await bareSession(local, { cluster, task }));
      for (const { where, runs } of ways) runs.push(await helloRun({ cluster, ...where }, local));
      if (call > 0) byHandMs.push(await byHand(local, { cluster, task }, bucket));
    }
    console.log(`a bare session, ${call} ms a call: ${range(floor)}`);
    for (const { name, where, runs, hasBar = true } of ways) {
      const what = `\`echo hello\` by ${name}, ${call} ms a call`;
      if (hasBar)
        helloRows(what, runs, {
          ...{ bar, floor: median(floor), mostInARow: "bucket" in where ? 3 : 2 },
          byHand: byHandMs.length > 0 ? median(byHandMs) : undefined,
        });
      else figure(what, range(runs.map(({ whole }) => whole)));
    }
  } finally {
    await local.stop();
  }
}

interface HelloRun {
  readonly whole: number;
  /** From the script's last byte to the step's end. */
  readonly ending: number;
  /** Calls in a row before ExecuteCommand. */
  readonly inARow: number;
}

async function helloRun(where: Readonly<Record<string, string>>, local: LocalFargate): Promise<HelloRun> {
  const before = local.requests.length;
  const step = await startStep(root, { ...LONE, ...where, run: "echo hello; date +at=%s%N" }, local);
  const [, at] = await step.line(/^at=(\d+)$/m);
  await step.ended;
  const now = Date.now();
  const calls = local.requests.slice(before);
  const session = calls.find(({ operation }) => operation === "ExecuteCommand");
  const inARow = session === undefined ? NaN : callsInARow(calls, session);
  return { whole: now - step.began, ending: now - Number(at) / 1e6, inARow };
}

interface HelloBars {
  readonly bar: number;
  readonly floor: number;
  readonly mostInARow: number;
  /** Milliseconds of the AWS CLI and the plugin, when they were measured. */
  readonly byHand: number | undefined;
}

function helloRows(what: string, runs: readonly HelloRun[], bars: HelloBars): void {
  const whole = runs.map((each) => each.whole);
  const [own, { bar, floor, mostInARow, byHand: theirs }] = [median(whole), bars];
  row(what, range(whole), `${bar} ms`, own <= bar);
  if (theirs === undefined)
    row(
      "  above a bare session of the same run",
      `${(own - floor).toFixed(0)} ms`,
      "300 ms",
      own - floor <= 300,
    );
  else {
    const share = own / theirs;
    row(
      "  beside `aws s3 cp` and `aws ecs execute-command` in the same run",
      `${share.toFixed(2)} times their ${theirs.toFixed(0)} ms`,
      "0.75",
      share <= 0.75,
    );
    // Counted only with a delay: without one, calls that do not wait for one another may also be answered in a row.
    const inARow = Math.max(...runs.map((each) => each.inARow));
    row("  calls in a row before ExecuteCommand", String(inARow), String(mostInARow), inARow <= mostInARow);
  }
  console.log(`  from the script's last byte to the step's end: ${range(runs.map((each) => each.ending))}`);
}

/** Measures the time from the last byte that a job of two seconds prints to the step's end, by session and by S3. */
async function ends(): Promise<void> {
  const local = await startLocalFargate({ stopTimeout: 500 });
  try {
    const { cluster, bucket } = await seed(local);
    await waitForAgents(local);
    const inputs = {
      cluster,
      ...LONE,
      task: local.tasks[0]?.id ?? "",
      run: "echo begun; sleep 2; date +at=%s%N",
    };
    const taken: Record<"session" | "S3", number[]> = { session: [], S3: [] };
    // In turns, so that other work of the machine slows both.
    for (let i = 0; i < TIMES; i += 1) {
      taken.session.push(await endOf(inputs, local));
      taken.S3.push(await endOf({ ...inputs, bucket, logs: "bucket" }, local));
    }
    const [session, s3] = [percentile(taken.session), percentile(taken.S3)];
    const what = "from a job's last byte to the step's end, 99th percentile of";
    row(
      `${what} ${TIMES}, by session`,
      `${session} ms; median ${range(taken.session)}`,
      "150 ms",
      session <= 150,
    );
    row(`${what} ${TIMES}, by S3`, `${s3} ms; median ${range(taken.S3)}`, "1,000 ms", s3 <= 1_000);
  } finally {
    await local.stop();
  }
}

async function endOf(inputs: Readonly<Record<string, string>>, local: LocalFargate): Promise<number> {
  const step = await startStep(root, inputs, local);
  const [, at] = await step.line(/^at=(\d+)$/m);
  await step.ended;
  if (inputs["logs"] === "bucket" && !step.log().includes("comes by S3"))
    throw new Error(`The output did not come by S3:\n${step.log()}`);
  return Math.round(Date.now() - Number(at) / 1e6);
}

/** Measures, for a job in a new task, the time from an agent that takes sessions to its command, and from SIGINT to StopTask. */
async function starts(): Promise<void> {
  // The delay makes the agent's PENDING time longer than the pause between two calls of DescribeTasks.
  const local = await startLocalFargate({ stopTimeout: 500, delays: { agent: 3_000, connect: CONNECT_MS } });
  try {
    const { cluster, service, bucket } = await seed(local);
    await waitForAgents(local);
    const starting: number[] = [];
    const stopping: number[] = [];
    for (let i = 0; i < TIMES; i += 1) {
      const inputs = { cluster, service, bucket, start: "true", run: "echo begun; sleep 60" };
      const step = await startStep(root, inputs, local);
      await step.line(/^begun$/m);
      starting.push(sessionAt(local) - agentRunningAt(local) - CONNECT_MS);
      const interrupted = Date.now();
      step.signal("SIGINT");
      await step.ended;
      stopping.push(stopTaskAt(local) - interrupted);
    }
    const [start, stop] = [median(starting), Math.max(...stopping)];
    row(
      "from an agent that takes sessions to the command in the container",
      range(starting),
      "1,000 ms",
      start <= 1_000,
    );
    row("from SIGINT to StopTask, the longest", range(stopping), "1,000 ms", stop <= 1_000);
  } finally {
    await local.stop();
  }
}

function agentRunningAt({ tasks }: LocalFargate): number {
  const [agent] = [...(tasks.at(-1)?.agents.values() ?? [])];
  if (agent?.lastStartedAt === undefined) throw new Error("The task has no agent.");
  return agent.lastStartedAt;
}

function sessionAt({ gateway }: LocalFargate): number {
  const session = gateway.sessions.at(-1);
  if (session === undefined) throw new Error("There is no session.");
  return session.createdAt;
}
