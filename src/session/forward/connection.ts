import type { LocalSocket } from "../../aws/world.ts";
import { Bytes } from "../bytes.ts";
import type { Client } from "./clients.ts";
import type { Refusal } from "./streams.ts";
import type { Tunnel } from "./tunnel.ts";

/** How a connection of this machine ended before its far end was reached. */
type OnRefused = (why: Refusal, text: string) => void;

/**
 * Breaks a connection off, so that its program sees a reset. Not while its end is under way: libuv refuses a reset then (`uv_tcp_close_reset`),
 * and Node.js keeps the handle for ever, and its process, too. The program gets that end.
 */
export function breakOff(socket: LocalSocket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

/** One connection to a port of this machine, carried through the tunnel. A half-closed connection stays half-closed. */
export class Connection implements Client {
  readonly #socket: LocalSocket;
  readonly #tunnel: Tunnel;
  readonly #onRefused: OnRefused;
  #stream: number | undefined;
  #hasEnded = false;
  #isEndSent = false;
  #isWriting = false;
  readonly #waiting = new Bytes();
  /** The other end sends no more. */
  #isOver = false;

  constructor(socket: LocalSocket, tunnel: Tunnel, onRefused: OnRefused) {
    this.#socket = socket;
    this.#tunnel = tunnel;
    this.#onRefused = onRefused;
  }

  /** Opens the stream. False when there can't be one. */
  begin(target: number): boolean {
    const socket = this.#socket;
    if (socket.destroyed) return true;
    this.#stream = this.#tunnel.connect(target, this);
    if (this.#stream === undefined) return false;
    socket.setNoDelay(true);
    socket.on("readable", () => this.#tunnel.ready());
    socket.on("end", () => {
      this.#hasEnded = true;
      this.#tunnel.ready();
    });
    socket.on("close", () => this.#close());
    this.#tunnel.ready();
    return true;
  }

  opened(): void {
    // Its bytes are sent without waiting for that.
  }

  refused(why: Refusal, text: string): void {
    this.#onRefused(why, text);
    this.reset();
  }

  data(bytes: Buffer): void {
    if (this.#isWriting) this.#waiting.push(bytes);
    else this.#write(bytes);
  }

  end(): void {
    this.#isOver = true;
    if (!this.#isWriting) this.#socket.end();
  }

  reset(): void {
    this.#stream = undefined;
    breakOff(this.#socket);
  }

  pull(most: number): Buffer | "end" | undefined {
    const socket = this.#socket;
    const length = Math.min(most, socket.readableLength);
    // A read of an empty buffer lets the stream fetch more, or tell its end.
    const bytes = socket.read(length > 0 ? length : undefined) as Buffer | null;
    if (bytes !== null) return bytes;
    if (!this.#hasEnded || this.#isEndSent) return undefined;
    this.#isEndSent = true;
    return "end";
  }

  #write(bytes: Buffer): void {
    const stream = this.#stream ?? 0;
    this.#isWriting = true;
    this.#socket.write(bytes, (error) => {
      this.#isWriting = false;
      if (error) return;
      const next = this.#waiting.take();
      if (next.length > 0) this.#write(next);
      else if (this.#isOver) this.#socket.end();
      this.#tunnel.consumed(stream, bytes.length);
    });
  }

  /** Both directions have ended, or the program has broken off. */
  #close(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined && !(this.#hasEnded && this.#isEndSent && this.#socket.writableFinished))
      this.#tunnel.reset(stream);
  }
}
