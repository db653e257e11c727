/**
 * Proofs of one step with a thousand tasks, under the published throttles. Twenty tasks really run; 980 have no processes, and an agent
 * that answers as the payload does. Each job's result and line is in its place. Tasks start as fast as Fargate starts them. The step's
 * process has at most 1 MB for each task, and its connections and reads of S3 are bounded. The log shows the progress. Outputs, summary
 * and the post step's state fit GitHub's and Linux's limits. No task is left. `FAN_TASKS` is the number of tasks, `FAN_SECONDS` how long
 * each job lasts.
 */
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryOf } from "../__tests__/helpers/memory.ts";
import { startStep, type Step } from "../bench/step.ts";
import { seed, type SeedNames } from "../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../local/start.ts";

const TASKS = Number(process.env["FAN_TASKS"] ?? 1_000);
const SECONDS = Number(process.env["FAN_SECONDS"] ?? 20);
const REAL = 20;
const MIB = 1024 * 1024;
/** Fargate's own rate: a burst of 100, then 20 a second. */
const FLOOR_S = Math.max(0, TASKS - 100) / 20;
/** The most jobs that begin within a second at that rate, and so print or end within one. */
const AT_ONCE = Math.min(TASKS, 120);
/**
 * The most reads of S3 in a second. After a piece a job looks again after 0.2, 0.3 and 0.45 s, so four times within a second. Later it looks
 * every half second, or every two when the step has more than 50 tasks (`src/carriers/pieces/reader.ts`, `src/run/job/job-pieces.ts`).
 */
const MOST_READS = 4 * AT_ONCE + (TASKS - AT_ONCE) / 2;

/** The most that the step's process had at once. */
interface Peak {
  /** In MiB. */
  memory: number;
  sockets: number;
}

interface StepResult {
  readonly code: number | null;
  readonly log: string;
  readonly peak: Peak;
  /** The files that the runner would read, by their names. */
  readonly files: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
}

const faults: string[] = [];
const check = (what: string, holds: boolean): void => {
  console.log(`${holds ? "holds" : "FAILS"}: ${what}`);
  if (!holds) faults.push(what);
};

const root = mkdtempSync(join(tmpdir(), "soak-"));
/** The first task is the service's. The second is that of the run with one task, for comparison. */
const local = await startLocalFargate({
  ...{ stopTimeout: 500, throttle: true },
  scripted: (task) =>
    task < 1 || (task >= 2 && task < 2 + REAL)
      ? undefined
      : { lines: [`this is ${Math.max(0, task - 2)}`], lasts: SECONDS * 1000, exitCode: 0 },
});
try {
  const made = await seed(local);
  const one = await run(1, made);
  check(`one task: exit code ${one.code}, ${one.peak.memory.toFixed(0)} MiB`, one.code === 0);
  const from = local.requests.length;
  const began = Date.now();
  const many = await run(TASKS, made);
  const seconds = (Date.now() - began) / 1000;
  check(`${TASKS} tasks: exit code ${many.code} after ${seconds.toFixed(0)} s`, many.code === 0);
  checkResults(many);
  checkResources(one, many);
  await checkCalls(local.requests.slice(from));
  if (many.code !== 0) console.log(many.log.slice(-5_000));
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}
process.exitCode = faults.length === 0 ? 0 : 1;

async function run(tasks: number, { cluster, service, bucket }: SeedNames): Promise<StepResult> {
  const own = mkdtempSync(join(root, "step-"));
  const inputs = { cluster, service, bucket, start: "true", tasks: String(tasks) };
  const script = `echo "this is $FARGATE_EXEC_TASK"; sleep ${SECONDS}`;
  const step = await startStep(own, { ...inputs, run: script }, local);
  const peak: Peak = { memory: 0, sockets: 0 };
  const sampling = setInterval(() => sample(step, peak), 200);
  const code = await step.ended;
  clearInterval(sampling);
  const names = ["OUTPUT", "STATE", "STEP_SUMMARY"];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(own, name), "utf8")]));
  return {
    code,
    log: step.log(),
    peak,
    files,
    outputs: Object.fromEntries(keyValues(files["OUTPUT"] ?? "")),
  };
}

function sample({ pid }: Step, peak: Peak): void {
  peak.memory = Math.max(peak.memory, memoryOf(pid)?.most ?? 0);
  peak.sockets = Math.max(peak.sockets, socketsOf(pid));
}

function socketsOf(pid: number): number {
  try {
    const kinds = readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return ""; // It was closed meanwhile.
      }
    });
    return kinds.filter((kind) => kind.startsWith("socket:")).length;
  } catch {
    return 0; // The process has ended.
  }
}

/** The names and values in a file that GitHub's runner reads: `NAME<<DELIMITER`, the value's lines, `DELIMITER`. */
function keyValues(text: string): readonly (readonly [name: string, value: string])[] {
  const found = [...text.matchAll(/^([\w-]+)<<(\S+)\r?\n([^]*?)\r?\n?^\2$/gm)];
  return found.map(([, name = "", , value = ""]) => [name, value]);
}

