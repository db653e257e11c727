import http, { type ClientRequest } from "node:http";
import https from "node:https";
import { Agent, type AgentConnectOpts } from "agent-base";
import { HttpProxyAgent } from "http-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import { TunnelAgent } from "./tunnel.ts";

const OPTIONS = { keepAlive: true } as const;

/**
 * An agent for requests and WebSockets that obeys the proxy variables (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`,
 * `NO_PROXY`, in either case). The proxy for https:// is also used for wss://.
 */
export class EnvironmentProxyAgent extends Agent {
  readonly #direct = { http: new http.Agent(OPTIONS), https: new https.Agent(OPTIONS) };
  readonly #proxies = new Map<string, Agent>();
  readonly #proxyFor: (url: string) => string;

  /** `proxyFor` returns the URL of the proxy for a URL, or an empty text; by default it reads the variables. */
  constructor(proxyFor: (url: string) => string = getProxyForUrl) {
    super(OPTIONS);
    this.#proxyFor = proxyFor;
  }

  override connect(request: ClientRequest, { secureEndpoint }: AgentConnectOpts): http.Agent {
    const scheme = secureEndpoint ? "https" : "http";
    const proxy = this.#proxyFor(`${scheme}://${String(request.getHeader("host"))}`);
    if (proxy === "") return this.#direct[scheme];
    // The proxy itself passes a plain request on; all else goes through a tunnel. HttpProxyAgent gets no keepAlive:
    // on a reused connection it sends the request's head in the form for a direct connection.
    const tunnel = secureEndpoint || request.getHeader("upgrade") !== undefined;
    const key = `${String(tunnel)} ${proxy}`;
    const agent =
      this.#proxies.get(key) ?? (tunnel ? new TunnelAgent(proxy, OPTIONS) : new HttpProxyAgent(proxy));
    this.#proxies.set(key, agent);
    return agent;
  }

  override destroy(): void {
    for (const agent of [...this.#proxies.values(), ...Object.values(this.#direct)]) agent.destroy();
    super.destroy();
  }
}
