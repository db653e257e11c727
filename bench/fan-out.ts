/** `node bench/fan-out.ts [SECONDS]`: compares a step that starts twenty tasks of four workers each with a step that starts one such task. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { startStep } from "./step.ts";

const TASKS = 20;
const WORKERS = 4;
/** How long the job runs. */
const SECONDS = Number(process.argv[2] ?? 10);

interface Run {
  readonly ms: number;
  /** Peak memory of the action's process. */
  readonly bytes: number;
}

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const made = await seed(local);
  const run = async (tasks: number): Promise<Run> => {
    const inputs = {
      cluster: made.cluster,
      service: made.service,
      start: "true",
      tasks: String(tasks),
      workers: String(WORKERS),
      bucket: made.bucket,
      run: `i=0; while [ $i -lt ${SECONDS} ]; do echo "line $i"; sleep 1; i=$((i + 1)); done`,
    };
    const began = performance.now();
    const step = await startStep(root, inputs, local);
    let bytes = 0;
    const look = setInterval(() => (bytes = Math.max(bytes, highWater(step.pid))), 50);
    const code = await step.ended;
    clearInterval(look);
    if (code !== 0) throw new Error(`the run with ${tasks} tasks failed with exit code ${code}`);
    return { ms: performance.now() - began, bytes };
  };
  const describe = ({ ms, bytes }: Run): string =>
    `${(ms / 1000).toFixed(1)} s, ${(bytes / 1e6).toFixed(0)} MB`;
  const one = await run(1);
  console.log(`1 task × ${WORKERS} workers: ${describe(one)}`);
  const many = await run(TASKS);
  console.log(
    `${TASKS} tasks × ${WORKERS} workers: ${describe(many)}; ${(many.ms / one.ms).toFixed(2)} times one`,
  );
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

function highWater(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // It has ended.
  }
}
