import { readUploadedPieces } from "../../src/carriers/uploaded-pieces.ts";
import type { CarrierEvent } from "../../src/carriers/carrier.ts";
import { Listener } from "../helpers/listener.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { BucketScene } from "./bucket-scene.ts";

/** Reads to the end of what was uploaded. */
async function readAll(prepare: (bucket: BucketScene) => void, cancel = new AbortController()) {
  const clock = new SteppedClock();
  const bucket = new BucketScene(clock, new Listener());
  const store = bucket.open();
  prepare(bucket);
  const events: CarrierEvent[] = [];
  const spool = { confirmed: 0 };
  let failed: unknown;
  let isOver = false;
  const reading = (async (): Promise<void> => {
    for await (const event of readUploadedPieces({ store, spool, clock, cancel: cancel.signal })) {
      events.push(event);
      if (event.kind === "confirmed") spool.confirmed = event.to;
      if (event.kind === "lost" || event.kind === "end") return;
    }
  })().catch((error: unknown) => (failed = error));
  void reading.then(() => (isOver = true));
  await clock.runUntil(() => isOver);
  return { events, failed, controls: bucket.controls };
}

const textOf = (events: readonly CarrierEvent[]): string =>
  events.map((event) => (event.kind === "bytes" ? Buffer.from(event.bytes).toString() : "")).join("");

it("all pieces that are there come in their order, from the byte at which the first one begins, and then no more", async () => {
  const { events, controls } = await readAll((bucket) =>
    bucket.put("out", 0, 7, "one\n").put("out", 1, 11, "two\n"),
  );
  expect(events[0]).toEqual({ kind: "attached", at: 7 });
  expect(events.filter(({ kind }) => kind === "attached")).toHaveLength(1);
  expect(textOf(events)).toBe("one\ntwo\n");
  expect(events.at(-1)).toEqual({ kind: "lost", why: { kind: "exhausted" } });
  expect(controls).toEqual([]);
});

it("the end of the job comes behind its last piece", async () => {
  const { events } = await readAll((bucket) => bucket.put("out", 0, 0, "one\n").put("end", 1, 4, "exited 0"));
  expect(textOf(events)).toBe("one\n");
  expect(events.at(-1)).toEqual({ kind: "end", length: 4, words: "exited 0" });
});

it("S3 that stays away ends the reads, and says why", async () => {
  const { events } = await readAll((bucket) => {
    bucket.put("out", 0, 0, "one\n");
    bucket.weather = "slow";
  });
  expect(events).toMatchObject([{ kind: "lost", why: { kind: "stalled" } }]);
});

it("a cancel throws its reason", async () => {
  const cancel = new AbortController();
  const { failed } = await readAll((bucket) => {
    bucket.put("out", 0, 0, "one\n");
    bucket.late = () => {
      cancel.abort(new Error("cancelled"));
      return Promise.resolve();
    };
  }, cancel);
  expect(failed).toEqual(new Error("cancelled"));
});
