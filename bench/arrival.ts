/**
 * `node bench/arrival.ts`: how long a line takes from the job to the step's log, by session and by S3, and the memory of the
 * container's uploader.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { processes } from "../__tests__/helpers/local.ts";
import { memoryOf } from "../__tests__/helpers/memory.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { actionDir, environment } from "./environment.ts";
import { percentile, range, row } from "./rows.ts";
import { waitForAgents } from "./step.ts";

const LINES = 100;
/** The lines of the first seconds, which the session still carries. */
const FIRST = 30;
const RUN = `i=0; while [ $i -lt ${LINES} ]; do date +at=%s%N; sleep 0.1; i=$((i + 1)); done`;

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const { cluster, bucket } = await seed(local);
  await waitForAgents(local);
  const inputs = { cluster, task: local.tasks[0]?.id ?? "", run: RUN };
  const session = await arrivals(inputs);
  const s3 = await arrivals({ ...inputs, bucket, logs: "bucket" });
  for (const [way, lags, bar] of [
    ["session", session.lags, 300],
    ["S3", s3.lags.slice(FIRST), 1_000],
  ] as const) {
    const p95 = percentile(lags, 0.95);
    row(
      `a line from the job to the log, 95th percentile of ${lags.length}, by ${way}`,
      `${p95.toFixed(0)} ms; median ${range(lags)}`,
      `${bar} ms`,
      p95 <= bar,
    );
  }
  row(
    "memory of the uploader of a job's output",
    `${s3.uploader.toFixed(1)} MB`,
    "20 MB",
    s3.uploader > 0 && s3.uploader <= 20,
  );
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

/** Milliseconds from each line's stamp to its arrival, and the uploader's peak memory in megabytes. */
async function arrivals(
  inputs: Readonly<Record<string, string>>,
): Promise<{ readonly lags: readonly number[]; readonly uploader: number }> {
  const env = { ...(await environment(root, inputs)), ...local.env };
  const child = spawn(process.execPath, [join(actionDir, "dist/index.js")], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  let uploader = 0;
  const sampling = setInterval(() => (uploader = Math.max(uploader, uploaderMemory())), 500);
  const lags: number[] = [];
  createInterface(child.stdout).on("line", (line) => {
    const [, at] = /^at=(\d+)$/.exec(line) ?? [];
    if (at !== undefined) lags.push(Date.now() - Number(at) / 1e6);
  });
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(sampling);
  if (code !== 0 || lags.length !== LINES) throw new Error(`exit code ${code}, ${lags.length} lines`);
  return { lags, uploader };
}

/** In megabytes; 0 while there is no uploader. */
function uploaderMemory(): number {
  const own = local.tasks.flatMap((task) => processes(task));
  const sizes = own.flatMap(({ pid, command }) =>
    command.includes("uploader.py") ? (memoryOf(pid)?.most ?? 0) : [],
  );
  return (Math.max(0, ...sizes) * 1024 * 1024) / 1e6;
}
