import { partitionOf } from "../../aws/partitions.ts";

/**
 * Why a token and a signature may not be sent to this URL; undefined for a URL that may be used. It has to lead to
 * Session Manager's message gateway in the region, by its plain, FIPS or dual-stack name, or to an endpoint that the
 * environment configures.
 */
export function wrongStreamUrl(
  streamUrl: string,
  region: string,
  configured: readonly string[],
): string | undefined {
  const url = URL.canParse(streamUrl) ? new URL(streamUrl) : undefined;
  if (url === undefined) return "it is no URL";
  if (url.username !== "" || url.password !== "") return "it holds credentials";
  const origins = [
    ...gatewayHosts(region).map((host) => `wss://${host}`),
    ...configured.flatMap(webSocketOf),
  ];
  if (origins.includes(`${url.protocol}//${url.host}`)) return undefined;
  return `${url.protocol}//${url.host} is not Session Manager's message gateway in ${region}`;
}

function gatewayHosts(region: string): readonly string[] {
  const { dnsSuffix, dualStackDnsSuffix } = partitionOf(region);
  return ["ssmmessages", "ssmmessages-fips"].flatMap((name) =>
    [dnsSuffix, dualStackDnsSuffix].map((domain) => `${name}.${region}.${domain}`),
  );
}

/** The WebSocket origin of an HTTP endpoint: `ws` for `http`, `wss` for `https`. */
function webSocketOf(endpoint: string): readonly string[] {
  if (!URL.canParse(endpoint)) return [];
  const { protocol, host } = new URL(endpoint);
  return protocol === "http:" || protocol === "https:" ? [`${protocol.replace("http", "ws")}//${host}`] : [];
}
