import { between, pick, type Random } from "../../helpers/seeds.ts";
import { anObject, FOLDER } from "./folder.ts";

export type Weather = "fine" | "failed" | "denied";
/** What another principal who may write to the bucket does to a piece before it is read. */
export type Harm = "deleted" | "altered" | "of another job" | "another piece" | "a heartbeat" | "planted end";

export const OUTAGE_MS = 30_000;
export const SILENCE_MS = 90_000;
/** S3 answers within this time, or the read fails. */
export const SLOWEST_MS = 10_000;

/** One version of an object, and the time from which it is the current one. */
interface Version {
  readonly from: number;
  readonly bytes: Buffer | undefined;
}

/** A container that uploads its spool, and a bucket, as a plan that is made before anything is read. */
export class FolderModel {
  readonly spool: Buffer;
  readonly status = "exited 0=7:1";
  /** When the container has uploaded the end; undefined when it dies or stops before that. */
  readonly endedAt: number | undefined;
  /** When the last sign of life was uploaded. */
  readonly lastSignAt: number;
  readonly harm: { readonly kind: Harm; readonly piece: number } | undefined;
  readonly outages: readonly { readonly weather: Weather; readonly from: number; readonly to: number }[];
  readonly mayList: boolean;
  /** The byte after each piece, and when it was uploaded. */
  readonly pieces: { readonly end: number; readonly at: number }[] = [];
  /** Up to which byte a session has brought the spool, and since when. The container leaves these bytes out. */
  readonly confirmed: { readonly byte: number; readonly at: number }[] = [];
  readonly #versions = new Map<string, Version[]>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
    this.mayList = random() < 0.7;
    const isChatty = random() < 0.5;
    const count = between(random, 0, 30);
    const chunks: Buffer[] = [];
    let now = 0;
    let beat = 0;
    let begin = 0;
    let quiet = 0;
    const put = (name: string, bytes: Buffer): void => this.#put(name, now, bytes);
    const wait = (ms: number): void => {
      for (quiet += ms; quiet >= 30_000; quiet -= 30_000) {
        now += 30_000;
        put("alive", anObject("alive", beat++, begin, ""));
      }
      now += quiet;
      quiet = 0;
    };
    for (let number = 0; number < count; number += 1) {
      wait(isChatty || random() < 0.9 ? between(random, 0, 600) : between(random, 0, 200_000));
      if (random() < 0.02) {
        const skipped = Buffer.alloc(between(random, 1, 30), "-");
        chunks.push(skipped);
        begin += skipped.length;
        this.confirmed.push({ byte: begin, at: now });
      }
      const body = Buffer.alloc(random() < 0.01 ? 1024 * 1024 : between(random, 1, 50), 97 + (number % 26));
      put(String(number), anObject("out", number, begin, body));
      chunks.push(body);
      begin += body.length;
      this.pieces.push({ end: begin, at: now });
    }
    this.spool = Buffer.concat(chunks);
    if (random() < 0.8) {
      wait(between(random, 0, 40_000));
      put(String(count), anObject("end", count, begin, this.status));
      this.endedAt = now;
    }
    this.lastSignAt = now;
    this.harm = random() < 0.3 ? { kind: pick(random, HARMS), piece: between(random, 0, count) } : undefined;
    if (this.harm !== undefined) this.#harm(this.harm.kind, this.harm.piece, count);
    this.outages = Array.from({ length: random() < 0.4 ? between(random, 1, 3) : 0 }, () => {
      const from = between(random, 0, now + 1_000);
      const isLong = random() < 0.2;
      const length = isLong ? between(random, 50_000, 90_000) : between(random, 100, 15_000);
      return { weather: pick(random, ["failed", "denied"] as const), from, to: from + length };
    });
  }

  /** What S3 answers to a read at this time. */
  at(name: string, time: number): Buffer | Weather | undefined {
    const outage = this.outages.find(({ from, to }) => time >= from && time < to);
    if (outage !== undefined) return outage.weather;
    const bytes = this.#versions.get(name)?.findLast(({ from }) => from <= time)?.bytes;
    return bytes ?? (this.mayList ? undefined : "denied");
  }

  latency(): number {
    const random = this.#random;
    return random() < 0.02 ? between(random, 1_000, SLOWEST_MS) : between(random, 5, 60);
  }

  #put(name: string, from: number, bytes: Buffer | undefined): void {
    const versions = this.#versions.get(name) ?? [];
    versions.push({ from, bytes });
    this.#versions.set(name, versions);
  }

  /** Does the harm as early as it can be done. */
  #harm(kind: Harm, number: number, last: number): void {
    const name = String(number);
    const versions = this.#versions.get(name);
    const [first] = versions ?? [];
    const at = kind === "planted end" ? 0 : first?.from;
    if (at === undefined) return;
    this.#versions.set(name, []);
    this.#put(name, at, this.#harmedBytes(kind, number, first?.bytes ?? Buffer.alloc(0), last));
  }

  #harmedBytes(kind: Harm, number: number, bytes: Buffer, last: number): Buffer | undefined {
    const stranger = { ...FOLDER, keys: { ...FOLDER.keys, inner: "0".repeat(64) } };
    switch (kind) {
      case "deleted":
        return undefined;
      case "altered": {
        const altered = Buffer.from(bytes);
        const at = between(this.#random, 0, altered.length - 1);
        altered[at] = (altered[at] ?? 0) ^ 1;
        return altered;
      }
      case "of another job":
        return anObject("out", number, 0, "x", { ...FOLDER, job: "f".repeat(32) });
      case "another piece": {
        const other = this.#versions.get(String((number + 1) % (last + 1)))?.[0]?.bytes;
        return other ?? Buffer.from("nothing");
      }
      case "a heartbeat":
        return anObject("alive", number, this.pieces[number - 1]?.end ?? 0, "");
      case "planted end":
        return anObject("end", number, this.pieces[number - 1]?.end ?? 0, "exited 0=0:1", stranger);
    }
  }
}

const HARMS: readonly Harm[] = [
  ...(["deleted", "altered", "of another job"] as const),
  ...(["another piece", "a heartbeat", "planted end"] as const),
];
