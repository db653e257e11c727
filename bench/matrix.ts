/**
 * `node bench/matrix.ts [JOBS] [SECONDS]`: the jobs of a matrix in one service of three tasks, under ECS's throttles. They begin together, or
 * spread over SECONDS. Each job lasts a second. The bar is a ratio: the time of the run, divided by the time that its processes would need on
 * the processors that other programs leave to it. Containers and the local AWS are among these processes.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ECSClient, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { coresLeft, processorTime } from "./processor-time.ts";
import { row } from "./rows.ts";
import { startStep, waitForAgents } from "./step.ts";

const JOBS = Number(process.argv[2] ?? 256);
const OVER_MS = Number(process.argv[3] ?? 0) * 1000;
const TASKS = 3;

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500, throttle: true, sessionLimit: 2 });
try {
  const { cluster, service, bucket } = await seed(local);
  const ecs = new ECSClient({ endpoint: local.url, region: local.region, credentials: local.admin });
  await ecs.send(new UpdateServiceCommand({ cluster, service, desiredCount: TASKS }));
  await waitForAgents(local, TASKS);

  const before = processorTime();
  const began = Date.now();
  const ends = await Promise.all(
    Array.from({ length: JOBS }, async (_, index) => {
      await sleep((OVER_MS * index) / JOBS);
      return await job(index, { cluster, service, bucket });
    }),
  );
  const seconds = (Date.now() - began) / 1000;
  const after = processorTime();
  const used = after.own - before.own;
  const cores = coresLeft(before, after, seconds);
  const bad = ends.filter((end) => end !== undefined);
  const ratio = seconds / (used / cores);
  const good = JOBS - bad.length;
  row(
    `a matrix of ${JOBS} jobs of 1 s on ${TASKS} tasks under the published throttles`,
    `${good} green after ${seconds.toFixed(0)} s, ${ratio.toFixed(2)} times their ${used.toFixed(0)} s of processor time by ${cores.toFixed(2)} cores`,
    "1.5",
    good === JOBS && ratio <= 1.5,
  );
  for (const [index, end] of ends.entries()) if (end !== undefined) console.log(`job ${index}: ${end}`);
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

/** Runs one job. Returns undefined when it succeeded with its own output; else what went wrong. */
async function job(index: number, where: Record<string, string>): Promise<string | undefined> {
  const own = join(root, String(index));
  mkdirSync(own);
  const inputs = { ...where, "start-timeout": "30m", run: `echo "this is ${index}"; sleep 1` };
  const step = await startStep(own, inputs, local);
  const code = await step.ended;
  const log = step.log();
  const said = [...log.matchAll(/^this is (\d+)$/gm)].map(([, number]) => Number(number));
  if (code === 0 && said.length === 1 && said[0] === index) return undefined;
  return `exit code ${code}, said ${JSON.stringify(said)}, ${/^::error.*/m.exec(log)?.[0] ?? "no error"}`;
}
