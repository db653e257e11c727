/**
 * Proves that 40 jobs can meet in one container without a bucket. They meet in three ways: as one matrix in a container whose sessions are
 * logged, as one matrix in a container where two jobs may run side by side, and as unrelated runs whose strategy is unknown. Each job is a
 * process of its own that runs `dist/`, and all begin together. No container ever has a fourth session, and every job succeeds. Each way is
 * tried `SOAK_MEETINGS` times, 50 unless given. `SOAK_AT_ONCE` meetings, one unless given, run side by side, each in a local Fargate of its
 * own: a meeting mostly waits for the agent's second.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { startStep, waitForAgents } from "../bench/step.ts";
import { startWithoutLog } from "../bench/start-without-log.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";

const MEETINGS = Number(process.env["SOAK_MEETINGS"] ?? 50);
const JOBS = Number(process.env["SOAK_JOBS"] ?? 40);
const AT_ONCE = Number(process.env["SOAK_AT_ONCE"] ?? 1);
/** The agent runs two sessions and queues a third. A fourth blocks it. */
const MOST = 3;

interface Way {
  readonly name: string;
  readonly logged: boolean;
  readonly inputsOf: (index: number) => Readonly<Record<string, string>>;
}

/** Runs one meeting. Resolves with the most sessions at once, and how many jobs failed. */
async function meet({ logged, inputsOf }: Way): Promise<{ most: number; failed: number; seconds: number }> {
  const root = mkdtempSync(join(tmpdir(), "soak-"));
  const local = await startLocalFargate({ stopTimeout: 500, delays: { call: 30 } });
  try {
    const made = await seed(local);
    if (!logged) await startWithoutLog(local, made);
    await waitForAgents(local, logged ? 1 : 2);
    const inputs = { cluster: made.cluster, task: local.tasks.at(-1)?.id ?? "", run: "true" };
    const began = Date.now();
    const steps = await Promise.all(
      Array.from({ length: JOBS }, (_, index) =>
        startStep(mkdtempSync(join(root, "job-")), { ...inputs, ...inputsOf(index) }, local),
      ),
    );
    // The jobs get a lower priority than the local AWS: on GitHub each run has a machine of its own, and does not slow AWS.
    for (const { pid } of steps) setPriority(pid, 10);
    const ends = await Promise.all(steps.map(({ ended }) => ended));
    const { sessions } = local.gateway;
    const most = Math.max(
      ...sessions.map(
        ({ createdAt: at }) =>
          sessions.filter(({ createdAt, endedAt = Infinity }) => createdAt <= at && at < endedAt).length,
      ),
    );
    return { most, failed: ends.filter((code) => code !== 0).length, seconds: (Date.now() - began) / 1000 };
  } finally {
    await local.stop();
    rmSync(root, { recursive: true });
  }
}

const inMatrix: Way["inputsOf"] = (index) => ({
  matrix: JSON.stringify({ "job-index": index, "job-total": JOBS }),
});
const ways: readonly Way[] = [
  { name: "one matrix, logged", logged: true, inputsOf: inMatrix },
  { name: "one matrix, not logged", logged: false, inputsOf: inMatrix },
  { name: "strategy unknown", logged: true, inputsOf: () => ({}) },
];
const meetings = ways.flatMap((way) =>
  Array.from({ length: MEETINGS }, (_, at) => ({ way, name: `${way.name}, ${at + 1} of ${MEETINGS}` })),
);
const next = meetings.values();
const broken: string[] = [];
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const { way, name } of next) {
      const { most, failed, seconds } = await meet(way);
      console.log(`${name}: at most ${most} sessions, ${failed} of ${JOBS} failed, ${seconds.toFixed(0)} s`);
      if (most > MOST || failed > 0) broken.push(name);
    }
  }),
);
process.exitCode = broken.length === 0 ? 0 : 1;
