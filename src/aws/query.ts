import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { AwsClients } from "./clients.ts";
import { attempt, endpointOverride } from "./failures.ts";
import { queryEndpoint } from "./query-endpoint.ts";
import type { Call } from "./thrown.ts";
import { answerOf, textsOf, type Xml } from "./xml.ts";

/** API versions. These services are called rarely, so they need no client of the SDK. */
const VERSIONS = { ec2: "2016-11-15", iam: "2010-05-08", sts: "2011-06-15" } as const;
type Service = keyof typeof VERSIONS;

/** A short limit, because these calls only help to explain a failure. */
const TIMEOUT_MS = 5_000;

export type Query = (
  service: Service,
  action: string,
  resource: string,
  parameters: Readonly<Record<string, string>>,
) => Promise<Xml>;

/** Makes calls of AWS Query APIs. A call resolves with its answer, and fails with a `Failure`. */
export function queryCalls(clients: AwsClients): Query {
  const { signal } = clients;
  return async (service, action, resource, parameters) => {
    const { url, region } = await endpointOf(service, clients);
    const call: Call = { service, action: `${service}:${action}`, resource, region };
    return await attempt(call, signal, async () => {
      const body = new URLSearchParams({
        Action: action,
        Version: VERSIONS[service],
        ...parameters,
      }).toString();
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
        headers: { host: url.host, "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        body,
      });
      const answer = await post(url, headers, body, await clients.proxy(), signal);
      if (answer.status !== 200) throw thrown(answer);
      return answerOf(answer.text);
    });
  };
}

async function endpointOf(
  service: Service,
  clients: AwsClients,
): Promise<{ readonly url: URL; readonly region: string }> {
  const override = endpointOverride(service);
  if (override !== undefined) return { url: new URL(override), region: clients.region };
  // The SDK's own decision, from the environment or the shared configuration.
  const { config } = await clients.ecs();
  const choice = { fips: await config.useFipsEndpoint(), dualStack: await config.useDualstackEndpoint() };
  const { host, region } = queryEndpoint(service, clients.region, choice);
  return { url: new URL(`https://${host}`), region };
}

interface Answer {
  readonly status: number;
  readonly text: string;
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

/** In the shape of the SDK's exceptions. */
function thrown({ status, text }: Answer): Error {
  const said = answerIn(text);
  const error = new Error(textsOf(said, "Message")[0] ?? "no message");
  error.name = textsOf(said, "Code")[0] ?? "UnknownError";
  const requestId = textsOf(said, "RequestID")[0] ?? textsOf(said, "RequestId")[0];
  return Object.assign(error, { $metadata: { httpStatusCode: status, requestId } });
}

/** An element without members when the text is no XML, as from a proxy or a load balancer. */
function answerIn(text: string): Xml {
  try {
    return answerOf(text);
  } catch {
    return {};
  }
}
