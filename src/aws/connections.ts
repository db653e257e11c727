import http from "node:http";
import https from "node:https";
import { Socket } from "node:net";
import type { Clock } from "../clock.ts";

/** A connection that is idle for longer may be about to be closed by the other side. */
const LONGEST_IDLE_MS = 4_000;
/** The limit of sockets is the SDK's own. */
const OPTIONS = { keepAlive: true, maxSockets: 50 } as const;

/** Connections that were opened before there is a request for them, by host and port. */
class SpareConnections {
  readonly #waiting = new Map<string, { readonly socket: Socket; readonly since: number }[]>();
  readonly #clock: Pick<Clock, "now">;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Keeps a connection for a later request. A failure does no harm: the request then opens a connection of its own. */
  add(key: string, socket: Socket): void {
    const entry = { socket, since: this.#clock.now() };
    this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), entry]);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      const others = this.#waiting.get(key)?.filter((each) => each !== entry);
      this.#waiting.set(key, others ?? []);
    });
    socket.unref();
  }

  /** Takes a connection that is still open. */
  take(key: string): Socket | undefined {
    for (;;) {
      const entry = this.#waiting.get(key)?.shift();
      if (entry === undefined) return undefined;
      const { socket, since } = entry;
      if (socket.writable && this.#clock.now() - since < LONGEST_IDLE_MS) return socket.ref();
      socket.destroy();
    }
  }

  close(): void {
    for (const { socket } of [...this.#waiting.values()].flat()) socket.destroy();
  }
}

function keyOf({ host, port }: http.ClientRequestArgs): string {
  return `${host ?? ""}:${port ?? ""}`;
}

/**
 * The connections to AWS of a step. All clients share them, so that a call need not open a connection when another
 * client has one.
 */
export class Connections {
  readonly #ahead: SpareConnections;
  readonly #plain = new http.Agent(OPTIONS);
  readonly #secure = new https.Agent(OPTIONS);
  readonly #connect = { plain: connectOf(this.#plain), secure: connectOf(this.#secure) };

  constructor(clock: Pick<Clock, "now">) {
    this.#ahead = new SpareConnections(clock);
    this.#share(this.#plain, this.#connect.plain);
    this.#share(this.#secure, this.#connect.secure);
  }

  /** For the SDK. */
  get agents(): { readonly httpAgent: http.Agent; readonly httpsAgent: https.Agent } {
    return { httpAgent: this.#plain, httpsAgent: this.#secure };
  }

  agentFor(url: string): http.Agent {
    return isSecure(url) ? this.#secure : this.#plain;
  }

  /** Opens a connection to the host of this URL, with the handshake of TLS, for a request that is to come. */
  open(url: string): void {
    const { hostname: host, port } = new URL(url);
    const secure = isSecure(url);
    const at = { host, port: port === "" ? (secure ? 443 : 80) : Number(port) };
    const connect = secure ? this.#connect.secure : this.#connect.plain;
    const socket = connect({ ...at, ...(secure && { servername: host }) }, () => undefined);
    if (socket instanceof Socket) this.#ahead.add(keyOf(at), socket);
  }

  close(): void {
    this.#ahead.close();
    for (const agent of [this.#plain, this.#secure]) http.Agent.prototype.destroy.call(agent);
  }

  /** Lets the agent take spare connections. Its `destroy` does nothing, because a client calls it while others use the agent. */
  #share(agent: http.Agent, connect: http.Agent["createConnection"]): void {
    agent.createConnection = (options, callback) =>
      this.#ahead.take(keyOf(options)) ?? connect(options, callback);
    agent.destroy = () => undefined;
  }
}

function connectOf(agent: http.Agent): http.Agent["createConnection"] {
  return agent.createConnection.bind(agent);
}

function isSecure(url: string): boolean {
  return /^(https|wss):/.test(url);
}
