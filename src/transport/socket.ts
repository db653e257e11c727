import type { Agent } from "node:http";
import { WebSocket } from "ws";
import type { RawData } from "ws";
import type { Frame } from "../channel/types.ts";
import type { Clock } from "../clock.ts";
import { unlessAborted } from "../bounded.ts";

export const CLOSE_MS = 1_000;
/**
 * session-manager-plugin pings at once and every 5 minutes, with this payload (`src/config/config.go`). The shorter
 * interval finds a dead connection sooner.
 */
const PING_MS = 25_000;
const PING = "keepalive";
const MAX_UNANSWERED = 2;
/** A bound on received frames. The agent's frames carry 1 kB, and no message of the protocol has more than a few kB. */
export const MAX_FRAME_BYTES = 1024 * 1024;
/** A bound on the bytes that wait for a gateway that does not read: acknowledgements, and a window of input. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
const MAX_ANSWER_CHARACTERS = 500;

/** An open WebSocket. */
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
  options.signal.throwIfAborted();
  const ws = new WebSocket(options.url, {
    headers: { ...options.headers },
    ...(options.agent && { agent: options.agent }),
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  });
  const socket = new WsSocket(ws, options);
  await waitUntilOpen(ws, options.signal);
  socket.keepAlive();
  return socket;
}

class WsSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #options: SocketOptions;
  readonly #closed: Promise<void>;
  /** Aborts when no more pings are to be sent. */
  readonly #stop = new AbortController();
  #isClosing = false;
  /** Why the socket was lost. The first reason counts. */
  #error: Error | undefined;

  /** The listeners are added at once: an error without a listener would end the process. */
  constructor(ws: WebSocket, options: SocketOptions) {
    this.#ws = ws;
    this.#options = options;
    ws.on("error", (cause) => (this.#error ??= cause));
    ws.on("message", (data, isBinary) => options.onFrame(toFrame(data, isBinary)));
    ws.on("pong", () => options.onPong?.());
    this.#closed = new Promise<void>((resolve) => ws.once("close", () => resolve()));
    ws.once("open", () => ws.once("close", (code, reason) => this.#lost(code, reason)));
  }

  keepAlive(): void {
    pingUntilDead(this.#ws, this.#options.clock, this.#stop.signal).catch((cause: unknown) => {
      if (!this.#stop.signal.aborted) this.#cut(cause instanceof Error ? cause : new Error(String(cause)));
    });
  }

  send(frame: Frame): void {
    // A write error closes the socket, and is reported by that.
    if (this.#ws.readyState !== WebSocket.OPEN) return;
    this.#ws.send(frame, () => undefined);
    if (this.#ws.bufferedAmount > MAX_UNSENT_BYTES)
      this.#cut(new Error("the other side does not read what it is sent"));
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  abandon(why: string): void {
    this.#cut(new Error(why));
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#stop.abort();
    // A paused socket would not read the close frame of the other side.
    this.#ws.resume();
    this.#ws.close(1000);
    const patience = new AbortController();
    const impatient = this.#options.clock.sleep(CLOSE_MS, patience.signal).then(
      () => this.#ws.terminate(),
      () => undefined, // it was closed in time
    );
    await Promise.race([this.#closed, impatient.then(() => this.#closed)]);
    patience.abort();
  }

  #cut(error: Error): void {
    this.#error ??= error;
    this.#ws.terminate();
  }

  #lost(code: number, reason: Buffer): void {
    this.#stop.abort();
    if (this.#isClosing) return;
    const said = reason.length > 0 ? `: ${reason.toString()}` : "";
    const why = this.#error ? `broke: ${this.#error.message}` : `was closed with code ${code}${said}`;
    this.#options.onLost(why, this.#error);
  }
}

/** Resolves when the upgrade is done. Otherwise rejects, and ends the attempt. */
async function waitUntilOpen(ws: WebSocket, signal: AbortSignal): Promise<void> {
  const opening = new Promise<void>((resolve, reject) => {
    ws.once("open", resolve);
    ws.once("error", (cause) =>
      reject(new ConnectionError(cause.message || String(cause), undefined, cause)),
    );
    ws.once("unexpected-response", (_request, response) => {
      const status = response.statusCode ?? 0;
      let answer = "";
      const refuse = (): void => {
        const text = answer.replace(/\s+/g, " ").trim().slice(0, MAX_ANSWER_CHARACTERS);
        reject(new ConnectionError(`HTTP ${status}${text && `: ${text}`}`, status));
      };
      response.setEncoding("utf8").on("data", (chunk: string) => {
        answer += chunk;
        if (answer.length > MAX_ANSWER_CHARACTERS) refuse();
      });
      response.once("close", refuse);
    });
  });
  try {
    await unlessAborted(opening, signal);
  } catch (error) {
    ws.terminate();
    throw error;
  }
}

/**
 * Rejects when two pings in a row got no answer and nothing else came. The gateway is certain to answer pings, because
 * the exec agent gives up a connection without answers. An answer comes from the gateway, so it tells nothing about the
 * agent.
 */
async function pingUntilDead(ws: WebSocket, clock: Clock, stop: AbortSignal): Promise<never> {
  let unanswered = 0;
  const heard = (): void => void (unanswered = 0);
  ws.on("pong", heard).on("ping", heard).on("message", heard);
  for (;;) {
    // A paused socket reads no answer.
    if (ws.isPaused) unanswered = 0;
    if (unanswered >= MAX_UNANSWERED)
      throw new Error(
        `nothing was heard for ${(MAX_UNANSWERED * PING_MS) / 1000} s, not even an answer to a ping`,
      );
    unanswered++;
    ws.ping(PING);
    await clock.sleep(PING_MS, stop);
  }
}

function toFrame(data: RawData, isBinary: boolean): Frame {
  const bytes = Array.isArray(data)
    ? Buffer.concat(data)
    : data instanceof ArrayBuffer
      ? Buffer.from(data)
      : data;
  return isBinary ? bytes : bytes.toString();
}
