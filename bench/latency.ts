/** `node bench/latency.ts [TIMES]`: how long a user waits for the action itself, where nothing else takes time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { callsInARow } from "../local/calls-in-a-row.ts";
import { seed } from "../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../local/start.ts";
import { startStep, takingSessions } from "./step.ts";

const TIMES = Number(process.argv[2] ?? 11);
/** Milliseconds from RUNNING to an agent that takes sessions. */
const CONNECT_MS = 700;

/** Milliseconds that each call of AWS takes beside its work, and the bar for `echo hello` with them. */
const CALLS = [
  { ms: 0, bar: 1_400 },
  { ms: 100, bar: 1_750 },
] as const;

/** As GitHub has it for a job without a matrix. */
const LONE = { "matrix-index": "0", "matrix-total": "1" };

const root = mkdtempSync(join(tmpdir(), "bench-"));
try {
  for (const { ms, bar } of CALLS) await hello(ms, bar);
  await ends();
  await starts();
} finally {
  rmSync(root, { recursive: true });
}

/** `echo hello` in a running task, with and without a bucket, by `task` and by `service`. */
async function hello(call: number, bar: number): Promise<void> {
  const local = await startLocalFargate({ stopTimeout: 500, delays: { call } });
  try {
    const { cluster, service, bucket } = await seed(local);
    await takingSessions(local);
    const task = local.tasks[0]?.id ?? "";
    const ways: readonly (readonly [name: string, where: Readonly<Record<string, string>>])[] = [
      ["task", { task }],
      ["task, bucket", { task, bucket }],
      ["service", { service }],
      ["service, bucket", { service, bucket }],
    ];
    for (const [name, where] of ways) {
      const inputs = { cluster, ...LONE, ...where, run: "echo hello; date +at=%s%N" };
      const whole: number[] = [];
      const ending: number[] = [];
      let inARow = 0;
      for (let i = 0; i < TIMES; i += 1) {
        const before = local.requests.length;
        const step = await startStep(root, inputs, local);
        const [, at] = await step.line(/^at=(\d+)$/m);
        await step.ended;
        whole.push(Date.now() - step.began);
        ending.push(Date.now() - Number(at) / 1e6);
        const calls = local.requests.slice(before);
        const session = calls.find(({ operation }) => operation === "ExecuteCommand");
        if (session !== undefined) inARow = Math.max(inARow, callsInARow(calls, session));
      }
      report(
        `\`echo hello\` by ${name}, ${call} ms a call (bar ${bar} ms), at most ${inARow} calls in a row before ExecuteCommand`,
        whole,
      );
      report(`  from the script's last byte to the step's end`, ending);
    }
  } finally {
    await local.stop();
  }
}

/** From the last byte that a job of some seconds prints to the step's end: by session, by S3, and their ratio. */
async function ends(): Promise<void> {
  const local = await startLocalFargate({ stopTimeout: 500 });
  try {
    const { cluster, bucket } = await seed(local);
    await takingSessions(local);
    const inputs = {
      cluster,
      ...LONE,
      task: local.tasks[0]?.id ?? "",
      run: "echo begun; sleep 4; date +at=%s%N",
    };
    const taken: Record<"session" | "S3", number[]> = { session: [], S3: [] };
    // In turns, so that what else the machine does hits both.
    for (let i = 0; i < TIMES; i += 1) {
      taken.session.push(await endOf(inputs, local));
      taken.S3.push(await endOf({ ...inputs, bucket, transport: "s3" }, local));
    }
    const [session, s3] = [p99(taken.session), p99(taken.S3)];
    report(
      "from a job's last byte to the step's end, by session (bar for the 99th percentile 150 ms)",
      taken.session,
    );
    report("the same, by S3 (bar 1,000 ms)", taken.S3);
    console.log(`  the 99th percentiles: ${session} ms and ${s3} ms, ${(s3 / session).toFixed(1)} times`);
  } finally {
    await local.stop();
  }
}

async function endOf(inputs: Readonly<Record<string, string>>, local: LocalFargate): Promise<number> {
  const step = await startStep(root, inputs, local);
  const [, at] = await step.line(/^at=(\d+)$/m);
  await step.ended;
  if (inputs["transport"] === "s3" && !step.log().includes("comes by S3"))
    throw new Error(`The output did not come by S3:\n${step.log()}`);
  return Math.round(Date.now() - Number(at) / 1e6);
}

/** The 99th percentile; of fewer than a hundred values the largest. */
function p99(ms: readonly number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.ceil(ms.length * 0.99) - 1] ?? NaN;
}

/** A job in a new task: from an agent that takes sessions to its command, and from a cancel to StopTask. */
async function starts(): Promise<void> {
  /** Makes its PENDING time longer than the pause between two calls of DescribeTasks. */
  const local = await startLocalFargate({ stopTimeout: 500, delays: { agent: 3_000, connect: CONNECT_MS } });
  try {
    const { cluster, service, bucket } = await seed(local);
    await takingSessions(local);
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
      stopping.push(stoppedAt(local) - interrupted);
    }
    report("from an agent that takes sessions to the command in the container", starting);
    report("from SIGINT to StopTask", stopping);
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

function stoppedAt({ requests }: LocalFargate): number {
  const last = requests.findLast(({ operation }) => operation === "StopTask");
  if (last === undefined) throw new Error("The step did not stop the task.");
  return last.at;
}

function report(what: string, ms: readonly number[]): void {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    `${(sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(0)} ms`;
  console.log(`${what}: ${at(0.5)} (median of ${ms.length}; from ${at(0)} to ${at(1)})`);
}
