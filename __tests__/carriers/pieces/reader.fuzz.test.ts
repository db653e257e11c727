import { PieceReader } from "../../../src/carriers/pieces/reader.ts";
import type { ObjectToRead, PieceEvent, ReadAnswer } from "../../../src/carriers/pieces/piece-events.ts";
import { forEachSeed, type Random, randomOf, sampleOf } from "../../helpers/seeds.ts";
import { FOLDER } from "./folder.ts";
import { FolderModel, OUTAGE_MS, SILENCE_MS, SLOWEST_MS } from "./folder-model.ts";

/** The number of seeds under `npm run soak fuzz`. */
const ALL = 20_000;
const RUNS = sampleOf(ALL) === ALL ? ALL : 500;
const HOUR = 3_600_000;

interface Read {
  readonly name: ObjectToRead;
  readonly from: number;
  readonly to: number;
}

interface Reading {
  readonly model: FolderModel;
  readonly events: readonly (PieceEvent & { readonly at: number })[];
  readonly reads: readonly Read[];
}

/** Drives a reader against the model until its last event, or for an hour. */
function readAll(random: Random): Reading {
  const model = new FolderModel(random);
  const reader = new PieceReader(FOLDER, 0, 0);
  const events: (PieceEvent & { at: number })[] = [];
  const reads: Read[] = [];
  let open: Read[] = [];
  for (let now = 0; now < HOUR;) {
    for (const name of reader.takeReads(now)) {
      const read = { name, from: now, to: now + model.latency() };
      reads.push(read);
      open.push(read);
    }
    const next = Math.min(reader.deadline(), ...open.map(({ to }) => to));
    if (next === Infinity) return { model, events, reads };
    now = Math.max(now, next);
    const answered = open.filter(({ to }) => to <= now);
    open = open.filter(({ to }) => to > now);
    reader.confirm(confirmedAt(model, now));
    for (const { name, from, to } of answered) {
      // S3 reads the object at some moment between question and answer.
      reader.answer(name, answerOf(model, name, from + Math.floor(random() * (to - from))), now);
      events.push(...reader.takeEvents().map((event) => ({ ...event, at: now })));
    }
  }
  throw new Error("it has neither ended nor given up");
}

function confirmedAt({ confirmed }: FolderModel, now: number): number {
  return confirmed.findLast(({ at }) => at <= now)?.byte ?? 0;
}

function answerOf(model: FolderModel, name: ObjectToRead, at: number): ReadAnswer {
  const found = model.at(String(name), at);
  if (found === undefined) return { kind: "missing" };
  if (typeof found !== "string") return { kind: "found", bytes: found };
  return { kind: found as "denied" | "failed", why: "the weather" };
}

function expectTrue(isTrue: boolean, why: string): void {
  if (!isTrue) throw new Error(why);
}

/** Fails for what may never happen, whatever S3, the container and others do. */
function checkSafety({ model, events, reads }: Reading): void {
  let at = 0;
  for (const event of events) {
    if (event.kind !== "bytes") continue;
    const isKnown = event.begin > at && event.begin <= confirmedAt(model, event.at);
    expectTrue(event.begin === at || isKnown, `byte ${event.begin} came after byte ${at}`);
    at = event.begin;
    const expected = model.spool.subarray(at, at + event.bytes.length);
    expectTrue(event.bytes.equals(expected), `other bytes from ${at} on`);
    at += event.bytes.length;
    const uploaded = model.pieces.find(({ end }) => end === at)?.at ?? Infinity;
    expectTrue(uploaded <= event.at, `byte ${at} was there before it was uploaded`);
  }
  const last = events.at(-1);
  const words = events.filter(({ kind }) => kind === "end" || kind === "stalled");
  expectTrue(words.length === 1 && words[0] === last, "it must have one last word");
  if (last?.kind === "end") {
    expectTrue(model.endedAt !== undefined && model.endedAt <= last.at, "an end that was not uploaded");
    expectTrue(
      last.length === model.spool.length && Math.max(at, confirmedAt(model, last.at)) === last.length,
      `an end at byte ${at}`,
    );
    expectTrue(last.text === model.status, `another status: ${last.text}`);
  }
  const proofs = events.filter(({ kind }) => kind === "proven").length;
  expectTrue(proofs <= 1 && (at === 0 || events[0]?.kind === "proven"), "a proof is the first word");
  checkReads(reads);
}

function checkReads(reads: readonly Read[]): void {
  for (const { name, from } of reads) {
    const open = reads.filter((read) => read.from <= from && read.to > from);
    expectTrue(open.filter((read) => read.name === name).length === 1, `${name} was read twice at once`);
    expectTrue(open.length <= 4, `${open.length} reads at once`);
  }
  const beats = reads.filter(({ name }) => name === "alive");
  for (const [i, { from }] of beats.entries())
    expectTrue(from - (beats[i - 1]?.from ?? 0) >= 30_000, "alive was read too often");
}

/** Fails unless the reader passes on the job's end, or gives up for a reason that is there. Returns how it ended. */
function checkOutcome({ model, events }: Reading): string {
  const last = events.at(-1);
  const { harm, outages, endedAt } = model;
  const isHarmed = harm !== undefined;
  const hasLong = outages.some(({ from, to }) => to - from > OUTAGE_MS - SLOWEST_MS);
  // Short outages that touch may add up to a long one.
  const isFine = outages.reduce((sum, { from, to }) => sum + to - from, 0) < OUTAGE_MS - SLOWEST_MS;
  const expectsEnd = endedAt !== undefined && !isHarmed && isFine;
  if (last?.kind === "end") {
    if (expectsEnd) {
      const late = last.at - endedAt;
      expectTrue(late <= 20_000 + 3 * SLOWEST_MS, `the end came ${late} ms late`);
    }
    return "end";
  }
  expectTrue(last?.kind === "stalled" && !expectsEnd, `it gave up: ${JSON.stringify(last)}`);
  if (last?.kind !== "stalled") return "nothing";
  const heard = Math.max(0, ...events.filter(({ kind }) => kind === "bytes").map(({ at }) => at));
  switch (last.reason) {
    case "forged":
      expectTrue(isHarmed && harm.kind !== "deleted", "nothing was forged");
      break;
    case "hole":
      // Without s3:ListBucket a piece that S3 denies for so long looks as if it were lost.
      expectTrue(isHarmed || (!model.mayList && hasLong), "nothing was lost");
      break;
    case "unreachable":
    case "denied":
      expectTrue(hasLong || !isFine, `it was ${last.reason} for a short time`);
      break;
    case "silent":
      expectTrue(last.at - heard >= SILENCE_MS, "it was silent for less than SILENCE_MS");
      expectTrue(
        isHarmed || !isFine || last.at - model.lastSignAt >= SILENCE_MS,
        `the container was alive at ${model.lastSignAt}, and it gave up at ${last.at}`,
      );
  }
  return last.reason;
}

describe("a PieceReader against a model of the container and the bucket", () => {
  it("passes on the spool and its end exactly, or gives up for a reason that is there", () => {
    const outcomes = new Map<string, number>();
    forEachSeed(RUNS, (seed) => {
      const reading = readAll(randomOf(seed));
      checkSafety(reading);
      const outcome = checkOutcome(reading);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    });
    if (process.env["FUZZ_SEED"] !== undefined) return;
    // A model that never reaches an outcome proves nothing about it.
    expect([...outcomes.keys()].sort()).toEqual(
      ["denied", "end", "forged", "hole", "silent", "unreachable"].sort(),
    );
  });
});
