import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import { isIP, isIPv6, Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { Agent, type AgentConnectOpts } from "agent-base";
import { afterRealTime } from "../clock.ts";

/** How long a proxy may take to open a tunnel. */
const PATIENCE_MS = 20_000;

/**
 * An agent whose connections are tunnels through an HTTP proxy. Node reads the head of the proxy's answer to CONNECT, and takes 16 KiB of it at
 * most. The body of a refusal is not read.
 */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #patience: number;

  /** The proxy may take `patience` milliseconds to open a tunnel. */
  constructor(proxy: string, options: http.AgentOptions, patience = PATIENCE_MS) {
    super(options);
    this.#proxy = new URL(proxy);
    this.#patience = patience;
  }

  override async connect(request: ClientRequest, options: AgentConnectOpts): Promise<Duplex> {
    const { answer, socket, head } = await this.#open(options);
    if (answer.statusCode !== 200) {
      socket.destroy();
      return refused(request, answer);
    }
    if (head.length > 0) socket.unshift(head);
    if (!options.secureEndpoint) return socket;
    const name = options.servername ?? options.host ?? "";
    return tls.connect({ ...options, socket, ...(isIP(name) === 0 && { servername: name }) });
  }

  async #open({ host = "", port }: AgentConnectOpts): Promise<Opened> {
    const { protocol, hostname, port: proxyPort, username, password } = this.#proxy;
    const isSecure = protocol === "https:";
    const target = `${isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const opening = (isSecure ? https : http).request({
      ...{ method: "CONNECT", path: target, agent: false },
      host: hostname.replace(/^\[|\]$/g, ""),
      port: proxyPort === "" ? (isSecure ? 443 : 80) : Number(proxyPort),
      headers: {
        host: target,
        "proxy-connection": "keep-alive",
        ...(login.length > 1 && { "proxy-authorization": `Basic ${login.toString("base64")}` }),
      },
    });
    const calm = afterRealTime(this.#patience, () => {
      const why = new Error(`The proxy opened no tunnel within ${this.#patience / 1000} s.`);
      opening.destroy(Object.assign(why, { code: "ETIMEDOUT" }));
    });
    try {
      return await new Promise<Opened>((resolve, reject) => {
        opening.once("connect", (answer, socket, head) => resolve({ answer, socket, head }));
        opening.once("error", reject).end();
      });
    } finally {
      calm();
    }
  }
}

interface Opened {
  readonly answer: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

/** A connection on which the request finds the proxy's status in the place of an answer, and which takes nothing of the request. */
function refused(request: ClientRequest, { statusCode, statusMessage }: IncomingMessage): Duplex {
  const socket = new Socket({ writable: false });
  // The parser of the request listens from then on.
  request.once("socket", () => {
    socket.push(
      `HTTP/1.1 ${String(statusCode)} ${statusMessage ?? ""}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
    );
    socket.push(null);
  });
  return socket;
}
