/**
 * Proves that nothing that a container and a bucket can say crashes a step, makes a red job green, takes memory without bound, or causes a call or a
 * write that is not due: 100,000 cases in one process through the run and both cleanups, then 2,000 cases as real processes of main and
 * post against an agent that says them. `HOSTILE_CASES` and `HOSTILE_PROCESSES` set other numbers, and `HOSTILE_SEED` the first seed. Each seed that
 * fails is printed.
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { join } from "node:path";
import type { Flood } from "../local/agent/flood.ts";
import { BEL, MARK } from "../src/carriers/stream/marks.ts";
import { Aws } from "../__tests__/helpers/local.ts";
import { runMain } from "../__tests__/helpers/main-process.ts";
import { randomOf } from "../__tests__/helpers/seeds.ts";
import { type HostileCase, hostileCase, type Said } from "../__tests__/hostile/cases.ts";

const cases = Number(process.env["HOSTILE_CASES"] ?? 100_000);
const processes = Number(process.env["HOSTILE_PROCESSES"] ?? 2_000);
const first = Number(process.env["HOSTILE_SEED"] ?? randomInt(1_000_000, 2 ** 31));
/** The most memory of main and post, in MiB, beyond that of a step that prints one line. */
const MOST_MEMORY = 150;
/**
 * The process that runs all cases has this heap, in MiB: V8 would leave more uncollected than all cases hold. A case that needs more ends the
 * process. Stack traces take a fifth of its time; a seed that has failed is run alone to see its trace.
 */
const NODE = ["--max-old-space-size=96", "--stack-trace-limit=0", "--disable-warning=ExperimentalWarning"];
/** The local Fargates that run cases as processes. */
const AT_ONCE = 4;
const TOLD_EVERY = 50;
/** What no step may call that runs a job in a task of another one. */
const NOT_DUE = [
  "StopTask",
  "RunTask",
  "RegisterTaskDefinition",
  "DeregisterTaskDefinition",
  "PutObject",
  "DeleteObject",
];
/** The exit code of the script, which runs when a later session reaches the container. */
const TRUE_CODE = 3;

const program = join(import.meta.dirname, "../__tests__/hostile/run-cases.ts");
const words = [...NODE, program, String(first), String(cases)];
const inOne = cases === 0 ? 0 : spawnSync(process.execPath, words, { stdio: "inherit" }).status;
const failed = processes === 0 ? 0 : await runProcesses();
process.exitCode = inOne === 0 && failed === 0 ? 0 : 1;

/** Each of several local Fargates runs one case after the other: most of a case's time is that of waits. */
async function runProcesses(): Promise<number> {
  const began = Date.now();
  const seeds = theSeeds();
  const totals = { done: 0, failed: 0, most: 0 };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => runCasesOf(seeds, totals)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(
    `${processes} as processes, from seed ${first} on: ${totals.failed} failed; at most ${totals.most.toFixed(1)} MiB beyond idle; ${seconds} s`,
  );
  return totals.failed;
}

/** What a principal can put into a folder is proven in one process: an agent can't know the folder's name. */
function* theSeeds(): Generator<readonly [number, HostileCase]> {
  for (let seed = first, done = 0; done < processes; seed += 1) {
    const hostile = hostileCase(randomOf(seed));
    if (hostile.attacker === "bucket") continue;
    done += 1;
    yield [seed, hostile];
  }
}

async function runCasesOf(
  seeds: Iterable<readonly [number, HostileCase]>,
  totals: { done: number; failed: number; most: number },
): Promise<void> {
  const aws = await Aws.start();
  try {
    const idle = (await runOne(aws, undefined)).mostMemory;
    for (const [seed, hostile] of seeds) {
      // On a busy machine the local Fargate may not answer the proof itself in time.
      const again = (error: unknown): ReturnType<typeof runOne> => {
        console.log(`seed ${seed}, once more: ${String(error)}`);
        return runOne(aws, hostile);
      };
      const { problem, mostMemory } = await runOne(aws, hostile).catch(again);
      totals.most = Math.max(totals.most, mostMemory - idle);
      if ((totals.done += 1) % TOLD_EVERY === 0)
        console.log(`${totals.done} as processes, ${totals.failed} failed`);
      if (problem === undefined && mostMemory - idle <= MOST_MEMORY) continue;
      totals.failed += 1;
      console.log(`seed ${seed}: ${problem ?? `${Math.round(mostMemory - idle)} MiB beyond idle`}`);
    }
  } finally {
    await aws.stop();
  }
}

/** Runs main and post in a container whose agent says this in the first session; without a case, a step that prints one line. */
async function runOne(
  aws: Aws,
  hostile: HostileCase | undefined,
): Promise<{ readonly problem: string | undefined; readonly mostMemory: number }> {
  const { local, made } = aws.world;
  const task = await aws.runningTask();
  if (hostile !== undefined) await local.inject({ flood: floodOf(hostile) });
  const before = local.requests.length;
  const script = hostile === undefined ? "echo hello" : `exit ${TRUE_CODE}`;
  const inputs = {
    cluster: made.cluster,
    task: task.id,
    run: script,
    timeout: "10s",
    "start-timeout": "30s",
  };
  const run = await runMain(aws, inputs, () => undefined, { withPost: true });
  const calls = local.requests.slice(before).map(({ operation }) => operation);
  local.calm();
  task.stop("UserInitiated", "over", { abrupt: true });
  const undue = calls.filter((operation) => NOT_DUE.includes(operation));
  return {
    problem: problemOf(hostile, run) ?? (undue.length > 0 ? `${undue.join()} was not due` : undefined),
    ...run,
  };
}

function problemOf(
  hostile: HostileCase | undefined,
  { exitCode, postExitCode, outputs, errors }: Awaited<ReturnType<typeof runMain>>,
): string | undefined {
  const seen = `main ended with ${exitCode}, outcome ${outputs["outcome"]}, exit-code ${outputs["exit-code"]}; ${errors.slice(0, 500)}`;
  if (postExitCode !== 0) return `post ended with ${postExitCode}; ${seen}`;
  if (exitCode !== 0 && exitCode !== 1) return seen;
  const isGreen = exitCode === 0;
  if (hostile === undefined) return isGreen ? undefined : seen;
  if (isGreen !== (outputs["outcome"] === "succeeded")) return seen;
  if (hostile.attacker === "container") return isGreen ? `no success was said: ${seen}` : undefined;
  return outputs["exit-code"] === String(hostile.exitCode)
    ? undefined
    : `the exit code is ${hostile.exitCode}: ${seen}`;
}

function floodOf({ attacker, sessions, spool, exitCode }: HostileCase): Flood {
  const ready: Said = { bytes: Buffer.from(`${MARK}ready${BEL}\n`) };
  const honest: readonly Said[] = [
    ...[ready, { mark: "@0" }, { bytes: Buffer.from("\n") }, { bytes: spool }],
    { mark: `. ${spool.length} exited 0=${exitCode}:1` },
  ];
  const [opening = ready, ...rest] = attacker === "container" ? (sessions[0] ?? []) : honest;
  // The nonce is typed to an attacher that is ready. The agent would wait in vain for it.
  const nonce = textOf(opening, "") === textOf(ready, "") ? "NONCE" : "0".repeat(32);
  const parts = rest.map((said) => ({ text: textOf(said, nonce), bytes: 1, encoding: "latin1" as const }));
  return { opening: textOf(opening, nonce), parts: parts.filter(({ text }) => text !== "") };
}

function textOf(said: Said, nonce: string): string {
  return "mark" in said ? `${MARK}${nonce};${said.mark}${BEL}` : said.bytes.toString("latin1");
}
