import type { Clock } from "../clock.ts";
import { BEAT_EVERY_MS } from "../payload/beat.ts";
import { PACKED } from "../payload/bootstrap.ts";
import { CANCEL, DETACH, here, itemOrder, type ItemOrderLine, typeLines } from "../payload/input.ts";
import type { Session } from "../session/session.ts";
import type { MissingPayload } from "./stream/marks.ts";

/** After this many bytes the action tells the attacher what it has read, so that the container can free the bytes. */
const CONFIRMED_BYTES = 1024 * 1024;

/** This long after a session's opening the runner has nothing to do: the exec agent sleeps for a second before it reads. */
const IDLE_AFTER_MS = 200;

/**
 * The input that is typed into a session, each part when the container asks for it. Nothing is typed before echo is
 * off.
 */
export interface TypedInput {
  /** Makes in advance what takes time to make. Called while the exec agent sleeps, before it sends the container's first words. */
  prepare(): void;
  start(missing: MissingPayload | undefined): Promise<Uint8Array>;
  payload(): Uint8Array;
  secrets(): Uint8Array;
}

/**
 * Types into a session what the container asks for, and what the action has to tell it. No method rejects: the session itself
 * reports its end.
 */
export class SessionInput {
  readonly #session: Pick<Session, "send">;
  /** The byte up to which all of the spool is here for certain. */
  #confirmed: number;
  /** The byte of the spool that the last `here` line named. */
  #told: number;
  /**
   * True once the attacher reads the input. A line that is typed before the start, the payload or the secrets would be read as a
   * part of them. That may take long: a session may be queued for minutes, and a loader may take half a minute.
   */
  #hasBegun = false;
  #isCancelled = false;
  #isDetached = false;
  /** True once the attacher has shown the job. */
  #isAttached = false;
  #itemOrders: readonly ItemOrderLine[] = [];
  /** The number of the last order for items that was typed. */
  #lastOrder = 0;

  constructor(session: Pick<Session, "send">, confirmed: number) {
    this.#session = session;
    this.#confirmed = confirmed;
    this.#told = confirmed;
  }

  /** Whether the attacher reads the input, so that it obeys a line. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  async type(bytes: Uint8Array): Promise<void> {
    try {
      await this.#session.send(bytes);
    } catch {
      // The session has ended.
    }
  }

  /** Makes ahead what takes time to make, unless the session is over before there is time for that. */
  async prepare(typed: Pick<TypedInput, "prepare">, clock: Clock, over: AbortSignal): Promise<void> {
    try {
      await clock.sleep(IDLE_AFTER_MS, over);
    } catch {
      return; // The session is over.
    }
    typed.prepare();
  }

  /** Types the first input, for which the container waits. It asks for more unless it has the payload or can unpack it. */
  async start(text: Promise<Uint8Array>, missing: MissingPayload | undefined): Promise<void> {
    try {
      const bytes = await text;
      await this.#typeAsked(bytes, missing === undefined || missing.why === PACKED);
    } catch {
      // The session has ended. Or the text failed, and the session ends because its start never comes.
    }
  }

  /** Types the secrets, the last input for which a loader waits. */
  async finish(secrets: Uint8Array): Promise<void> {
    await this.#typeAsked(secrets, true);
  }

  /** Tells the job to stop, as soon as the attacher reads the input. */
  async cancel(): Promise<void> {
    this.#isCancelled = true;
    if (this.#hasBegun) await this.type(CANCEL);
  }

  /**
   * Detaches from the job, as soon as the attacher reads the input. Nothing is confirmed any more: artifacts that come before the attacher obeys are kept in the container, for the next step.
   */
  async detach(): Promise<void> {
    this.#isDetached = true;
    if (this.#hasBegun) await this.type(DETACH);
  }

  /**
   * Called when the attacher shows the job. A beat at once: the last session may have been cut, and before its attacher knew what was
   * read.
   */
  async attached(): Promise<void> {
    this.#hasBegun = true;
    this.#isAttached = true;
    await this.#beat();
    await this.#typeOrders();
  }

  /** Types the orders for items that were not typed into this session, once the job is there. */
  async orderItems(orders: readonly ItemOrderLine[]): Promise<void> {
    this.#itemOrders = orders;
    if (this.#isAttached) await this.#typeOrders();
  }

  async #typeOrders(): Promise<void> {
    const orders = this.#itemOrders.filter(({ number }) => number > this.#lastOrder);
    this.#lastOrder = orders.at(-1)?.number ?? this.#lastOrder;
    if (orders.length > 0 && !this.#isDetached) await this.type(typeLines(orders.map(itemOrder)));
  }

  /** Tells what is here for certain, once that is much more than the attacher knows. */
  async confirm(byte: number): Promise<void> {
    this.#confirmed = byte;
    if (byte - this.#told >= CONFIRMED_BYTES) await this.#beat();
  }

  /** Tells the attacher again and again that it has a reader, until `over` aborts. */
  async keepBeating(clock: Clock, over: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await clock.sleep(BEAT_EVERY_MS, over);
        await this.#beat();
      }
    } catch {
      // The session is over.
    }
  }

  /** Types what the container has asked for. After the last of it the attacher reads the input. */
  async #typeAsked(bytes: Uint8Array, isLast: boolean): Promise<void> {
    this.#hasBegun = isLast;
    const typing = this.type(bytes);
    if (isLast && this.#isCancelled) void this.type(CANCEL);
    if (isLast && this.#isDetached) void this.type(DETACH);
    await typing;
  }

  async #beat(): Promise<void> {
    if (!this.#hasBegun || this.#isDetached) return;
    this.#told = this.#confirmed;
    await this.type(here(this.#told));
  }
}
