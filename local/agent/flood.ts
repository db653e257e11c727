import { deferred } from "./deferred.ts";
import type { Peer } from "./peer.ts";

/** What an agent under an attacker's control sends instead of the command's output, as fast as its client acknowledges it. */
export interface Flood {
  /** Sent first. */
  readonly opening: string;
  /**
   * Sent afterwards. Each text is repeated up to this many bytes. NONCE in a text is replaced by the first word of the first
   * input, for which the agent waits.
   */
  readonly parts: readonly {
    readonly text: string;
    readonly bytes: number;
    /** How a text becomes bytes: `utf8` unless given. */
    readonly encoding?: "latin1";
  }[];
}

const FRAME_BYTES = 32 * 1024;
/** Frames that may be sent and not yet acknowledged. AWS's gateway would buffer about as many. */
const AHEAD = 128;

/** Sends a flood through the data channel. */
export class FloodSender {
  readonly #flood: Flood;
  readonly #peer: Peer;
  readonly #client = deferred<undefined>();
  readonly #nonce = deferred<string>();

  constructor(flood: Flood, peer: Peer) {
    this.#flood = flood;
    this.#peer = peer;
  }

  /**
   * Called when the client has come. The parts wait for it, since messages that are sent before it comes are sent again at only
   * ten a second.
   */
  noteClient(): void {
    this.#client.resolve(undefined);
  }

  /** Takes what the client has typed. */
  takeInput(input: Uint8Array): void {
    this.#nonce.resolve(Buffer.from(input).toString("latin1").split(/\s/)[0] ?? "");
  }

  /** Resolves when everything has been sent, or at the end of the session. */
  async run(over: Promise<unknown>): Promise<void> {
    const ended = new AbortController();
    over.then(
      () => ended.abort(),
      () => ended.abort(),
    );
    this.#peer.sendOutput(Buffer.from(this.#flood.opening));
    await Promise.race([this.#client.promise, over]);
    const { parts } = this.#flood;
    const isAsked = parts.some(({ text }) => text.includes("NONCE"));
    const nonce = isAsked ? await Promise.race([this.#nonce.promise, over.then(String)]) : "";
    for (const { text, bytes, encoding = "utf8" } of parts) {
      const piece = Buffer.from(text.replaceAll("NONCE", nonce), encoding);
      const pieces = Math.ceil(Math.min(FRAME_BYTES, bytes) / piece.length);
      const frame = Buffer.concat(Array.from({ length: pieces }, () => piece));
      for (let sent = 0; sent < bytes && !ended.signal.aborted; sent += frame.length) {
        this.#peer.sendOutput(frame);
        await this.#peer.acknowledged(AHEAD, ended.signal);
      }
    }
  }
}
