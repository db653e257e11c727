import { type Agent, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Sha256 } from "@aws-crypto/sha256-js";
import type { ECSClient } from "@aws-sdk/client-ecs";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials } from "./credentials.ts";
import { endpointOverride } from "./failures.ts";
import { queryEndpoint, type RareService } from "./query-endpoint.ts";

/** A short limit, because no job depends on these calls. They explain failures, check the set-up, and find an address or an image's size. */
const TIMEOUT_MS = 5_000;

export interface SignedPost {
  readonly service: RareService;
  /** The endpoint of the service, and the region of the signature. */
  readonly to: { readonly url: URL; readonly region: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
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
 * Posts one signed request. Resolves with the answer, whatever its status. Rejects with an error of Node when the service can't be reached, or
 * is silent for five seconds.
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
  return await post(url, headers, body, agent, signal);
}

async function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  agent: Agent | undefined,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const request = url.protocol === "http:" ? requestHttp : requestHttps;
  const options = { method: "POST", headers, ...(signal && { signal }), ...(agent && { agent }) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, options, resolve).on("error", reject);
    sent.setTimeout(TIMEOUT_MS, () => {
      const why = new Error(`No answer within ${TIMEOUT_MS / 1000} s.`);
      sent.destroy(Object.assign(why, { code: "ETIMEDOUT", hostname: url.hostname }));
    });
    sent.end(body);
  });
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return { status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() };
}
