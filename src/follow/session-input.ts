import type { Clock } from "../clock.ts";
import { here, HERE_EVERY_MS } from "../payload/input.ts";
import type { Session } from "../session/session.ts";
import type { Extractor } from "../stream/extract.ts";

/** The attacher is told what was read, which the container need not keep, after so much of it. */
const CONFIRMED_BYTES = 1024 * 1024;

/**
 * What the action types into a session. Nothing here rejects: a session that ends under what is typed says so by its own
 * end.
 */
export class SessionInput {
  readonly #session: Pick<Session, "send">;
  readonly #extractor: Pick<Extractor, "confirmed">;
  /** The byte of the spool up to which the attacher has been told that it was read. */
  #told: number;
  /** A session may be queued for minutes, and what is typed meanwhile would be read in the place of the start. */
  #hasBegun = false;

  constructor(session: Pick<Session, "send">, extractor: Pick<Extractor, "confirmed">) {
    this.#session = session;
    this.#extractor = extractor;
    this.#told = extractor.confirmed;
  }

  async type(bytes: Uint8Array): Promise<void> {
    try {
      await this.#session.send(bytes);
    } catch {
      // The session has ended.
    }
  }

  /** Types what the container waits for first. */
  async start(text: Promise<Uint8Array>): Promise<void> {
    try {
      const bytes = await text;
      this.#hasBegun = true;
      await this.#session.send(bytes);
    } catch {
      // The session has ended, or is going to: the container waits for its start in vain.
    }
  }

  /** The attacher shows the job. One before it may have been cut before it was told what was read. */
  async attached(): Promise<void> {
    this.#hasBegun = true;
    if (this.#extractor.confirmed > 0) await this.#sayHere();
  }

  /** More of the spool has been confirmed. */
  async confirmed(): Promise<void> {
    if (this.#extractor.confirmed - this.#told >= CONFIRMED_BYTES) await this.#sayHere();
  }

  /** Tells the attacher every twenty seconds that it still has a reader; until `over`. */
  async keepSayingHere(clock: Clock, over: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await clock.sleep(HERE_EVERY_MS, over);
        await this.#sayHere();
      }
    } catch {
      // The session is over.
    }
  }

  async #sayHere(): Promise<void> {
    if (!this.#hasBegun) return;
    this.#told = this.#extractor.confirmed;
    await this.type(here(this.#told));
  }
}
