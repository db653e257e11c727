import { deferred } from "./deferred.ts";
import type { Peer } from "./peer.ts";

/** What an agent under an attacker's control says, as fast as its client acknowledges it, in the place of the command's output. */
export interface Flood {
  /** Said at first. */
  readonly opening: string;
  /**
   * Said then, each again and again up to this many bytes. NONCE stands for the first word of the first input, which is waited
   * for.
   */
  readonly parts: readonly { readonly text: string; readonly bytes: number }[];
}

const FRAME_BYTES = 32 * 1024;
/** Frames that are sent beyond the last acknowledged one. AWS's gateway would buffer about as much. */
const AHEAD = 128;

/** Says a flood through the data channel. */
export class Flooding {
  readonly #flood: Flood;
  readonly #peer: Peer;
  readonly #client = deferred<undefined>();
  readonly #nonce = deferred<string>();

  constructor(flood: Flood, peer: Peer) {
    this.#flood = flood;
    this.#peer = peer;
  }

  /** There is a client. What is said before it comes is sent again later, ten messages a second. */
  meet(): void {
    this.#client.resolve(undefined);
  }

  /** Takes what the client has typed. */
  take(input: Uint8Array): void {
    this.#nonce.resolve(Buffer.from(input).toString("latin1").split(/\s/)[0] ?? "");
  }

  /** Resolves when all has been said, or at the end of the session. */
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
    for (const { text, bytes } of parts) {
      const piece = Buffer.from(text.replaceAll("NONCE", nonce));
      const pieces = Math.ceil(Math.min(FRAME_BYTES, bytes) / piece.length);
      const frame = Buffer.concat(Array.from({ length: pieces }, () => piece));
      for (let sent = 0; sent < bytes && !ended.signal.aborted; sent += frame.length) {
        this.#peer.sendOutput(frame);
        await this.#peer.acknowledged(AHEAD, ended.signal);
      }
    }
  }
}
