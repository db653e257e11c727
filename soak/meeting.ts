/**
 * Proves that the jobs of a matrix of 40, two at once, can meet in one container without a bucket: where its sessions are logged, and where two
 * jobs may run side by side. Each job is a process of its own that runs `dist/`, and the next one begins when one has ended. No container ever has
 * a fourth session, and every job succeeds. Each way is tried `SOAK_MEETINGS` times, 10 unless given.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStep, waitForAgents } from "../bench/step.ts";
import { startWithoutLog } from "../bench/start-without-log.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";

const MEETINGS = Number(process.env["SOAK_MEETINGS"] ?? 10);
const JOBS = Number(process.env["SOAK_JOBS"] ?? 40);
/** `strategy.max-parallel`. More need a bucket. */
const AT_ONCE = 2;
/** The agent runs two sessions and queues a third. A fourth blocks it. */
const MOST = 3;

interface Way {
  readonly name: string;
  readonly logged: boolean;
}

/** Runs one meeting. Resolves with the most sessions at once, and how many jobs failed. */
async function meet({ logged }: Way): Promise<{ most: number; failed: number; seconds: number }> {
  const root = mkdtempSync(join(tmpdir(), "soak-"));
  const local = await startLocalFargate({ stopTimeout: 500, delays: { call: 30 } });
  try {
    const made = await seed(local);
    if (!logged) await startWithoutLog(local, made);
    await waitForAgents(local, logged ? 1 : 2);
    const inputs = { cluster: made.cluster, task: local.tasks.at(-1)?.id ?? "", run: "true" };
    const began = Date.now();
    const jobs = Array.from({ length: JOBS }, (_, index) => index).values();
    let failed = 0;
    const runNext = async (): Promise<void> => {
      for (const index of jobs) {
        const strategy = { "job-index": index, "job-total": JOBS, "max-parallel": AT_ONCE };
        const all = { ...inputs, matrix: JSON.stringify(strategy) };
        const step = await startStep(mkdtempSync(join(root, "job-")), all, local);
        if ((await step.ended) !== 0) failed += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, runNext));
    const { sessions } = local.gateway;
    const most = Math.max(
      ...sessions.map(
        ({ createdAt: at }) =>
          sessions.filter(({ createdAt, endedAt = Infinity }) => createdAt <= at && at < endedAt).length,
      ),
    );
    return { most, failed, seconds: (Date.now() - began) / 1000 };
  } finally {
    await local.stop();
    rmSync(root, { recursive: true });
  }
}

const ways: readonly Way[] = [
  { name: "logged", logged: true },
  { name: "not logged", logged: false },
];
let holds = true;
for (const way of ways)
  for (let meeting = 1; meeting <= MEETINGS; meeting += 1) {
    const { most, failed, seconds } = await meet(way);
    const of = `${way.name}, ${meeting} of ${MEETINGS}`;
    console.log(`${of}: at most ${most} sessions, ${failed} of ${JOBS} failed, ${seconds.toFixed(0)} s`);
    holds &&= most <= MOST && failed === 0;
  }
process.exitCode = holds ? 0 : 1;