/** The most state that the post step could have got, if the main step had been killed at any time. */
function peakOfState(text: string): { readonly largest: number; readonly together: number } {
  const sizes = new Map<string, number>();
  let [now, largest, together] = [0, 0, 0];
  for (const [name, { length }] of keyValues(text)) {
    now += length - (sizes.get(name) ?? 0);
    sizes.set(name, length);
    largest = Math.max(largest, length);
    together = Math.max(together, now);
  }
  return { largest, together };
}

function checkResults({ log, outputs, files }: StepResult): void {
  const results = JSON.parse(outputs["results"] ?? "[]") as { taskArn: string; exitCode: number }[];
  const arns = JSON.parse(outputs["task-arns"] ?? "[]") as string[];
  const green = results.filter(
    ({ exitCode }, at) => exitCode === 0 && results[at]?.taskArn === arns[at],
  ).length;
  check(`${green} of ${TASKS} results are there, in their places, with exit code 0`, green === TASKS);
  const said = new Set(log.match(/^\[task \d+\] this is \d+$/gm));
  // A job without processes prints the number in which its task was made. Calls of RunTask that are under way together may arrive in any
  // order, so this may differ from the step's own number.
  const numberOf = new Map(local.tasks.slice(2).map(({ arn }, number) => [arn, number]));
  const right = arns.map((arn, task) => {
    const number = numberOf.get(arn) ?? -1;
    return said.has(`[task ${task}] this is ${number < REAL ? task : number}`);
  });
  check(
    `${right.filter(Boolean).length} of ${TASKS} jobs have shown their own line`,
    said.size === TASKS && right.length === TASKS && right.every(Boolean),
  );
  const sizes = [...Object.values(outputs), files["STEP_SUMMARY"] ?? ""].map((text) =>
    Buffer.byteLength(text),
  );
  check(
    `the largest output and the summary have ${Math.max(...sizes)} bytes of 1 MiB`,
    Math.max(...sizes) <= MIB,
  );
  const { largest, together } = peakOfState(files["STATE"] ?? "");
  check(
    `the state had ${together} bytes at most, ${largest} in one variable`,
    together < 1.5 * MIB && largest < MIB / 8,
  );
  const written = Buffer.byteLength(files["STATE"] ?? "");
  check(`the file of the state has ${(written / MIB).toFixed(1)} MiB`, written < 100 * MIB);
  const progress = log.match(/^\d+ of \d+ jobs begun, .*$/gm) ?? [];
  check(
    `${progress.length} lines say how far it is: ${progress.at(-2) ?? ""}`,
    progress.length >= SECONDS / 5,
  );
  const own = log.split("\n").filter((line) => !line.startsWith("[task ")).length;
  check(`${own} further lines`, own < 100 + TASKS / 5);
}

function checkResources(one: StepResult, many: StepResult): void {
  const each = (many.peak.memory - one.peak.memory) / (TASKS - 1);
  check(
    `${many.peak.memory.toFixed(0)} MiB, ${each.toFixed(3)} MiB for each further task`,
    each * MIB <= 1_000_000,
  );
  check(`${many.peak.sockets} sockets at once`, many.peak.sockets <= TASKS + 150);
}

async function checkCalls(calls: LocalFargate["requests"]): Promise<void> {
  const counts = new Map<string, number>();
  for (const { operation } of calls) {
    // An object counts under the last part of its name, or as a piece when that is a number.
    const name = operation.replace(/ \/.*\/([a-z]*)\d*$/, (_, part: string) => ` ${part || "piece"}`);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  console.log([...counts].map(([name, count]) => `${count} ${name}`).join(", "));
  const launches = calls.filter(({ operation }) => operation === "RunTask").map(({ at }) => at);
  const curve = (Math.max(...launches) - Math.min(...launches)) / 1000;
  const calls10 = Math.ceil(TASKS / 10);
  check(
    `${launches.length} calls of RunTask within ${curve.toFixed(1)} s, Fargate's floor is ${FLOOR_S} s`,
    launches.length <= 1.05 * calls10 && (FLOOR_S === 0 || curve <= FLOOR_S * 1.1),
  );
  const changes = (counts.get("ExecuteCommand") ?? 0) + (counts.get("StopTask") ?? 0);
  check(`${changes} calls of ExecuteCommand and StopTask`, changes <= 2.1 * TASKS);
  const looks = rateOf(calls.filter(({ operation }) => operation === "DescribeTasks"));
  check(`at most ${looks} calls of DescribeTasks in a second`, looks <= 20);
  const reads = rateOf(calls.filter(({ operation }) => operation.startsWith("GET /")));
  check(`at most ${reads} reads of S3 in a second`, reads <= MOST_READS);
  await sleep(1_000); // The last ones are on their way to STOPPED.
  const alive = local.tasks.slice(2).filter(({ lastStatus }) => lastStatus !== "STOPPED").length;
  check(`${alive} tasks are left`, alive === 0);
}

/** The most calls within one second. */
function rateOf(calls: LocalFargate["requests"]): number {
  const times = calls.map(({ at }) => at);
  return Math.max(0, ...times.map((from) => times.filter((at) => from <= at && at < from + 1_000).length));
}
