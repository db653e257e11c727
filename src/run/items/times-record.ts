import { createHash } from "node:crypto";
import { isRecord } from "../../values.ts";

/** How long items took in earlier runs, by the hashes of their texts. */
export type TimesRecord = ReadonlyMap<string, ItemTime>;

interface ItemTime {
  /** The mean of its runs, in which each run counts half as much as the next one. */
  readonly seconds: number;
  /** When it last succeeded: days since the epoch. */
  readonly day: number;
}

/** The last run counts as much as all before it. */
const WEIGHT_OF_LAST = 0.5;
/** An item that has not succeeded for so many days is forgotten. */
const KEPT_DAYS = 30;
/** Twice the longest list: those of two branches. */
const MOST_ITEMS = 20_000;
/** The most bytes of a record that are read. An item has 36 at most. */
export const LARGEST_RECORD = 40 * MOST_ITEMS;
/** The facts of a container have nine digits before the point (facts.ts). */
const MOST_SECONDS = 999_999_999;
const MOST_DAYS = 99_999;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Digits of a hash in hex. Two items with one hash would only share their time. */
const HASH_DIGITS = 12;
const HASH = new RegExp(`^[\\da-f]{${HASH_DIGITS}}$`);

/** The hash of an item in the record of this name, so that a record does not have the texts, and an item has another hash in each. */
export function hashItem(record: string, item: string): string {
  return createHash("sha256").update(`${record}\n${item}`).digest("hex").slice(0, HASH_DIGITS);
}

/** Reads a record; undefined for bytes that are none. Any principal with the right to write to the bucket may have written them. */
export function parseTimes(bytes: Uint8Array): TimesRecord | undefined {
  const value = parseJson(bytes);
  if (!isRecord(value) || !isRecord(value["items"])) return undefined;
  const entries = Object.entries(value["items"]);
  if (entries.length > MOST_ITEMS) return undefined;
  const times = new Map<string, ItemTime>();
  for (const [hash, pair] of entries) {
    if (!HASH.test(hash) || !Array.isArray(pair) || pair.length !== 2) return undefined;
    const [seconds, day] = pair as readonly unknown[];
    if (!isUpTo(seconds, MOST_SECONDS) || !isUpTo(day, MOST_DAYS) || !Number.isInteger(day)) return undefined;
    times.set(hash, { seconds, day });
  }
  return times;
}

/** The bytes of a record. The same record has the same bytes. */
export function writeTimes(record: TimesRecord): Uint8Array {
  const items = [...record]
    .map(([hash, { seconds, day }]) => [hash, [Number(seconds.toFixed(3)), day]] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.from(JSON.stringify({ items: Object.fromEntries(items) }));
}

/** The record with what items have taken in this run, by their hashes, and without those that are to be forgotten. `now` is in milliseconds. */
export function learnTimes(
  record: TimesRecord,
  taken: ReadonlyMap<string, number>,
  now: number,
): TimesRecord {
  const today = Math.floor(now / DAY_MS);
  const times = new Map(record);
  for (const [hash, seen] of taken) {
    const before = times.get(hash)?.seconds ?? seen;
    times.set(hash, { seconds: before + WEIGHT_OF_LAST * (seen - before), day: today });
  }
  // A day that is still to come was written by a clock that is wrong.
  const kept = [...times]
    .map(([hash, { seconds, day }]) => [hash, { seconds, day: Math.min(day, today) }] as const)
    .filter(([, { day }]) => today - day <= KEPT_DAYS)
    .sort(([, one], [, other]) => other.day - one.day);
  return new Map(kept.slice(0, MOST_ITEMS));
}

function isUpTo(value: unknown, most: number): value is number {
  return typeof value === "number" && value >= 0 && value <= most;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
