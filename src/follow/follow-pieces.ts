import type { Log } from "../log.ts";
import { PieceReader, type PieceEvent, type Stall } from "../pieces/reader.ts";
import type { FolderAccess, OrderedFolder } from "../pieces/orders.ts";
import type { PieceStore } from "../pieces/store.ts";
import { CANCELLING_MS, type FollowContext } from "./follow-session.ts";
import { PieceControl } from "./piece-control.ts";
import { passOn, type ReadEnd } from "./read-pieces.ts";

/** The time to read what was uploaded before the container ended. */
const LAST_PIECES_MS = 15_000;
/** How long `control` may stay unwritten. After that time the container counts the job as abandoned (others.sh). */
const UNTOLD_MS = 60_000;
/**
 * How much more time a cancelled job has when the stop command tells it, and not a session. The exec agent sleeps a second before
 * it runs the command. To make up for that, the job packs its artifacts for a shorter time (artifacts.sh).
 */
export const TOLD_LATER_MS = 900;
/** The time for the last word to reach S3. The container waits ten minutes for it, after a cancel some seconds. */
const LAST_WORD_MS = 2_000;
/** The same after a cancel. */
export const LAST_WORD_OF_CANCEL_MS = 1_000;
/** The longest pause between two looks at what is due. */
const LONGEST_WAIT_MS = 60_000;

/** How a job's pieces ended as its carrier. `exhausted`: the container uploads no more. `stalled`: another carrier is needed. */
export type PiecesEnd =
  | ReadEnd
  /** The caller has given up the pieces, or the job was cancelled and did not end in time. */
  | { readonly kind: "closed" }
  /** The job is detached. The container may write pieces until `writableUntil`, in milliseconds since the epoch. */
  | { readonly kind: "detached"; readonly writableUntil: number };

export interface FollowPiecesOptions extends Pick<
  FollowContext,
  "extractor" | "onShown" | "drained" | "clock" | "cancel"
> {
  readonly store: Pick<
    PieceStore,
    "read" | "writeControl" | "readControl" | "replaceControl" | "access" | "close"
  > & { readonly folder: OrderedFolder; readonly longestPause?: number | undefined };
  /** The access that the order gave to the container. When another step gave the order, the access that the first `control` gives. */
  readonly access: FolderAccess;
  /**
   * The byte of the spool from which on the container was ordered to upload. Undefined when another step gave the order, since the
   * upload may then begin at any byte.
   */
  readonly begin: number | undefined;
  /** Whether the job is followed by its handle, so that other steps may follow it, too. */
  readonly isShared: boolean;
  readonly log: Log;
  /** Called with the number of the first piece that was not read. */
  readonly onRead: (next: number) => void;
  /** Called when the job's end was taken while another step still reads the pieces. */
  readonly onOthers: () => void;
  /** When another carrier has to take over, because the credentials end, in milliseconds since the epoch. */
  readonly until: number;
  /** Stops the job by a session of its own. Resolves with whether that has reached the container; never rejects. */
  readonly stop: () => Promise<boolean>;
}

/** Reads the pieces of one folder: first to see whether they come, then as the carrier of the job's output. */
export class PieceFollower {
  readonly #options: FollowPiecesOptions;
  readonly #reader: PieceReader;
  readonly #control: PieceControl;
  readonly #closing = new AbortController();
  readonly #detaching = new AbortController();
  readonly #over = new AbortController();
  /** Aborted when an answer has come since events were taken. */
  #answered = new AbortController();
  #events: PieceEvent[] = [];

  constructor(options: FollowPiecesOptions) {
    const { store, begin, clock } = options;
    this.#options = options;
    this.#reader = new PieceReader(store.folder, begin, clock.now(), { longestPause: store.longestPause });
    this.#control = new PieceControl(options);
  }

