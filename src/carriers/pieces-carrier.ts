import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { aborted } from "../waiting.ts";
import { ControlWriter } from "./pieces/control-writer.ts";
import type { FolderAccess } from "./pieces/orders.ts";
import type { PieceEvent } from "./pieces/piece-events.ts";
import { PieceReader } from "./pieces/reader.ts";
import type { PieceStore } from "./pieces/store.ts";
import type { Carrier, CarrierEvent, LastWord, Words } from "./carrier.ts";
import { CANCELLING_MS } from "./session-carrier.ts";

/** How long no piece may come while what was uploaded before the container ended is read. */
const LAST_PIECES_MS = 15_000;
/** How long `control` may stay unwritten. After that time the container counts the job as abandoned (others.sh). */
const UNTOLD_MS = 60_000;
/**
 * How much more time a cancelled job has when the stop command tells it, and not a session. The exec agent sleeps a second before
 * it runs the command. To make up for that, the job packs its artifacts for a shorter time (artifacts.sh).
 */
export const TOLD_LATER_MS = 900;
/** The time for the last word to reach S3. The container waits ten minutes for it, after a cancel some seconds. */
export const LAST_WORD_MS = 2_000;
/** The same after a cancel. */
export const LAST_WORD_OF_CANCEL_MS = 1_000;
/** The longest pause between two looks at what is due. */
const LONGEST_WAIT_MS = 60_000;

const CONTROL_WORDS = {
  taken: "isTaken",
  detach: "isDetached",
  attach: "isAttached",
  left: undefined,
  away: undefined,
} as const;

export interface PiecesCarrierOptions {
  readonly store: Pick<
    PieceStore,
    "read" | "writeControl" | "readControl" | "replaceControl" | "access" | "close"
  > &
    Pick<PieceStore, "folder"> &
    Partial<Pick<PieceStore, "longestPause" | "limits" | "reader">>;
  /** The access that the order gave to the container. When another step gave the order, the access that the first `control` gives. */
  readonly access: FolderAccess;
  /**
   * The byte of the spool from which on the container was ordered to upload. Undefined when another step gave the order, since the
   * upload may then begin at any byte.
   */
  readonly begin: number | undefined;
  /** Whether the job is followed by its handle, so that other steps may follow it, too. */
  readonly isShared: boolean;
  readonly words: Words;
  readonly clock: Clock;
  readonly log: Log;
  /** Notes the number of the first piece that was not read. */
  readonly noteRead: (next: number) => void;
  /** When another carrier has to take over, because the credentials end, in milliseconds since the epoch. */
  readonly until: number;
  /** Stops the job by a session of its own. Resolves with whether that has reached the container; never rejects. */
  readonly stop: () => Promise<boolean>;
}

/** The pieces of one folder as a carrier. Reads them first to see whether they come, and passes them on from `takeOver` on. */
export class PiecesCarrier implements Carrier {
  readonly kind = "pieces";
  readonly events: AsyncIterable<CarrierEvent>;
  readonly #options: PiecesCarrierOptions;
  readonly #reader: PieceReader;
  readonly #control: ControlWriter;
  #words: Words;
  /** When this carrier has heard of the cancel, which may be before it has taken over. The time of a cancelled step counts from then on. */
  #cancelledAt: number | undefined;
  /** What was read before the first carrier was left. */
  readonly #events: PieceEvent[] = [];
  #hasBegun = false;
  readonly #takenOver = new AbortController();
  readonly #over = new AbortController();
  /** Aborted when an answer has come since events were taken. */
  #answered = new AbortController();

  constructor(options: PiecesCarrierOptions) {
    const { store, begin, clock, words } = options;
    this.#options = options;
    this.#words = words;
    this.#reader = new PieceReader(store.folder, begin, clock.now(), store);
    this.#control = new ControlWriter(options);
    this.events = this.#read();
  }

  /** Whether another reader followed the job when this one last wrote. */
  get hasOthers(): boolean {
    return this.#control.hasOthers;
  }

  /** Until when the container may write pieces, in milliseconds since the epoch. */
  get writableUntil(): number {
    return this.#control.accessUntil;
  }

