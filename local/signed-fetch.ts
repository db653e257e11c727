import { request as httpRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Keys } from "./keys.ts";

/** A server of AWS's APIs, and the keys that sign the calls to it. */
export interface Endpoint {
  /** Its address, without a slash at the end. */
  readonly url: string;
  readonly region: string;
  readonly keys: Keys;
  /** The Unix socket on which it listens, if it listens on no port. */
  readonly socketPath?: string;
}

/** Makes one signed request to a service. */
export async function signedFetch(
  { url, region, keys, socketPath }: Endpoint,
  service: string,
  request: {
    readonly method: string;
    /** `/` unless given. */
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<Response> {
  const { protocol, hostname, host } = new URL(url);
  const { method, path = "/", headers = {}, body } = request;
  const signer = new SignatureV4({
    ...{ region, service, credentials: keys, sha256: Sha256 },
    uriEscapePath: service !== "s3",
  });
  const signed = await signer.sign({
    ...{ method, protocol, hostname, path: path.split("?")[0] ?? "/", headers: { ...headers, host } },
    ...(body !== undefined && { body }),
  });
  const call = httpRequest(url + path, {
    ...{ method, headers: signed.headers },
    ...(socketPath !== undefined && { socketPath }),
  });
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    call.once("response", resolve).once("error", reject).end(body);
  });
  const bytes = await buffer(answer);
  return new Response(bytes.length === 0 ? null : bytes, {
    status: answer.statusCode ?? 502,
    headers: answer.headers as Record<string, string>,
  });
}