  /**
   * Reads until S3 is proven to work in the container. Keeps what it reads for `follow`. Resolves with the reason
   * when it does not work, and with `over` when the signal aborts.
   */
  async prove(over: AbortSignal): Promise<"proven" | "over" | Stall> {
    while (!over.aborted) {
      this.#events.push(...this.#takeEvents());
      const stall = this.#events.find((event) => event.kind === "stalled");
      if (this.#events.some(({ kind }) => kind === "proven")) return "proven";
      if (stall !== undefined) return stall;
      await this.#step(over);
    }
    this.#end();
    return "over";
  }

  /** Follows the job by its pieces. The extractor must not be fed by another carrier meanwhile. Never rejects. */
  async follow(): Promise<PiecesEnd> {
    const { cancel } = this.#options;
    void this.#control.keepWriting(this.#over.signal);
    if (cancel.aborted) this.#onCancel();
    else cancel.addEventListener("abort", () => this.#onCancel(), { once: true, signal: this.#over.signal });
    const end = await this.#followToEnd();
    this.#end();
    switch (end.kind) {
      case "status":
      case "refused":
        await this.#sayLast("isTaken");
        if (this.#control.hasOthers) this.#options.onOthers();
        return end;
      case "stalled":
        await this.#sayLast("isAttached");
        return end;
      case "detached":
        await this.#sayLast("isDetached");
        return { ...end, writableUntil: this.#control.accessUntil };
      default:
        return end;
    }
  }

  /** To be called when the container uploads no more: reads what it has uploaded. */
  finish(): void {
    this.#reader.finish(this.#options.clock.now());
    this.#answered.abort();
    void this.#closeAfter(LAST_PIECES_MS);
  }

  close(): void {
    this.#closing.abort();
  }

  /** Detaches from the job. */
  detach(): void {
    this.#detaching.abort();
    this.#answered.abort();
  }

  #onCancel(): void {
    void this.#control.say("isCancelled");
    let isTold = false;
    void this.#options.stop().then((reached) => (isTold = reached));
    void this.#closeAfter(CANCELLING_MS, () => (isTold ? TOLD_LATER_MS : 0));
  }

  async #closeAfter(ms: number, more = (): number => 0): Promise<void> {
    const { clock } = this.#options;
    try {
      await clock.sleep(ms, this.#over.signal);
      await clock.sleep(more(), this.#over.signal);
      this.close();
    } catch {
      // It has ended in time.
    }
  }

  async #followToEnd(): Promise<PiecesEnd> {
    const { drained, clock, until } = this.#options;
    for (;;) {
      const events = [...this.#events, ...this.#takeEvents()];
      this.#events = [];
      for (const event of events) {
        const end = this.#handle(event);
        if (end !== undefined) return end;
        await drained?.();
      }
      if (this.#closing.signal.aborted) return { kind: "closed" };
      if (this.#detaching.signal.aborted) return { kind: "detached", writableUntil: 0 };
      const { failing } = this.#control;
      if (failing !== undefined && clock.now() - failing.since >= UNTOLD_MS) {
        const seen = `S3 takes nothing that this machine writes ('s3:PutObject'): ${failing.why}`;
        return { kind: "stalled", reason: "unreachable", seen };
      }
      if (clock.now() >= until)
        return { kind: "stalled", reason: "denied", seen: "the credentials end soon" };
      await this.#step(this.#closing.signal);
    }
  }

  /** Takes the events of all answers so far. An answer that comes while they are handled ends the next wait. */
  #takeEvents(): readonly PieceEvent[] {
    this.#answered = new AbortController();
    return this.#reader.takeEvents();
  }

  /** Begins the reads that are due. Resolves when an answer has come since events were taken, or another read is due. */
  async #step(over: AbortSignal): Promise<void> {
    const { clock, extractor } = this.#options;
    this.#reader.confirm(extractor.confirmed);
    for (const name of this.#reader.takeReads(clock.now())) void this.#read(name);
    const wait = Math.min(LONGEST_WAIT_MS, Math.max(0, this.#reader.deadline() - clock.now()));
    await clock.sleep(wait, AbortSignal.any([over, this.#answered.signal])).catch(() => undefined);
  }

  async #read(name: number | "alive"): Promise<void> {
    const { store, clock, extractor } = this.#options;
    const answer = await store.read(name);
    this.#reader.confirm(extractor.confirmed);
    this.#reader.answer(name, answer, clock.now());
    this.#answered.abort();
  }

  #handle(event: PieceEvent): ReadEnd | undefined {
    const end = passOn(event, this.#options);
    if (event.kind === "bytes" || event.kind === "end") this.#options.onRead(this.#reader.next);
    if (event.kind === "bytes") this.#control.confirmed();
    return end;
  }

  async #sayLast(word: "isTaken" | "isAttached" | "isDetached"): Promise<void> {
    const { clock, cancel } = this.#options;
    const said = new AbortController();
    const ms = cancel.aborted ? LAST_WORD_OF_CANCEL_MS : LAST_WORD_MS;
    const late = clock.sleep(ms, said.signal).catch(() => undefined);
    await Promise.race([this.#control.say(word), late]);
    said.abort();
  }

  #end(): void {
    this.#over.abort();
    this.#options.store.close();
  }
}
