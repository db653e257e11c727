import http, { type ClientRequest } from "node:http";
import https from "node:https";
import { Agent, type AgentConnectOpts } from "agent-base";
import { HttpProxyAgent } from "http-proxy-agent";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";

const OPTIONS = { keepAlive: true } as const;

/**
 * Sends each request the way the proxy variables say (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either
 * case), sockets included: what is a proxy for https:// is one for wss:// too.
 */
export class EnvironmentProxyAgent extends Agent {
  readonly #direct = { http: new http.Agent(OPTIONS), https: new https.Agent(OPTIONS) };
  readonly #proxies = new Map<string, Agent>();
  readonly #proxyFor: (url: string) => string;

  /** `proxyFor` gives the proxy's URL, or an empty text; by default it is what the variables say. */
  constructor(proxyFor: (url: string) => string = getProxyForUrl) {
    super(OPTIONS);
    this.#proxyFor = proxyFor;
  }

  override connect(request: ClientRequest, { secureEndpoint }: AgentConnectOpts): http.Agent {
    const scheme = secureEndpoint ? "https" : "http";
    const proxy = this.#proxyFor(`${scheme}://${String(request.getHeader("host"))}`);
    if (proxy === "") return this.#direct[scheme];
    // Through a tunnel, unless it is a plain request, which a proxy may pass on itself. Over a connection of its own:
    // on one that is used again the library sends the head as it was before it was told of the proxy.
    const tunnel = secureEndpoint || request.getHeader("upgrade") !== undefined;
    const key = `${String(tunnel)} ${proxy}`;
    const agent =
      this.#proxies.get(key) ?? (tunnel ? new HttpsProxyAgent(proxy, OPTIONS) : new HttpProxyAgent(proxy));
    this.#proxies.set(key, agent);
    return agent;
  }

  override destroy(): void {
    for (const agent of [...this.#proxies.values(), ...Object.values(this.#direct)]) agent.destroy();
    super.destroy();
  }
}
