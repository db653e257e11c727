import type { IncomingHttpHeaders } from "node:http";
import { isExpired, isSignedBy, sha256, signatureOf } from "../sigv4.ts";

/** The keys and rights that a signature is checked against. */
export interface Signers {
  readonly region: string;
  /** The secret access key of an access key; undefined for an unknown key. */
  secretOf(accessKeyId: string): string | undefined;
  /** Whether the key's owner may open the channel of this session. Unless given, every owner may. */
  canOpen?(accessKeyId: string, sessionId: string): Promise<boolean>;
}

const SERVICE = "ssmmessages";

/** What is wrong with an upgrade request's SigV4 signature, which is in its headers or its query; undefined for a good one. */
export function wrongSignature(
  headers: IncomingHttpHeaders,
  url: URL,
  signers: Signers,
  now: number,
): string | undefined {
  // AWS's signers for Go, including that of session-manager-plugin, read a `+` in a query as a space and sign it as one.
  const target = `${url.pathname}${url.search.replaceAll("+", "%20")}`;
  const given = signatureOf(headers, target);
  if (given === undefined) return "it is not signed";
  const [, region, service, end, ...more] = given.scope;
  if (region !== signers.region || service !== SERVICE || end !== "aws4_request" || more.length > 0)
    return `the credential is not scoped to '${signers.region}/${SERVICE}/aws4_request'`;
  if (given.signedAt === undefined) return "the date is missing or not the scope's";
  if (isExpired(given, now)) return "the signature has expired";
  if (!given.signedHeaders.includes("host")) return "the host is not signed";
  const secret = signers.secretOf(given.accessKeyId);
  if (secret === undefined) return "the security token included in the request is invalid";
  const request = { method: "GET", target, headers, bodyHash: sha256(""), encodesPathTwice: false };
  return isSignedBy(secret, request, given) ? undefined : "the signature does not match";
}
