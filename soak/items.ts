/**
 * Proofs of steps with items on real processes. 500 items of 0.05 to 20 s on 5 tasks of 4 workers, in the order drawn, then again when their times are
 * known, and in a list that has the longest first: one task is lost and S3 is away for ten seconds, each item ends, and what began twice had begun in
 * the lost task. The wall time is compared with that of longest first and of index arithmetic, computed from the lengths, the times at which the tasks were ready, and the death. Then
 * 10,000 items of nothing: what each costs the step and the containers. Then how long a worker waits that has no stock, as long as items are left. Then
 * sessions alone, each cut twice. Then a cancel in the middle.
 *
 *     --scale N     all lengths are divided by N; 1 unless given
 *     --only A,B    of `drawn`, `known`, `sorted`, `nothing`, `idle`, `waits`, `sessions`, `cancel`; all unless given
 *     --tasks N     how many tasks the items of nothing, `idle` and `waits` have; 20 unless given, 3 with `waits`
 *     --count N     how many items of nothing there are; 10,000 unless given
 *     --seed N      for the lengths; 1 unless given
 *     --spread S    of the lengths: `even` unless given, or `tailed`, whose list in the order drawn is by itself about 1.1 of longest first
 *     --log FILE    gets the steps' lines, each with its time, and that of each item
 */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Aws, type Inputs, type StepOptions } from "../__tests__/helpers/local.ts";
import type { StepResult } from "../local/runner/step.ts";
import { Cost, type MemorySample, samplesIn } from "./items/cost.ts";
import { byIndex, type Crew, drawSeconds, inOrder, longestFirst, type Spread } from "./items/schedule.ts";
import { groupBy, type Run, Witness } from "./items/witness.ts";

const string = { type: "string" } as const;
const { values } = parseArgs({
  options: {
    scale: string,
    only: string,
    tasks: string,
    count: string,
    seed: string,
    spread: string,
    log: string,
  },
});
const scale = Number(values.scale ?? 1);
const spread: Spread = values.spread === "tailed" ? "tailed" : "even";
/** `more` keeps the lengths of one proof from being those of another one. */
const draw = (count: number, more = 0): readonly number[] =>
  drawSeconds(count, Number(values.seed ?? 1) + more, scale, spread);
const WORKERS = 4;
/** The heap of main in MiB while it hands out items of nothing, and what it may keep more after their first quarter: of each item its end. */
const MAIN_HEAP = 64;
const MOST_KEPT = 8;

/** The job of the workflow whose record has the times of the items in the order drawn. */
const DRAWN = { env: { GITHUB_JOB: "drawn" } };

interface Entry {
  readonly index: number;
  readonly outcome: string;
  readonly attempts: number;
}

const faults: string[] = [];
const check = (what: string, holds: boolean): void => {
  console.log(`${holds ? "holds" : "FAILS"}: ${what}`);
  if (!holds) faults.push(what);
};
const tell = (what: string): void => console.log(`       ${what}`);
const note = (line: string): void => {
  if (values.log !== undefined) appendFileSync(values.log, `${(Date.now() / 1000).toFixed(3)} ${line}\n`);
};
const load = (): string =>
  `load of the machine ${loadavg()
    .map((value) => value.toFixed(1))
    .join(" ")}`;

/** A cancel calls StopTask at once, and an item that is told to stop is to have more time than the tests' half second. */
const aws = await Aws.start({ stopTimeout: 5_000, log: (line) => note(`LOCAL ${line}`) });
const { local, made } = aws.world;
const withBucket = { bucket: made.bucket, logs: "bucket" };
const proofs: Readonly<Record<string, () => Promise<void>>> = {
  drawn: () => proveOrder("drawn", 1.1),
  known: proveKnown,
  sorted: () => proveOrder("sorted", 1.1),
  nothing: proveNothing,
  idle: proveIdle,
  waits: proveWaits,
  sessions: proveSessions,
  cancel: proveCancel,
};
try {
  for (const [name, prove] of Object.entries(proofs)) {
    if (values.only?.split(",").includes(name) === false) continue;
    console.log(`${name}, ${load()}`);
    await prove();
    await checkNothingLeft();
    tell(load());
  }
} finally {
  await aws.stop();
}
process.exitCode = faults.length === 0 ? 0 : 1;

