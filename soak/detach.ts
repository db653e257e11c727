/**
 * Proves that detached jobs can be followed by other processes. A step detaches from a job, and its process is killed. Another step follows
 * the job to its end, and shows every line and the exit code. With a second job, the following process is killed as well, and then the
 * task, at random moments. A third step shows exactly the output in the bucket, and why the task has stopped. `SOAK_ROUNDS` is how many
 * jobs of each kind there are.
 */
import { GetObjectCommand } from "@aws-sdk/client-s3";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startStep } from "../bench/step.ts";
import { parseFileCommands } from "../local/runner/files.ts";
import { Aws, type Inputs, mainLog } from "../__tests__/helpers/local.ts";

const ROUNDS = Number(process.env["SOAK_ROUNDS"] ?? 10);
const LINES = 300;
const root = mkdtempSync(join(tmpdir(), "soak-"));
const aws = await Aws.start();
const { cluster, bucket } = aws.world.made;
const faults: string[] = [];
try {
  for (let round = 0; round < ROUNDS; round += 1) {
    await toTheEnd(round);
    await untilItsTaskIsKilled(round);
  }
} finally {
  await aws.stop();
  rmSync(root, { recursive: true });
}
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

async function toTheEnd(round: number): Promise<void> {
  const handle = await detach(`ends-${round}/`, `${count(LINES)}; exit 7`);
  const { outputs } = await aws.step({ handle });
  const lines = numbers(outputs["stdout"] ?? "");
  console.log(
    `${round}: detached, followed to its end: ${lines.length} lines, exit code ${outputs["exit-code"]}`,
  );
  if (outputs["exit-code"] !== "7" || lines.join() !== upTo(LINES).join())
    faults.push(`${round}: ${lines.length} lines and the exit code ${outputs["exit-code"]}`);
}

async function untilItsTaskIsKilled(round: number): Promise<void> {
  const prefix = `killed-${round}/`;
  const task = await aws.runningTask();
  const handle = await detach(prefix, count(100_000), task.id);
  const follower = await processOf({ handle });
  await follower.line(/^50$/m);
  await sleep(Math.random() * 2_000);
  follower.signal("SIGKILL");
  await follower.ended;
  await sleep(Math.random() * 2_000);
  await aws.world.local.inject({ task: { task: task.id, abrupt: true, stopCode: "SpotInterruption" } });
  const uploaded = numbers(await spoolIn(prefix));
  const result = await aws.step({ handle });
  const shown = numbers(result.outputs["stdout"] ?? "");
  const hasReason = mainLog(result).join("\n").includes("SpotInterruption");
  console.log(
    `${round}: task killed: ${uploaded.length} lines in the bucket, ${shown.length} shown, ${hasReason ? "with" : "WITHOUT"} the reason`,
  );
  const isExact = shown.join() === uploaded.join() && shown.join() === upTo(shown.length).join();
  if (!isExact || shown.length < 50 || !hasReason || result.outputs["outcome"] !== "unknown")
    faults.push(`${round}: shown up to ${shown.at(-1)}, in the bucket up to ${uploaded.at(-1)}`);
}

/** Starts a job and detaches from it. The step's process is killed once it has written the handle. */
async function detach(prefix: string, run: string, id?: string): Promise<string> {
  const task = id ?? (await aws.runningTask()).id;
  const at = mkdtempSync(join(root, "detaches-"));
  const step = await processOf({ cluster, task, bucket: `${bucket}/${prefix}`, detach: "true", run }, at);
  const written = (): string | undefined =>
    new Map(parseFileCommands(readFileSync(join(at, "OUTPUT"), "utf8"))).get("handle");
  const ended = step.ended.then(() => true);
  while (!written() && !(await Promise.race([ended, sleep(1)]))) continue;
  step.signal("SIGKILL");
  const handle = written();
  if (!handle) throw new Error(`the step did not detach from a job:\n${step.log()}`);
  return handle;
}

/** A process of the action's main part without a runner around it, as when the runner is killed. */
async function processOf(inputs: Inputs, at = mkdtempSync(join(root, "step-"))) {
  return await startStep(at, inputs, { env: { ...aws.world.local.env, ...aws.keysFor(inputs) } });
}

/** The bytes of the spool in the bucket. Each object is a header line and a part of the spool. */
async function spoolIn(prefix: string): Promise<string> {
  const keys = (await aws.objects(prefix)).filter((key) => /\/\d+$/.test(key));
  const bodies = await Promise.all(
    keys
      .toSorted((a, b) => numberOf(a) - numberOf(b))
      .map(async (Key) => {
        const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
        const object = Buffer.from((await Body?.transformToByteArray()) ?? []);
        return object.subarray(object.indexOf("\n") + 1);
      }),
  );
  return Buffer.concat(bodies).toString();
}

function numberOf(key: string): number {
  return Number(key.split("/").at(-1));
}

function count(to: number): string {
  return `i=0; while [ $i -lt ${to} ]; do i=$((i+1)); echo $i; sleep 0.01; done`;
}

function numbers(text: string): string[] {
  return text.split("\n").filter((line) => /^\d+$/.test(line));
}

function upTo(last: number): string[] {
  return Array.from({ length: last }, (_, i) => String(i + 1));
}
