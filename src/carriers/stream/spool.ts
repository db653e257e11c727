import type { MemoryShare, SharedMemory } from "../../shared-memory.ts";
import type { EndOfJob, Gap, OutputItem } from "./items.ts";
import { parseMark } from "./marks.ts";
import { LONGEST_RECORD, RecordReader } from "./records.ts";
import type { SpoolEvent } from "./spool-events.ts";
import { parseStatus } from "./status.ts";

export interface SpoolOptions {
  /** Another step has shown the output up to this byte. */
  readonly from?: number | undefined;
  /** Whether the job's run holds a lock. */
  readonly hasLock?: boolean;
  /** By default those of a job that is alone. */
  readonly limits?: SpoolLimits | undefined;
}

/** What a job may keep in memory of what has come of its spool and is not whole. */
export interface SpoolLimits {
  /** The most bytes of a packed piece, packed and unpacked. */
  readonly largestPack: number;
  /** Bounds the incomplete records of all jobs together. The one that is given up comes again. */
  readonly records: SharedMemory;
}

/** What comes of an event: output for the user, how much of it is certain, a gap, the end of the job. */
export type SpoolItem = OutputItem | EndOfJob;

/** Where the output of a job goes. */
export interface OutputSink {
  readonly spool: Spool;
  readonly show: (item: OutputItem) => void;
}

/**
 * What is known of one job's spool, whichever carriers have brought it, one after the other. Takes each byte once: drops those that come again,
 * and notices a gap. Never throws. Holds back at most one record.
 */
export class Spool {
  readonly #workers: number;
  readonly #hasLock: boolean;
  readonly #records: RecordReader;
  #confirmed = 0;
  /** Another step has shown the output before, so the first carrier may begin at any byte. */
  #mayBeginAnywhere: boolean;
  /** True when nothing counts until another carrier begins. */
  #isOver = false;
  readonly #memory: MemoryShare | undefined;
  /** What `Terminal` may keep of this spool. */
  readonly largestPack: number | undefined;

  /** `workers` is the number of workers of the job. */
  constructor(workers: number, { from, hasLock = false, limits }: SpoolOptions = {}) {
    this.#workers = workers;
    this.#hasLock = hasLock;
    this.#records = new RecordReader(workers);
    // What comes behind a record that was given up does not fit to what came before it, so it comes again.
    this.#memory = limits?.records.share(() => this.#records.rewind());
    this.largestPack = limits?.largestPack;
    this.#mayBeginAnywhere = from !== undefined;
    if (from !== undefined) this.#goTo(from);
  }

  /** The byte at which the next carrier has to go on. */
  get offset(): number {
    return this.#records.offset;
  }

  /** The byte up to which the output is certain. No carrier goes on before it. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Takes what a carrier has brought, and shows it. Returns what ends the carrier, if that is among it. */
  deliver(event: SpoolEvent, show: OutputSink["show"]): EndOfJob | Gap | undefined {
    for (const item of this.take(event)) {
      if (item.kind === "status" || item.kind === "refused") return item;
      show(item);
      if (item.kind === "gap") return item;
    }
    return undefined;
  }

  /** The items in an event, which are taken as they are read. */
  *take(event: SpoolEvent): Generator<SpoolItem> {
    try {
      yield* this.#take(event);
    } finally {
      this.#memory?.hold(this.#records.held);
    }
  }

  /** Nothing more comes. */
  close(): void {
    this.#records.rewind();
    this.#memory?.close();
  }

  *#take(event: SpoolEvent): Generator<SpoolItem> {
    if (event.kind === "attached") yield* this.#attach(event.at);
    if (this.#isOver && event.kind !== "refused") return;
    switch (event.kind) {
      case "bytes":
        yield* this.#read(event.at, event.bytes);
        break;
      case "confirmed":
        // A carrier that still repeats what another one has brought confirms nothing new.
        if (event.to < this.#records.position) break;
        // The next carrier goes on behind the last whole record, so an incomplete one comes again.
        this.#confirmed = this.offset;
        yield { kind: "confirmed" };
        break;
      case "end":
        yield this.#end(event.length, event.words);
        break;
      case "refused":
        this.#isOver = true;
        yield event;
        break;
      case "mismatch":
        yield this.#gap(event.expected, event.got);
        break;
    }
  }

  /** A carrier begins. The incomplete record comes again. */
  *#attach(at: number): Generator<SpoolItem> {
    this.#isOver = false;
    this.#records.rewind();
    if (this.#mayBeginAnywhere) this.#goTo(at);
    this.#mayBeginAnywhere = false;
    if (at > this.offset) yield this.#gap(this.offset, at);
  }

  #goTo(byte: number): void {
    this.#records.rewind(byte);
    this.#confirmed = byte;
  }

  *#read(at: number, bytes: Buffer): Generator<SpoolItem> {
    const { position } = this.#records;
    if (at > position) {
      yield this.#gap(position, at);
      return;
    }
    const repeated = position - at;
    if (repeated < bytes.length) yield* this.#records.read(repeated === 0 ? bytes : bytes.subarray(repeated));
    if (!this.#records.isOverlong) return;
    const why = `a record has no end within ${LONGEST_RECORD / 1024 / 1024} MiB.`;
    yield this.#gap(this.#records.position, this.#records.position, why);
  }

  #end(length: number, words: string): SpoolItem {
    const mark = words.startsWith("!") ? parseMark(words) : undefined;
    const { position } = this.#records;
    if (mark === undefined && length !== position) return this.#gap(length, position);
    this.#isOver = true;
    if (mark?.kind === "refused") return mark;
    return { kind: "status", status: parseStatus(words, this.#workers, this.#hasLock) };
  }

  #gap(expected: number, got: number, why?: string): Gap {
    this.#isOver = true;
    this.#records.rewind(this.#confirmed);
    return { kind: "gap", expected, got, offset: this.#confirmed, ...(why !== undefined && { why }) };
  }
}