function newTasks(tasks: number, more: Inputs): Inputs {
  return { service: made.service, start: "true", tasks: String(tasks), workers: String(WORKERS), ...more };
}

interface Watched {
  readonly result: StepResult;
  readonly witness: Witness;
  /** When each attempt of a task showed its header, in milliseconds since the epoch. */
  readonly ready: readonly { readonly task: number; readonly at: number }[];
}

/** Runs a step whose items sleep for these lengths. `onEnds` is told how much of all work has ended. */
async function sleepItems(
  tasks: number,
  seconds: readonly number[],
  more: Inputs,
  onEnds: (share: number, witness: Witness) => void = () => undefined,
  options: StepOptions = {},
): Promise<Watched> {
  const witness = await Witness.start();
  const total = seconds.reduce((sum, length) => sum + length, 0);
  let done = 0;
  witness.onEnd = ({ index }) => onEnds((done += seconds[index] ?? 0) / total, witness);
  witness.onLine = note;
  const ready: { task: number; at: number }[] = [];
  const items = seconds.map((length, index) => `item-${index} ${length}`).join("\n");
  const inputs = newTasks(tasks, { shell: "bash", items, run: witness.script, ...more });
  const result = await aws.step(inputs, {
    ...options,
    onLine: (line) => {
      note(line);
      const [, task] = /^\[task (\d+)\] fargate-exec run=/.exec(line) ?? [];
      if (task !== undefined) ready.push({ task: Number(task), at: Date.now() });
    },
  });
  witness.stop();
  return { result, witness, ready };
}

function once(share: number, act: (witness: Witness) => void): (now: number, witness: Witness) => void {
  let isDone = false;
  return (now, witness) => {
    if (isDone || now < share) return;
    isDone = true;
    act(witness);
  };
}

/** The same items again, when an earlier run has kept their times. */
async function proveKnown(): Promise<void> {
  const drawn = draw(500);
  if (values.only?.split(",").includes("drawn") === false)
    checkRuns(await sleepItems(5, drawn, withBucket, undefined, DRAWN), drawn.length, undefined);
  await proveOrder("known", 1.05);
}

async function proveOrder(name: "drawn" | "known" | "sorted", most: number): Promise<void> {
  const drawn = draw(500);
  const seconds = name === "sorted" ? drawn.toSorted((a, b) => b - a) : drawn;
  let lost: { readonly hostname: string; readonly at: number } | undefined;
  const away = once(0.25, () => {
    const fault = { code: "ServiceUnavailable", message: "away", status: 503, lasts: 10_000 };
    const api = ["GET", "PUT", "POST", "DELETE"].map((method) => ({ operation: `${method} /*`, ...fault }));
    note("AWAY");
    void local.inject({ api });
  });
  const kill = once(0.5, ({ runs }) => {
    const hostname = runs.at(-1)?.hostname ?? "";
    const task = local.tasks.find((one) => one.hostname === hostname)?.id ?? "";
    note(`KILL ${hostname}`);
    lost = { hostname, at: Date.now() };
    const why = { stopCode: "TerminationNotice", stoppedReason: "Task maintenance", abrupt: true } as const;
    void local.inject({ task: { task, ...why } });
  });
  const inputs = { ...withBucket, retry: "infrastructure" };
  const onEnds = (share: number, witness: Witness): void => {
    away(share, witness);
    kill(share, witness);
  };
  const watched = await sleepItems(5, seconds, inputs, onEnds, name === "sorted" ? {} : DRAWN);
  checkRuns(watched, seconds.length, lost?.hostname);
  const known = /: (\d+) of \d+ are known/.exec(watched.result.log.join("\n"))?.[1] ?? "0";
  tell(`the times of ${known} items were known`);
  checkWall(watched, seconds, lost?.at, most, name);
}

