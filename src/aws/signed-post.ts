import type { Agent } from "node:http";
import { Sha256 } from "@aws-crypto/sha256-js";
import type { ECSClient } from "@aws-sdk/client-ecs";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials } from "./credentials.ts";
import { endpointOverride } from "./failures.ts";
import { type Answer, requestText } from "./http.ts";
import { queryEndpoint, type RareService } from "./query-endpoint.ts";

export interface SignedPost {
  readonly service: RareService;
  /** The endpoint of the service, and the region of the signature. */
  readonly to: { readonly url: URL; readonly region: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The endpoint of a service for a region: the one that the environment names, or AWS's own. */
export async function findEndpoint(
  service: RareService,
  ofRegion: string,
  ecs: () => Promise<ECSClient>,
): Promise<SignedPost["to"]> {
  const override = endpointOverride(service);
  if (override !== undefined) return { url: new URL(override), region: ofRegion };
  // The SDK's own decision, from the environment or the shared configuration.
  const { config } = await ecs();
  const choice = { fips: await config.useFipsEndpoint(), dualStack: await config.useDualstackEndpoint() };
  const { host, region } = queryEndpoint(service, ofRegion, choice);
  return { url: new URL(`https://${host}`), region };
}

/** Whose request it is, and the way that it takes. */
interface Sending {
  readonly credentials: () => Promise<Credentials>;
  readonly agent: Agent | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Posts one signed request within the limits of `requestText`. They may be that short, because no job depends on these calls: they explain failures,
 * check the set-up, and find an address or an image's size.
 */
export async function postSigned(
  { service, to: { url, region }, headers: own, body }: SignedPost,
  { credentials, agent, signal }: Sending,
): Promise<Answer> {
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const { headers } = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    headers: { host: url.host, ...own },
    body,
  });
  return await requestText(url, { method: "POST", headers, body, agent, signal });
}
