/**
 * Proves the input `lock`: 20 runs add 1 to a number that has no lock of its own, and the result is 20. Each run is a process of
 * its own that runs `dist/`. `SOAK_RUNS` is the number of runs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStep, waitForAgents } from "../bench/step.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { startCounter } from "../__tests__/helpers/counter.ts";

const RUNS = Number(process.env["SOAK_RUNS"] ?? 20);

const counter = await startCounter();
const root = mkdtempSync(join(tmpdir(), "soak-"));
const local = await startLocalFargate({ stopTimeout: 500, delays: { call: 30 } });
const began = Date.now();
try {
  const made = await seed(local);
  await waitForAgents(local);
  const inputs = {
    cluster: made.cluster,
    ...{ task: local.tasks[0]?.id ?? "", bucket: made.bucket, lock: "soak", run: counter.run },
  };
  const steps = await Promise.all(
    Array.from({ length: RUNS }, () => startStep(mkdtempSync(join(root, "job-")), inputs, local)),
  );
  const ends = await Promise.all(steps.map(({ ended }) => ended));
  const failed = ends.filter((code) => code !== 0).length;
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  console.log(`${RUNS} runs have made ${counter.value()}, ${failed} of them failed, ${seconds} s`);
  process.exitCode = counter.value() === RUNS && failed === 0 ? 0 : 1;
} finally {
  await local.stop();
  counter.close();
  rmSync(root, { recursive: true });
}
