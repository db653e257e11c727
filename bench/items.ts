/**
 * `npm run bench items [COUNT] [SEED]`: the same items of uneven length by six jobs of a matrix, each with its share of the indices, and by one step
 * with six tasks, in turns on one local Fargate. Each task has four workers. Prints how long the last item took to end, and for how long runners
 * were busy: of a matrix each job has its own.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { drawSeconds } from "../soak/items/schedule.ts";
import { figure, row } from "./rows.ts";
import { startStep } from "./step.ts";

const COUNT = Number(process.argv[2] ?? 120);
const SEED = Number(process.argv[3] ?? 1);
const TASKS = 6;
const WORKERS = 4;

const lengths = drawSeconds(COUNT, SEED, 1, "tailed");
const work = lengths.reduce((sum, length) => sum + length, 0);
const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const { cluster, service } = await seed(local);
  const where = { cluster, service, start: "true", workers: String(WORKERS), shell: "bash" };
  // Worker N of all takes each item whose index leaves N.
  const share = `all=(${lengths.join(" ")}); for ((at = $OF * ${WORKERS} + FARGATE_EXEC_WORKER; at < ${COUNT}; at += ${TASKS * WORKERS})); do sleep "\${all[at]}"; done`;
  const jobs = Array.from({ length: TASKS }, (_, index) => ({
    ...where,
    env: `OF=${index}`,
    run: share,
    matrix: JSON.stringify({ "job-index": index, "job-total": TASKS }),
  }));
  const queue = {
    ...where,
    tasks: String(TASKS),
    items: lengths.map((length, index) => `item-${index} ${length}`).join("\n"),
    run: 'sleep "${FARGATE_EXEC_ITEM#* }"',
  };
  const matrix = await time(jobs);
  const step = await time([queue]);
  figure(
    `${COUNT} items of ${work.toFixed(0)} s in all, ${TASKS} jobs of a matrix with a share each`,
    `${matrix.wall.toFixed(1)} s, runners busy for ${matrix.busy.toFixed(1)} s`,
  );
  figure(
    `the same items, one step with ${TASKS} tasks`,
    `${step.wall.toFixed(1)} s, its runner busy for ${step.busy.toFixed(1)} s`,
  );
  const walls = step.wall / matrix.wall;
  row(
    "the step's time, divided by the matrix's",
    `${walls.toFixed(2)}; of runners' time ${(step.busy / matrix.busy).toFixed(2)}`,
    "1",
    walls <= 1,
  );
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

/** Runs these steps at once. Seconds until the last one has ended, and of all runners together. */
async function time(
  steps: readonly Readonly<Record<string, string>>[],
): Promise<{ readonly wall: number; readonly busy: number }> {
  const began = Date.now();
  const busy = await Promise.all(
    steps.map(async (inputs, index) => {
      const own = join(root, String(index));
      mkdirSync(own, { recursive: true });
      const step = await startStep(own, inputs, local);
      if ((await step.ended) !== 0) throw new Error(step.log());
      return (Date.now() - step.began) / 1000;
    }),
  );
  return { wall: (Date.now() - began) / 1000, busy: busy.reduce((sum, seconds) => sum + seconds, 0) };
}
