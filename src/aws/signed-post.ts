import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AwsClients } from "./clients.ts";
import { endpointOverride } from "./failures.ts";
import { queryEndpoint, type RareService } from "./query-endpoint.ts";

/** A short limit, because these calls only help to explain something. */
const TIMEOUT_MS = 5_000;

export interface SignedPost {
  readonly service: RareService;
  /** Where the service answers, and the region of the signature. */
  readonly to: { readonly url: URL; readonly region: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Where a service answers for a region: the endpoint that the environment names, or AWS's own. */
export async function endpointOf(
  service: RareService,
  ofRegion: string,
  clients: AwsClients,
): Promise<SignedPost["to"]> {
  const override = endpointOverride(service);
  if (override !== undefined) return { url: new URL(override), region: ofRegion };
  // The SDK's own decision, from the environment or the shared configuration.
  const { config } = await clients.ecs();
  const choice = { fips: await config.useFipsEndpoint(), dualStack: await config.useDualstackEndpoint() };
  const { host, region } = queryEndpoint(service, ofRegion, choice);
  return { url: new URL(`https://${host}`), region };
}

/**
 * Posts one signed request to a service that is called rarely, and so needs no client of the SDK. Resolves with the answer, whatever its
 * status. Rejects with Node's error when there is none within five seconds.
 */
export async function signedPost(
  { service, to: { url, region }, headers: own, body }: SignedPost,
  clients: AwsClients,
): Promise<Answer> {
  const signer = new SignatureV4({
    service,
    region,
    credentials: () => clients.credentials(),
    sha256: Sha256,
  });
  const { headers } = await signer.sign({
    method: "POST",
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    headers: { host: url.host, ...own },
    body,
  });
  return await post(url, headers, body, await clients.proxy(), clients.signal);
}

async function post(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  agent: Awaited<ReturnType<AwsClients["proxy"]>>,
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
