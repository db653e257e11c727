import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { RawData } from "ws";
import { WebSocket, WebSocketServer } from "ws";
import type { AgentMessage } from "../../src/channel/message.ts";
import { decode } from "../../src/channel/message.ts";

/** A real WebSocket server on loopback for one client; what it says is up to the test. */
export class Gateway {
  readonly url: string;
  /** What the client sent, as it came: the opening text first, then messages. */
  readonly text: string[] = [];
  readonly messages: AgentMessage[] = [];
  readonly pings: string[] = [];
  requested: IncomingMessage | undefined;
  client: WebSocket | undefined;
  readonly #close: () => Promise<void>;
  #changed: () => void = () => undefined;

  static async start(
    answer?: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<Gateway> {
    const http = createServer();
    const ws = new WebSocketServer({ noServer: true });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const gateway = new Gateway((http.address() as AddressInfo).port, async () => {
      for (const client of ws.clients) client.terminate();
      http.close();
      http.closeAllConnections();
      await once(http, "close");
    });
    http.on("request", (request, response) => answer?.(request, response));
    if (!answer) {
      http.on("upgrade", (request, socket, head) => {
        gateway.requested = request;
        ws.handleUpgrade(request, socket, head, (client) => gateway.#serve(client));
      });
    }
    return gateway;
  }

  private constructor(port: number, close: () => Promise<void>) {
    this.url = `ws://127.0.0.1:${port}/v1/data-channel/ecs-execute-command-1?role=publish_subscribe&cell-number=AA%2FBB`;
    this.#close = close;
  }

  send(...frames: Uint8Array[]): void {
    for (const frame of frames) this.client?.send(frame);
  }

  /** Resolves as soon as it is so; the test's own timeout bounds it. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  async untilOpen(): Promise<void> {
    await this.until(() => this.text.length > 0);
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
    const changed = (): void => this.#changed();
    client.on("message", (data: RawData, isBinary) => {
      const bytes = data as Buffer;
      if (isBinary) this.messages.push(decode(bytes));
      else this.text.push(bytes.toString());
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
