import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";

/** A request that the proxy passed on, or refused. */
export interface ProxiedRequest {
  /** `CONNECT` for a tunnel, else the method of a request in absolute form. */
  readonly method: string;
  /** `host:port` of a tunnel, else the whole URL. */
  readonly target: string;
  readonly outcome: "passed" | "refused";
}

/**
 * An HTTP proxy on a free port of this machine. It requires Basic authorization of every request, opens tunnels for CONNECT,
 * and passes on requests in absolute form.
 */
export class Proxy {
  readonly seen: ProxiedRequest[] = [];
  /** False: it closes each connection that asks for a tunnel. */
  opensTunnels = true;
  readonly #server: Server;
  readonly #authorization: string;
  readonly #sockets = new Set<Duplex>();

  private constructor(user: string, password: string) {
    this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#server.on("connect", (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#tunnel(request, socket, head),
    );
  }

  static async start(user = "someone", password = "secret word"): Promise<Proxy> {
    const proxy = new Proxy(user, password);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** The proxy's address for HTTP_PROXY and HTTPS_PROXY, with the right user and password or with others. */
  url(user = "someone", password = "secret word"): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}`;
  }

  /** Tunnels that were opened, by their target. */
  get tunnels(): string[] {
    return this.seen
      .filter(({ method, outcome }) => method === "CONNECT" && outcome === "passed")
      .map(({ target }) => target);
  }

  /** Ends the open tunnels, as an idle limit does. New ones can be opened. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #admits(request: IncomingMessage): boolean {
    const admitted = request.headers["proxy-authorization"] === this.#authorization;
    const { method = "", url: target = "" } = request;
    this.seen.push({ method, target, outcome: admitted ? "passed" : "refused" });
    return admitted;
  }

  #tunnel(request: IncomingMessage, client: Duplex, head: Buffer): void {
    client.on("error", () => client.destroy());
    if (!this.opensTunnels) {
      client.destroy();
      return;
    }
    if (!this.#admits(request)) {
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="proxy"\r\nContent-Length: 0\r\n\r\n',
      );
      return;
    }
    const { hostname, port } = new URL(`http://${request.url ?? ""}`);
    const server = connect(Number(port === "" ? 80 : port), hostname, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      server.write(head);
      server.pipe(client);
      client.pipe(server);
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#admits(request)) {
      response.writeHead(407, { "proxy-authenticate": 'Basic realm="proxy"' }).end();
      return;
    }
    const headers = { ...request.headers };
    delete headers["proxy-authorization"];
    delete headers["proxy-connection"];
    const onward = httpRequest(request.url ?? "", { method: request.method ?? "GET", headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }
}
