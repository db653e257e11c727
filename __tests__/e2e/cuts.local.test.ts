import { readFileSync } from "node:fs";
import type { StepResult } from "../../local/runner/step.ts";
import type { SessionView } from "../../local/gateway/session.ts";
import type { Orders } from "../../local/orders.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, jobLog, withoutInit } from "../helpers/local.ts";

/** How many runs at once, each on a Fargate of its own. Each cut is a run, and a run mostly waits. */
const AT_ONCE = process.env["EVERY_CUT"] === undefined ? 1 : 2;
/** Whether there is a cut after each frame (`npm run soak cuts`), or only after each `STEP`-th. */
const all = process.env["EVERY_CUT"] !== undefined;
const STEP = all ? 1 : 80;

/** For one test, in milliseconds: a cut takes some seconds, and a run has two hundred frames. */
const PATIENCE = all ? 3_600_000 : 300_000;

/** A local Fargate and a task in it. */
interface Lane {
  readonly aws: Aws;
  readonly task: Task;
}

let lanes: readonly Lane[];

beforeAll(async () => {
  lanes = await Promise.all(Array.from({ length: AT_ONCE }, () => startLane()));
});
afterEach(() => lanes.forEach(({ aws }) => aws.world.local.calm()));
afterAll(() => Promise.all(lanes.map(({ aws }) => aws.stop())));

async function startLane(): Promise<Lane> {
  const aws = await Aws.start({ sessionLimit: 2 });
  // Without a session log, since a third session would wait for the agent's upload.
  return { aws, task: await aws.runningTask(await aws.register("unlogged", [withoutInit])) };
}

/** A script that counts its runs in the container. Its output crosses the session in many pieces. */
const short = `echo ran >>"/var/tmp/$KEY"
for i in 1 2 3; do echo "line $i"; echo "problem $i" >&2; sleep 0.03; done
printf 'größer\\r\\n\\033[31m日本語\\033[0m'
exit 37
`;
const stdout = ["line 1", "line 2", "line 3", "größer\r", "\u001b[31m日本語\u001b[0m"];
const stderr = ["problem 1", "problem 2", "problem 3"];

let runs = 0;

interface Cut {
  readonly result: StepResult;
  readonly timesRun: number;
  /** The sessions of this run, in the order of their creation. */
  readonly sessions: readonly SessionView[];
}

async function runThrough({ aws, task }: Lane, orders: Orders, run: string): Promise<Cut> {
  const KEY = `cut-${(runs += 1)}`;
  const { local } = aws.world;
  const before = local.gateway.sessions.length;
  local.calm();
  await local.inject(orders);
  const result = await aws.step({ task: task.id, run, env: `KEY=${KEY}` });
  const pid = task.containers[0]?.handle?.pid ?? 0;
  const timesRun = readFileSync(`/proc/${pid}/root/var/tmp/${KEY}`, "utf8").split("\n").length - 1;
  return { result, timesRun, sessions: local.gateway.sessions.slice(before) };
}

/** Checks that the script ran once, and that its exit code and its output are right, each line once and in order. */
function expectWhole({ result, timesRun }: Cut, after: string): void {
  // The action's own lines about its sessions come between them.
  const lines = jobLog(result).filter((line) => !/^Session '?ecs-execute-command-/.test(line));
  expect({
    after,
    stdout: result.outputs["stdout"],
    shown: lines.filter((line) => !line.startsWith("problem")),
    stderr: lines.filter((line) => line.startsWith("problem")),
    exitCode: result.outputs["exit-code"],
    outcome: result.outputs["outcome"],
    timesRun,
  }).toEqual({
    after,
    stdout: stdout.join("\n"),
    shown: stdout.map((line) => line.replace("\r", "")),
    stderr,
    exitCode: "37",
    outcome: "failed",
    timesRun: 1,
  });
}

/** The number of frames of a run without a cut, in both directions together. */
async function framesOfARun(): Promise<number> {
  const [first] = lanes;
  if (first === undefined) throw new Error("no lane");
  const uncut = await runThrough(first, {}, short);
  expectWhole(uncut, "no cut");
  const [session] = uncut.sessions;
  if (session === undefined) throw new Error("no session");
  return session.frames["to-agent"] + session.frames["to-client"];
}

/** The indices of every `step`-th frame of a run. */
async function framesToCut(step: number): Promise<number[]> {
  const frames = await framesOfARun();
  return [...Array(Math.ceil((frames + 1) / step)).keys()].map((at) => at * step);
}

/** Runs the short script once for each index, with a cut at that frame. Returns the runs that were cut. */
async function cutAtEach(indices: readonly number[], gateway: Orders["gateway"] = {}): Promise<Cut[]> {
  const waiting = [...indices];
  const done = new Map<number, Cut>();
  await Promise.all(
    lanes.map(async (lane) => {
      for (let at = waiting.shift(); at !== undefined; at = waiting.shift())
        done.set(
          at,
          await runThrough(lane, { link: { sessions: 1, cut: { afterFrames: at } }, gateway }, short),
        );
    }),
  );
  for (const [at, cut] of done) expectWhole(cut, `a cut after frame ${at}`);
  // The number of frames varies a little, so the runs of the last indices may have had no cut.
  const wasCut = ({ sessions: [first] }: Cut): boolean => first?.cuts === 1;
  const spared = [...done].filter(([at, cut]) => at < 0.7 * (indices.at(-1) ?? 0) && !wasCut(cut));
  expect(spared).toEqual([]);
  return [...done.values()].filter(wasCut);
}

it(
  "a cut after any frame costs nothing where the old token is still accepted",
  async () => {
    const cuts = await cutAtEach(await framesToCut(STEP));
    // All went on in the same session.
    expect(cuts.map(({ sessions }) => sessions.length).filter((count) => count !== 1)).toEqual([]);
  },
  PATIENCE,
);
