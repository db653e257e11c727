import { WebSocket } from "ws";
import type { RawData } from "ws";
import type { SocketListener, SocketRequest, WebSocketLike } from "../../aws/world.ts";
import { unlessAborted } from "../../waiting.ts";
import type { Frame } from "../channel/types.ts";
import { ConnectionError, MAX_FRAME_BYTES } from "./socket.ts";

const MAX_ANSWER_CHARACTERS = 500;

/** Opens a WebSocket on the network. */
export async function openWebSocket(
  { url, headers, agent, signal }: SocketRequest,
  listener: SocketListener,
): Promise<WebSocketLike> {
  signal.throwIfAborted();
  const ws = new WebSocket(url, {
    headers: { ...headers },
    ...(agent && { agent }),
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
  });
  // The listeners are added at once: an error without a listener would end the process.
  ws.on("error", (cause) => listener.failed(cause));
  ws.on("message", (data, isBinary) => listener.frame(toFrame(data, isBinary)));
  ws.on("ping", () => listener.ping());
  ws.on("pong", () => listener.pong());
  ws.once("open", () => ws.once("close", (code, reason) => listener.closed(code, reason.toString())));
  await waitUntilOpen(ws, signal);
  return new OpenWebSocket(ws);
}

class OpenWebSocket implements WebSocketLike {
  readonly #ws: WebSocket;

  constructor(ws: WebSocket) {
    this.#ws = ws;
  }

  get isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
  }

  get isPaused(): boolean {
    return this.#ws.isPaused;
  }

  get unsentBytes(): number {
    return this.#ws.bufferedAmount;
  }

  send(frame: Frame): void {
    // A write error closes the socket, and is reported by that.
    this.#ws.send(frame, () => undefined);
  }

  ping(payload: string): void {
    this.#ws.ping(payload);
  }

  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  close(): void {
    this.#ws.close(1000);
  }

  terminate(): void {
    this.#ws.terminate();
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

function toFrame(data: RawData, isBinary: boolean): Frame {
  const bytes = Array.isArray(data)
    ? Buffer.concat(data)
    : data instanceof ArrayBuffer
      ? Buffer.from(data)
      : data;
  return isBinary ? bytes : bytes.toString();
}