  /** From now on this is the job's carrier: it is proven, or another step has used it before. */
  takeOver(): void {
    this.#takenOver.abort();
    void this.#control.keepWriting(this.#over.signal);
    if (this.#words.stop === "cancelled") this.#stop();
  }

  say(words: Words): void {
    // The cleanup may have begun to delete the folder.
    if (this.#over.signal.aborted) return;
    const { stop } = this.#words;
    this.#words = words;
    if (words.stop === "cancelled") this.#cancelledAt ??= this.#options.clock.now();
    this.#control.confirm(words.confirmed);
    this.#control.orderItems(words.itemOrders);
    if (!this.#takenOver.signal.aborted || words.stop !== "cancelled" || stop === "cancelled") return;
    this.#stop();
  }

  finish(): void {
    this.#reader.finish(this.#options.clock.now());
    this.#answered.abort();
    void this.#closeWhenIdle();
  }

  async close(word?: LastWord): Promise<void> {
    const { clock, store } = this.#options;
    const said = word && CONTROL_WORDS[word];
    if (said !== undefined) {
      const inTime = new AbortController();
      const ms = this.#words.stop === "cancelled" ? LAST_WORD_OF_CANCEL_MS : LAST_WORD_MS;
      const late = clock.sleep(ms, inTime.signal).catch(() => undefined);
      await Promise.race([this.#control.say(said), late]);
      inTime.abort();
    }
    this.#over.abort();
    store.close();
  }

  async *#read(): AsyncGenerator<CarrierEvent> {
    // Another step has proven its own pieces.
    if (this.#options.isShared || (yield* this.#prove())) yield* this.#follow();
  }

  /** Reads until S3 is proven to work in the container, or not to. Keeps what it reads. */
  async *#prove(): AsyncGenerator<CarrierEvent, boolean> {
    for (;;) {
      this.#events.push(...this.#takeEvents());
      if (this.#events.some(({ kind }) => kind === "proven")) {
        yield { kind: "proven" };
        await aborted(AbortSignal.any([this.#over.signal, this.#takenOver.signal]));
        return true;
      }
      const stall = this.#events.find((event) => event.kind === "stalled");
      if (stall !== undefined || this.#over.signal.aborted) {
        yield { kind: "lost", why: stall ?? { kind: "closed" } };
        return false;
      }
      await this.#step();
    }
  }

  async *#follow(): AsyncGenerator<CarrierEvent> {
    const { clock, until } = this.#options;
    while (!this.#over.signal.aborted) {
      for (const event of [...this.#events.splice(0), ...this.#takeEvents()]) yield* this.#pass(event);
      const { failing } = this.#control;
      if (failing !== undefined && clock.now() - failing.since >= UNTOLD_MS)
        yield stalled(`S3 takes nothing that this machine writes ('s3:PutObject'): ${failing.why}`);
      if (clock.now() >= until) yield stalled("the credentials end soon");
      await this.#step();
    }
    yield { kind: "lost", why: { kind: "closed" } };
  }

  *#pass(event: PieceEvent): Generator<CarrierEvent> {
    yield* eventsOf(event, !this.#hasBegun);
    if (event.kind !== "bytes" && event.kind !== "end") return;
    this.#hasBegun = true;
    this.#options.noteRead(this.#reader.next);
  }

  /** Takes the events of all answers so far. An answer that comes while they are handled ends the next wait. */
  #takeEvents(): readonly PieceEvent[] {
    this.#answered = new AbortController();
    return this.#reader.takeEvents();
  }

  /** Begins the reads that are due. Resolves when an answer has come since events were taken, or another read is due. */
  async #step(): Promise<void> {
    const { clock } = this.#options;
    if (this.#over.signal.aborted) return;
    this.#reader.confirm(this.#words.confirmed);
    for (const name of this.#reader.takeReads(clock.now())) void this.#readObject(name);
    const wait = Math.min(LONGEST_WAIT_MS, Math.max(0, this.#reader.deadline() - clock.now()));
    await clock
      .sleep(wait, AbortSignal.any([this.#over.signal, this.#answered.signal]))
      .catch(() => undefined);
  }

  async #readObject(name: number | "alive"): Promise<void> {
    const { store, clock } = this.#options;
    const answer = await store.read(name);
    this.#reader.confirm(this.#words.confirmed);
    this.#reader.answer(name, answer, clock.now());
    this.#answered.abort();
  }

  /** Tells a cancelled job to stop, and waits for its end until some seconds after the cancel. */
  #stop(): void {
    const { clock, stop } = this.#options;
    const passed = clock.now() - (this.#cancelledAt ?? clock.now());
    void this.#control.say("isCancelled");
    let isTold = false;
    void stop().then((reached) => (isTold = reached));
    void this.#closeAfter(Math.max(0, CANCELLING_MS - passed), () => (isTold ? TOLD_LATER_MS : 0));
  }

  /** Closes once no piece has come for a while. There may be many, and the log of the runner may be slow. */
  async #closeWhenIdle(): Promise<void> {
    for (let next: number | undefined; next !== this.#reader.next && !this.#over.signal.aborted;) {
      next = this.#reader.next;
      await this.#options.clock.sleep(LAST_PIECES_MS, this.#over.signal).catch(() => undefined);
    }
    if (!this.#over.signal.aborted) await this.close();
  }

  async #closeAfter(ms: number, more = (): number => 0): Promise<void> {
    const { clock } = this.#options;
    try {
      await clock.sleep(ms, this.#over.signal);
      await clock.sleep(more(), this.#over.signal);
      await this.close();
    } catch {
      // It has ended in time.
    }
  }
}

/** What an event of the reader of pieces means for the spool. `isFirst`: no bytes have come before it. */
export function* eventsOf(event: PieceEvent, isFirst: boolean): Generator<CarrierEvent> {
  switch (event.kind) {
    case "bytes":
      if (isFirst) yield { kind: "attached", at: event.begin };
      yield { kind: "bytes", at: event.begin, bytes: event.bytes };
      yield { kind: "confirmed", to: event.begin + event.bytes.length };
      break;
    case "end":
      if (isFirst) yield { kind: "attached", at: event.length };
      yield { kind: "end", length: event.length, words: event.text };
      break;
    case "exhausted":
    case "stalled":
      yield { kind: "lost", why: event };
      break;
    case "proven":
      break;
  }
}

function stalled(seen: string): CarrierEvent {
  return { kind: "lost", why: { kind: "stalled", seen } };
}
