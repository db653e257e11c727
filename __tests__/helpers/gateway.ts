import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { RawData } from "ws";
import { WebSocket, WebSocketServer } from "ws";
import type { AgentMessage } from "../../src/session/wire/message.ts";
import { decode } from "../../src/session/wire/message.ts";
import { ack } from "../session/channel/frames.ts";
import { Changes } from "./until.ts";

export interface GatewayOptions {
  /** Answers requests instead of the upgrade. */
  readonly answer?: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** A server with TLS, for clients that trust its certificate. Without it there is no TLS. */
  readonly server?: Server | undefined;
}

/** A real WebSocket server on loopback, for one client at a time; what it says is up to the test. */
export class Gateway {
  readonly url: string;
  /** What the clients sent, as it came: the opening texts, and messages. */
  readonly text: string[] = [];
  readonly messages: AgentMessage[] = [];
  readonly pings: string[] = [];
  readonly requests: IncomingMessage[] = [];
  /** The newest client. */
  client: WebSocket | undefined;
  /** What to do with a client that has sent its opening frame. */
  onOpening: (token: string, client: WebSocket) => void = () => undefined;
  /** Whether an upgrade is not answered at all. */
  silent = false;
  /** Whether a client is accepted and never listened to. */
  deaf = false;
  /** Whether input is acknowledged, as by an agent that has opened the session. */
  acknowledging = false;
  /** The HTTP status instead of the upgrade. */
  refusing: ((request: IncomingMessage) => number | undefined) | undefined;
  readonly #close: () => Promise<void>;
  readonly #changes = new Changes();

  static async start({ answer, server }: GatewayOptions = {}): Promise<Gateway> {
    const http = server ?? createServer();
    const ws = new WebSocketServer({ noServer: true });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const sockets = new Set<Duplex>();
    const base = `${server ? "wss" : "ws"}://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const gateway = new Gateway(base, async () => {
      for (const socket of sockets) socket.destroy();
      http.close();
      http.closeAllConnections();
      await once(http, "close");
    });
    if (answer) http.on("request", answer);
    else {
      http.on("upgrade", (request, socket, head) => {
        gateway.requests.push(request);
        sockets.add(socket);
        const status = gateway.refusing?.(request);
        socket.on("error", () => undefined);
        if (status !== undefined) socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 4\r\n\r\nno!\n`);
        else if (!gateway.silent) ws.handleUpgrade(request, socket, head, (client) => gateway.#serve(client));
        gateway.#changes.notify();
      });
    }
    return gateway;
  }

  private constructor(base: string, close: () => Promise<void>) {
    this.url = `${base}/v1/data-channel/ecs-execute-command-1?role=publish_subscribe&cell-number=AA%2FBB`;
    this.#close = close;
  }

  send(...frames: Uint8Array[]): void {
    for (const frame of frames) this.client?.send(frame);
  }

  /** Resolves as soon as the condition holds. */
  async until(isSo: () => boolean): Promise<void> {
    await this.#changes.until(isSo, () => `the client sent ${this.messages.length} messages`);
  }

  async untilOpen(): Promise<void> {
    await this.until(() => this.text.length > 0);
  }

  /** The tokens of the opening frames. */
  get tokens(): string[] {
    return this.text.map((text) => (JSON.parse(text) as { TokenValue: string }).TokenValue);
  }

  get inputs(): AgentMessage[] {
    return this.messages.filter(({ messageType }) => messageType === "input_stream_data");
  }

  get acks(): AgentMessage[] {
    return this.messages.filter(({ messageType }) => messageType === "acknowledge");
  }

  get gone(): boolean {
    return this.client?.readyState === WebSocket.CLOSED;
  }

  stop(): Promise<void> {
    return this.#close();
  }

  #serve(client: WebSocket): void {
    this.client = client;
    if (this.deaf) client.pause();
    const changed = (): void => this.#changes.notify();
    client.on("message", (data: RawData, isBinary) => {
      const bytes = data as Buffer;
      if (isBinary) {
        const message = decode(bytes);
        this.messages.push(message);
        if (this.acknowledging && message.messageType === "input_stream_data")
          client.send(ack(message.sequenceNumber));
      } else {
        this.text.push(bytes.toString());
        this.onOpening(this.tokens.at(-1) ?? "", client);
      }
      changed();
    });
    client.on("ping", (data) => {
      this.pings.push(data.toString());
      changed();
    });
    client.on("close", changed);
    changed();
  }
}
