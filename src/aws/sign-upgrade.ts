import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials } from "./credentials.ts";

const SERVICE = "ssmmessages";

/**
 * The headers that sign the WebSocket upgrade request, as session-manager-plugin does since 1.2.764.0. None when the
 * URL has a presigned query already. Rejects when there are no credentials.
 */
export async function signUpgrade(request: {
  readonly url: string;
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}): Promise<Record<string, string>> {
  const url = new URL(request.url);
  const names = [...url.searchParams.keys()];
  if (names.some((name) => name.toLowerCase().startsWith("x-amz-"))) return {};

  const credentials = await request.credentials();
  const signer = new SignatureV4({
    service: SERVICE,
    region: request.region,
    credentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
    },
    sha256: Sha256,
    // Only S3 takes the payload's hash in a header.
    applyChecksum: false,
  });
  const { headers } = await signer.sign(
    {
      method: "GET",
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name)])),
      headers: { host: url.host },
    },
    { signingDate: new Date(request.now) },
  );
  // The socket sets Host itself, to the same value.
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "host"));
}
