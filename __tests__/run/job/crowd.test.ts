import { systemClock } from "../../../src/clock.ts";
import type { CarrierEvent } from "../../../src/carriers/carrier.ts";
import { PiecesCarrier } from "../../../src/carriers/pieces-carrier.ts";
import { readCarrier } from "../../../src/carriers/read-carrier.ts";
import { JobOutput } from "../../../src/run/job/output.ts";
import { pieceLimits, StepBudget } from "../../../src/run/step-budget.ts";
import { realWorld } from "../../../src/run/step/world.ts";
import { BucketScene } from "../../carriers/bucket-scene.ts";
import { Listener } from "../../helpers/listener.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";

// All output of a fan-out comes at once: its containers have uploaded it before the step reads the first piece.

const TASKS = 200;
const PIECES = 2;
const MIB = 1024 * 1024;
const log = new Listener();
const budget = new StepBudget();
const WORDS = { confirmed: 0, stop: undefined, endsTask: false, order: undefined, itemOrders: [] } as const;
const LINE = "x".repeat(99);

/** Counts the bytes of pieces that were read and not handled, of all jobs. */
class Held {
  most = 0;
  #now = 0;

  note(bytes: number): void {
    this.#now += bytes;
    this.most = Math.max(this.most, this.#now);
  }
}

/** The pieces of a container that uploads as much at once as it may. */
function fill(bucket: BucketScene, size: number): void {
  const body = `${LINE}\n`.repeat(Math.floor(size / 100));
  for (let n = 0; n < PIECES; n += 1) bucket.put("out", n, n * body.length, body);
  bucket.put("end", PIECES, PIECES * body.length, "exited 0=0:1");
}

/** Follows a job to its end by its pieces, with what a step of so many tasks has for it. */
async function follow(task: number, held: Held, lines: { count: number }) {
  const output = new JobOutput(
    { nonce: "n", workers: 1 },
    {
      ...{ inputs: anInputs(), target: aTarget(), log, clock: systemClock, workspace: "/", budget },
      ...{ gunzip: realWorld.gunzip, drained: () => systemClock.turn() },
      write: ({ bytes }) => (lines.count += bytes.toString("latin1").split("\n").length),
      origin: { fanOut: { runId: "r", task, tasks: TASKS } },
    },
  );
  const bucket = new BucketScene(systemClock, log);
  bucket.limits = pieceLimits(TASKS);
  const store = bucket.open();
  fill(bucket, bucket.limits.size);
  const read = store.read.bind(store);
  store.read = async (name) => {
    const answer = await read(name);
    if (answer.kind === "found") held.note(answer.bytes.length);
    return answer;
  };
  const carrier = new PiecesCarrier({
    ...{ store, access: await store.access(), begin: 0, isShared: false, words: WORDS, until: Infinity },
    ...{ clock: systemClock, log, noteRead: () => undefined, stop: () => Promise.resolve(true) },
  });
  async function* handled(): AsyncGenerator<CarrierEvent> {
    for await (const event of carrier.events) {
      if (event.kind === "proven") carrier.takeOver();
      yield event;
      if (event.kind === "bytes") held.note(-event.bytes.length);
    }
  }
  const { spool, show, drained } = output;
  const { end } = await readCarrier({ events: handled() }, { spool, show, drained });
  await carrier.close();
  return { end, output: output.end() };
}

it("two hundred honest tasks whose output comes at once all end well, lose no line, and take what a step has for them", async () => {
  const held = new Held();
  const lines = { count: 0 };
  const jobs = await Promise.all(Array.from({ length: TASKS }, (_, task) => follow(task, held, lines)));
  expect(new Set(jobs.map(({ end }) => end.kind))).toEqual(new Set(["status"]));
  expect(lines.count).toBe(TASKS * PIECES * Math.floor(pieceLimits(TASKS).size / 100));
  expect(new Set(jobs.map(({ output }) => output.stdout.endsWith(LINE)))).toEqual(new Set([true]));
  expect(held.most).toBeLessThan(34 * MIB);
  expect(held.most).toBeGreaterThan(10 * MIB);
});

it("a piece that is larger than was ordered is not read, and a session goes on", async () => {
  const bucket = new BucketScene(systemClock, log);
  bucket.limits = pieceLimits(TASKS);
  const store = bucket.open();
  const { size } = bucket.limits;
  bucket.put("out", 0, 0, "x".repeat(size));
  bucket.put("out", 1, size, "x".repeat(size + 10_000 + 16 * 1024));
  const [fits, isTooLarge] = await Promise.all([store.read(0), store.read(1)]);
  expect(fits).toMatchObject({ kind: "found", bytes: { length: expect.any(Number) as number } });
  expect(isTooLarge).toEqual({ kind: "found", bytes: Buffer.alloc(0) });
});