/** Each item ended once, or twice when it began in the lost task. */
function checkRuns({ result, witness }: Watched, count: number, lost: string | undefined): void {
  const { outputs } = result;
  check(`exit code ${outputs["exit-code"]}, ${outputs["outcome"]}`, outputs["exit-code"] === "0");
  const entries = entriesOf(result);
  const green = entries.filter(({ outcome }) => outcome === "succeeded").length;
  check(`${green} of ${count} results are green`, green === count);
  const byItem = groupBy(witness.runs, ({ index }) => index);
  const ended = [...byItem.values()].filter((runs) => runs.some((run) => run.ended !== undefined)).length;
  check(`${ended} of ${count} items have told their end`, ended === count);
  const twice = [...byItem.values()].filter((runs) => runs.length > 1);
  const wrong = twice.filter((runs) => runs.length > 2 || runs[0]?.hostname !== lost);
  const twiceEnded = twice.filter((runs) => runs.every((run) => run.ended !== undefined)).length;
  check(
    `${twice.length} began twice, ${twiceEnded} of them also ended twice, ${wrong.length} without the loss of their task`,
    wrong.length === 0,
  );
  const again = entries.filter(({ attempts }) => attempts > 1).length;
  tell(`${again} are said to have begun more than once`);
  if (faults.length > 0) console.log(result.log.slice(-60).join("\n"));
}

function checkWall(
  { witness, ready }: Watched,
  seconds: readonly number[],
  died: number | undefined,
  most: number,
  name: "drawn" | "known" | "sorted" = "drawn",
): void {
  const ends = witness.runs.flatMap(({ ended }) => ended ?? []);
  const zero = Math.min(...ready.map(({ at }) => at));
  const since = (at: number): number => (at - zero) / 1000;
  const wall = since(Math.max(...ends));
  const again = ready.find(({ task }, at) => ready.findIndex((one) => one.task === task) < at);
  const crews = ready.map(({ task, at }): Crew => {
    const dies = task === again?.task && at !== again.at && died !== undefined ? since(died) : undefined;
    return { workers: WORKERS, ready: since(at), dies };
  });
  const best = longestFirst(seconds, crews);
  const cut = byIndex(seconds, crews);
  const times = crews.map(
    (crew) => crew.ready.toFixed(2) + (crew.dies === undefined ? "" : ` (died ${crew.dies.toFixed(2)})`),
  );
  tell(`tasks ready at ${times.join(", ")} s`);
  check(
    `wall time ${wall.toFixed(2)} s, longest first ${best.toFixed(2)} s: ${(wall / best).toFixed(3)} of at most ${most}`,
    wall / best <= most,
  );
  const blind = inOrder(seconds, crews);
  const share = `in the order given without a pause ${blind.toFixed(2)} s: ${(wall / blind).toFixed(3)}`;
  if (name === "known") tell(share);
  else check(share, wall / blind <= 1.1);
  tell(`index arithmetic ${cut.toFixed(2)} s: ${(wall / cut).toFixed(3)}`);
  tellGaps(witness);
}

/** How long workers had nothing between two items: by the time from an end to the next begin in the same container. */
function gapsOf(runs: readonly Run[]): readonly number[] {
  const gaps: number[] = [];
  for (const own of groupBy(runs, ({ hostname }) => hostname).values()) {
    const free: number[] = [];
    const events = own.flatMap(({ began, ended }) => [
      { at: began, isEnd: false },
      ...(ended === undefined ? [] : [{ at: ended, isEnd: true }]),
    ]);
    for (const { at, isEnd } of events.sort((a, b) => a.at - b.at)) {
      if (isEnd) free.push(at);
      else if (free.length > 0) gaps.push(at - (free.shift() ?? at));
    }
  }
  return gaps.sort((a, b) => a - b);
}

function tellGaps({ runs }: Witness): void {
  const gaps = gapsOf(runs);
  const at = (share: number): string => String(gaps[Math.floor(share * (gaps.length - 1))]);
  tell(
    `milliseconds between two items of a worker: median ${at(0.5)}, 90 % ${at(0.9)}, 99 % ${at(0.99)}, most ${at(1)}`,
  );
}

