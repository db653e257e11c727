import type { Agent } from "node:http";
import type { OpenSocket, WebSocketLike } from "../../aws/world.ts";
import type { Frame } from "../channel/types.ts";
import type { Clock } from "../../clock.ts";

export const CLOSE_MS = 1_000;
/**
 * session-manager-plugin pings at once and every 5 minutes, with this payload (`src/config/config.go`). The shorter
 * interval finds a dead connection sooner.
 */
const PING_MS = 25_000;
/**
 * The first ones come sooner. The agent opens a session within a second or two, and one that is not open after 20 s is given up: a connection
 * that died in between is found before that.
 */
const FIRST_PING_MS = 4_000;
const FIRST_PINGS = 4;
const PING = "keepalive";
const MAX_UNANSWERED = 2;
/** A bound on received frames. The agent's frames carry 1 kB, and no message of the protocol has more than a few kB. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** A bound on the bytes that wait for a gateway that does not read: acknowledgements, and a window of input. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;

/** An open WebSocket whose other side is known to live. */
export interface Socket {
  /** Does nothing once the socket is lost, which `onLost` tells. */
  send(frame: Frame): void;
  /** Stops reading, so that the sender has to wait. */
  pause(): void;
  resume(): void;
  /** Cuts the socket at once, and calls `onLost`. */
  abandon(why: string): void;
  /** Resolves when the socket is closed, by force after a second. `onLost` is not called. */
  close(): Promise<void>;
}

export interface SocketOptions {
  readonly openSocket: OpenSocket;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Node's HTTP agent, which opens the connection; undefined for a direct connection. */
  readonly agent: Agent | undefined;
  readonly clock: Clock;
  /** Ends the attempt to connect. It has no effect on an open socket. */
  readonly signal: AbortSignal;
  readonly onFrame: (frame: Frame) => void;
  /** The gateway answered a ping. */
  readonly onPong?: (() => void) | undefined;
  /** Called once, when an open socket is lost other than by `close`; `why` finishes "the connection …". */
  readonly onLost: (why: string, cause?: unknown) => void;
}

/**
 * There is no connection. `status` is the HTTP status when an answer came instead of the upgrade: the gateway's, or
 * 407 of a proxy. Without an answer the `code` of the cause is Node's.
 */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}

/** Rejects with `ConnectionError`, or with the signal's reason. */
export async function connect(options: SocketOptions): Promise<Socket> {
  const socket = new LiveSocket(options);
  await socket.open();
  return socket;
}

class LiveSocket implements Socket {
  readonly #options: SocketOptions;
  #ws: WebSocketLike | undefined;
  readonly #closed: Promise<void>;
  #settleClosed: () => void = () => undefined;
  /** Aborts when no more pings are to be sent. */
  readonly #stop = new AbortController();
  #isClosing = false;
  /** Why the socket was lost. The first reason counts. */
  #error: Error | undefined;
  /** The pings since anything was heard, and when the first of them was sent. */
  #unanswered = 0;
  #unansweredSince = 0;

  constructor(options: SocketOptions) {
    this.#options = options;
    this.#closed = new Promise((resolve) => (this.#settleClosed = resolve));
  }

  async open(): Promise<void> {
    const { openSocket, onFrame, onPong, url, headers, agent, signal } = this.#options;
    signal.throwIfAborted();
    const heard = (): void => void (this.#unanswered = 0);
    const request = { url, headers, agent, signal };
    const ws = await openSocket(request, {
      frame: (frame) => {
        heard();
        onFrame(frame);
      },
      ping: heard,
      pong: () => {
        heard();
        onPong?.();
      },
      failed: (cause) => (this.#error ??= cause),
      closed: (code, reason) => {
        this.#settleClosed();
        this.#lost(code, reason);
      },
    });
    this.#ws = ws;
    this.#pingUntilDead(ws).catch((cause: unknown) => {
      if (!this.#stop.signal.aborted) this.#cut(cause instanceof Error ? cause : new Error(String(cause)));
    });
  }

  send(frame: Frame): void {
    if (this.#ws?.isOpen !== true) return;
    this.#ws.send(frame);
    if (this.#ws.unsentBytes > MAX_UNSENT_BYTES)
      this.#cut(new Error("the other side does not read what it is sent"));
  }

  pause(): void {
    this.#ws?.pause();
  }

  resume(): void {
    this.#ws?.resume();
  }

  abandon(why: string): void {
    this.#cut(new Error(why));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stop.abort();
    // A paused socket would not read the close frame of the other side.
    this.#ws?.resume();
    this.#ws?.close();
    const patience = new AbortController();
    const impatient = this.#options.clock.sleep(CLOSE_MS, patience.signal).then(
      () => this.#ws?.terminate(),
      () => undefined, // it was closed in time
    );
    await Promise.race([this.#closed, impatient.then(() => this.#closed)]);
    patience.abort();
  }

  #cut(error: Error): void {
    this.#error ??= error;
    this.#ws?.terminate();
  }

  #lost(code: number, reason: string): void {
    this.#stop.abort();
    if (this.#isClosing) return;
    const said = reason === "" ? "" : `: ${reason}`;
    const why = this.#error ? `broke: ${this.#error.message}` : `was closed with code ${code}${said}`;
    this.#options.onLost(why, this.#error);
  }

  /**
   * Rejects when two pings in a row got no answer and nothing else came. The gateway is certain to answer pings, because
   * the exec agent gives up a connection without answers. An answer comes from the gateway, so it tells nothing about the
   * agent.
   */
  async #pingUntilDead(ws: WebSocketLike): Promise<never> {
    const { clock } = this.#options;
    for (let count = 1; ; count += 1) {
      // A paused socket reads no answer.
      if (ws.isPaused) this.#unanswered = 0;
      if (this.#unanswered >= MAX_UNANSWERED)
        throw new Error(
          `nothing was heard for ${Math.round((clock.now() - this.#unansweredSince) / 1000)} s, not even an answer to a ping`,
        );
      if (this.#unanswered === 0) this.#unansweredSince = clock.now();
      this.#unanswered++;
      ws.ping(PING);
      await clock.sleep(count <= FIRST_PINGS ? FIRST_PING_MS : PING_MS, this.#stop.signal);
    }
  }
}
