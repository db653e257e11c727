/** `node bench/latency.ts`: how long a user waits for the action itself, where nothing else takes time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seed } from "../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../local/start.ts";
import { startStep, takingSessions } from "./step.ts";

const TIMES = 11;
/** Milliseconds from RUNNING to an agent that takes sessions. */
const CONNECT_MS = 700;

const root = mkdtempSync(join(tmpdir(), "bench-"));
/** Makes its PENDING time longer than the pause between two calls of DescribeTasks. */
const local = await startLocalFargate({ stopTimeout: 500, delays: { agent: 3_000, connect: CONNECT_MS } });
try {
  const made = await seed(local);
  await takingSessions(local);
  const cluster = { cluster: made.cluster, bucket: made.bucket };
  const inTask = { ...cluster, task: local.tasks[0]?.id ?? "" };

  const hello: number[] = [];
  const ending: number[] = [];
  for (let i = 0; i < TIMES; i += 1) {
    const step = await startStep(root, { ...inTask, run: "echo hello; date +at=%s%N" }, local);
    const [, at] = await step.line(/^at=(\d+)$/m);
    await step.ended;
    hello.push(Date.now() - step.began);
    ending.push(Date.now() - Number(at) / 1e6);
  }
  report("`echo hello` in a running task, staged and fetched by boto3", hello);
  report("from the script's last byte to the step's end", ending);

  const starting: number[] = [];
  const stopping: number[] = [];
  for (let i = 0; i < TIMES; i += 1) {
    const inputs = { ...cluster, service: made.service, start: "true", run: "echo begun; sleep 60" };
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
  rmSync(root, { recursive: true });
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