async function proveNothing(): Promise<void> {
  const [tasks, count] = [Number(values.tasks ?? 20), Number(values.count ?? 10_000)];
  const items = Array.from({ length: count }, (_, index) => `n${index}`).join("\n");
  const mark = `soak-${process.pid}-nothing`;
  const own = local.tasks.length;
  const cost = new Cost(mark, () => local.tasks.slice(own));
  const began = Date.now();
  const run = `# ${mark}\necho "$FARGATE_EXEC_ITEM"; ${process.env["MORE"] ?? ""}`;
  const folder = mkdtempSync(join(tmpdir(), "soak-items-"));
  const memory = join(folder, "memory");
  const probe = new URL("items/memory-probe.ts", import.meta.url).href;
  const env = { SOAK_MEMORY: memory, NODE_OPTIONS: `--import=${probe} --max-old-space-size=${MAIN_HEAP}` };
  const result = await aws.step(newTasks(tasks, { ...withBucket, items, run }), { env });
  const seconds = (Date.now() - began) / 1000;
  cost.stop();
  const samples = samplesIn(memory);
  rmSync(folder, { recursive: true });
  const printed = result.log.flatMap((line) => /\] (n\d+)$/.exec(line)?.[1] ?? []);
  check(
    `${new Set(printed).size} of ${count} items have printed, ${printed.length} lines, ${result.outputs["outcome"]} after ${seconds.toFixed(0)} s on ${tasks} tasks`,
    new Set(printed).size === count && printed.length === count && result.outputs["exit-code"] === "0",
  );
  check(`main ${(cost.main / count).toFixed(2)} ms of processor time an item`, cost.main / count <= 2);
  check(
    `containers ${(cost.inContainers / count).toFixed(1)} ms of processor time an item`,
    cost.inContainers / count <= 20,
  );
  const at = (share: number): MemorySample =>
    samples[Math.floor(share * (samples.length - 1))] ?? { pid: 0, kept: NaN, whole: NaN };
  const moments = [at(0.25), at(0.5), at(0.75), at(0.95)];
  const most = Math.max(...samples.map(({ kept }) => kept));
  const words = (of: "kept" | "whole"): string => moments.map((sample) => sample[of].toFixed(1)).join(", ");
  check(
    `main keeps ${words("kept")} MiB after a quarter, a half, three quarters, and near the end, never more than ${most.toFixed(1)}`,
    most - at(0.25).kept < MOST_KEPT,
  );
  tell(`its whole memory then: ${words("whole")} MiB, with a heap of at most ${MAIN_HEAP}`);
}

/** One item sleeps, all other workers have nothing to do. */
async function proveIdle(): Promise<void> {
  const tasks = Number(values.tasks ?? 20);
  for (const way of [withBucket, { logs: "session" }]) {
    const mark = `soak-${process.pid}-idle-${way.logs}`;
    const own = local.tasks.length;
    const cost = new Cost(mark, () => local.tasks.slice(own));
    const items = Array.from({ length: tasks * WORKERS }, (_, index) => `item ${index === 0 ? 30 : 0}`);
    const unique = items.map((item, index) => item.replace(" ", `-${index} `)).join("\n");
    const looks: { readonly at: number; readonly main: number; readonly each: number }[] = [];
    const timer = setInterval(
      () => looks.push({ at: Date.now(), main: cost.main, each: cost.inContainers }),
      1_000,
    );
    const result = await aws.step(
      newTasks(tasks, { ...way, items: unique, run: `# ${mark}\nsleep "\${FARGATE_EXEC_ITEM#* }"` }),
    );
    clearInterval(timer);
    cost.stop();
    const [from, to] = [looks.at(-20), looks.at(-5)];
    check(`exit code ${result.outputs["exit-code"]} by ${way.logs}`, result.outputs["exit-code"] === "0");
    if (from === undefined || to === undefined) continue;
    const seconds = (to.at - from.at) / 1000;
    tell(
      `idle workers of ${tasks} tasks by ${way.logs}: ${((to.each - from.each) / seconds / 10).toFixed(1)} % of a processor in all containers, main ${((to.main - from.main) / seconds / 10).toFixed(1)} %`,
    );
  }
}

