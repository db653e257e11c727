/**
 * `node bench/following.ts`: the processor time that the container, the agent and the action use together while a job runs.
 * Needs a machine that does nothing else.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { startStep, waitForAgents } from "./step.ts";

/** The length of one measurement; the job runs five seconds longer. */
const SECONDS = 15;
const JOBS = {
  "prints nothing": `sleep ${SECONDS + 5}`,
  "prints four lines a second": `for i in $(seq ${4 * (SECONDS + 5)}); do echo "line $i"; sleep 0.25; done`,
};

/** What the machine has counted since it booted. */
interface Observation {
  /** Processor time in hundredths of a second. */
  readonly busy: number;
  /** Processes that were created. */
  readonly processes: number;
}

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const { cluster, bucket } = await seed(local);
  await waitForAgents(local);
  await report("the machine without a job");
  for (const [name, run] of Object.entries(JOBS)) {
    const inputs = { cluster, bucket, task: local.tasks[0]?.id ?? "", run: `echo begun; ${run}` };
    const step = await startStep(root, inputs, local);
    await step.line(/^begun$/m);
    await sleep(1_000);
    await report(`a job that ${name}`);
    await step.ended;
  }
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

async function report(what: string): Promise<void> {
  const before = observe();
  await sleep(SECONDS * 1_000);
  const after = observe();
  const share = (after.busy - before.busy) / SECONDS;
  const processes = (after.processes - before.processes) / SECONDS;
  console.log(`${what}: ${share.toFixed(1)} % of one core, ${processes.toFixed(0)} new processes a second`);
}

function observe(): Observation {
  const stat = readFileSync("/proc/stat", "utf8");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "")
    .split(" ")
    .map(Number);
  return {
    busy: user + nice + system + irq + softIrq,
    processes: Number(/^processes (\d+)$/m.exec(stat)?.[1]),
  };
}
