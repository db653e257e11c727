/**
 * `node bench/cli.ts [TIMES]`: how much longer `echo hello` takes by the command line than by the action, in turns on one local Fargate.
 * Measures `dist/` and the package that `npm run package` has written.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { actionDir } from "./environment.ts";
import { median } from "./rows.ts";
import { startStep, waitForAgents } from "./step.ts";

const TIMES = Number(process.argv[2] ?? 11);
const BAR_MS = 200;
const PROGRAM = join(actionDir, ".cache/package/dist/bin.js");

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const { cluster, bucket } = await seed(local);
  await waitForAgents(local);
  const task = { cluster, task: local.tasks[0]?.id ?? "" };
  await compare("in a running task", task);
  await compare("the same, with a bucket", { ...task, bucket });
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

async function compare(what: string, inputs: Readonly<Record<string, string>>): Promise<void> {
  const action: number[] = [];
  const program: number[] = [];
  for (let i = 0; i < TIMES; i += 1) {
    action.push(await byAction({ ...inputs, run: "echo hello" }));
    program.push(await byProgram({ ...inputs, run: "echo hello" }));
  }
  const [one, other] = [median(action), median(program)];
  console.log(
    `\`echo hello\` ${what}: ${one} ms by the action, ${other} ms by the command line, ${other - one} ms more (bar ${BAR_MS} ms; medians of ${TIMES})`,
  );
}

async function byAction(inputs: Readonly<Record<string, string>>): Promise<number> {
  // The values of a job without a matrix, as GitHub gives them. The command line sets the same ones itself.
  const step = await startStep(root, { ...inputs, matrix: '{"job-index": 0, "job-total": 1}' }, local);
  if ((await step.ended) !== 0) throw new Error(step.log());
  return Date.now() - step.began;
}

async function byProgram(inputs: Readonly<Record<string, string>>): Promise<number> {
  const options = Object.entries(inputs).map(([name, value]) => `--${name}=${value}`);
  const began = Date.now();
  const child = spawn(process.execPath, [PROGRAM, "run", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", ...local.env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || !said.includes("hello\n")) throw new Error(said);
  return Date.now() - began;
}