/**
 * Three items for each worker, of four seconds and a little, or so long that this machine, which has all tasks, ends ten in a second. Nothing is known
 * of them before the first ones end, so no task has a stock, and a worker waits for the way of the fact, the order, and the look for it.
 */
async function proveWaits(): Promise<void> {
  const tasks = Number(values.tasks ?? 3);
  const least = Math.max(4, (tasks * WORKERS) / 10);
  const seconds = Array.from(
    { length: 3 * tasks * WORKERS },
    (_, index) => least * (1 + (index % 7) / (tasks > 10 ? 7 : 40)),
  );
  for (const [way, most] of [
    [withBucket, tasks > 50 ? 4_000 : 2_500],
    [{ logs: "session" }, 500],
  ] as const) {
    const { witness, result } = await sleepItems(tasks, seconds, way);
    check(`exit code ${result.outputs["exit-code"]} by ${way.logs}`, result.outputs["exit-code"] === "0");
    tellGaps(witness);
    // The last item of a worker has no next one. A gap before that is a wait although items are left.
    const longest = gapsOf(witness.runs).at(-1) ?? 0;
    check(
      `a worker of ${tasks} tasks waits at most ${longest} ms by ${way.logs}, of ${most}`,
      longest <= most,
    );
  }
}

async function proveSessions(): Promise<void> {
  const seconds = draw(200, 1);
  const cut = [0.3, 0.6].map((share) => once(share, () => void local.inject({ session: { do: "cut" } })));
  const watched = await sleepItems(4, seconds, { logs: "session" }, (share, witness) => {
    for (const one of cut) one(share, witness);
  });
  checkRuns(watched, seconds.length, undefined);
  checkWall(watched, seconds, undefined, Infinity);
}

async function proveCancel(): Promise<void> {
  for (const way of [withBucket, { logs: "session" }]) {
    const seconds = draw(200, 2);
    const cancel = new AbortController();
    let at = Infinity;
    const act = once(0.4, () => {
      at = Date.now();
      note("CANCEL");
      cancel.abort();
    });
    const { result, witness } = await sleepItems(4, seconds, way, act, { signal: cancel.signal });
    tell(`by ${way.logs}: ${result.conclusion} ${((Date.now() - at) / 1000).toFixed(1)} s after the cancel`);
    const entries = entriesOf(result);
    const told = groupBy(entries, ({ outcome }) => outcome);
    tell([...told].map(([outcome, all]) => `${all.length} ${outcome}`).join(", "));
    const runOf = new Map(witness.runs.map((run) => [run.index, run]));
    const wrong = entries.filter(({ index, outcome }) => {
      const run = runOf.get(index);
      // A script that was stopped before its first word is one that was in hand.
      if (run === undefined) return outcome !== "not-started" && outcome !== "cancelled";
      if (run.ended !== undefined && run.ended < at) return outcome !== "succeeded";
      return outcome === "not-started" || outcome === "unknown";
    });
    check(
      `${entries.length} of 200 items are told, ${wrong.length} of them wrongly`,
      entries.length === 200 && wrong.length === 0,
    );
    if (wrong.length > 0) console.log(result.log.slice(-60).join("\n"));
    for (const one of wrong.slice(0, 5)) console.log(JSON.stringify([one, runOf.get(one.index), at]));
  }
}

function entriesOf({ outputs }: StepResult): readonly Entry[] {
  return JSON.parse(outputs["results"] ?? "[]") as Entry[];
}

async function checkNothingLeft(): Promise<void> {
  await sleep(1_000);
  const alive = aws.startedAndAlive().length;
  const objects = (await aws.objects()).filter((key) => !key.includes("/items/times/")).length;
  check(`${alive} tasks and ${objects} objects are left`, alive === 0 && objects === 0);
}
