/**
 * `node bench/lost.ts [TIMES]`: how long runs without a bucket wait for a seat in a container whose last client was killed while its script
 * printed, from the wait to the session. The session of the killed client keeps the first later run waiting, and no other one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FIRST_READ_MS } from "../local/agent/pty.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { range, row } from "./rows.ts";
import { startStep, waitForAgents } from "./step.ts";

const TIMES = Number(process.argv[2] ?? 1);
/** 43 s for the client to come back, and the time of the looks. */
const FIRST_BAR_MS = 52_000;
const LATER_BAR_MS = 2_000;

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500, delays: { firstRead: FIRST_READ_MS } });
try {
  const { cluster } = await seed(local);
  await waitForAgents(local);
  const task = local.tasks[0]?.id ?? "";
  const waits: readonly [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i < TIMES; i += 1) {
    const lost = await startStep(root, { cluster, task, run: "echo begun; sleep 1; seq 100000" }, local);
    await lost.line(/^begun$/m);
    lost.signal("SIGKILL");
    await lost.ended;
    for (const taken of waits) taken.push(await waitOf({ cluster, task, run: "echo hello" }));
  }
  const [first, second, third] = waits;
  row(
    "wait after a killed client, first later run",
    range(first),
    `${FIRST_BAR_MS} ms`,
    isWithin(first, FIRST_BAR_MS),
  );
  const later = [...second, ...third];
  row(
    "wait after a killed client, second and third",
    range(later),
    `${LATER_BAR_MS} ms`,
    isWithin(later, LATER_BAR_MS),
  );
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

function isWithin(taken: readonly number[], bar: number): boolean {
  return Math.max(...taken) <= bar;
}

/** The milliseconds from the wait for the container to the session that runs the script, of a step that has to succeed. */
async function waitOf(inputs: Record<string, string>): Promise<number> {
  const step = await startStep(root, inputs, local);
  await step.line(/Waiting for container/);
  const began = performance.now();
  await step.line(/^Session ecs-execute-command-/m);
  const ms = performance.now() - began;
  const code = await step.ended;
  if (code !== 0) throw new Error(`the step ended with ${code}:\n${step.log()}`);
  return ms;
}
