import type { IncomingHttpHeaders } from "node:http";
import { signatureOf } from "./sigv4.ts";

export interface CredentialScope {
  /** The id of the access key. */
  readonly key: string;
  readonly region: string;
  readonly service: string;
}

/**
 * The key, region and service that a request is signed with, from its header or its presigned query; undefined for an
 * unsigned request.
 */
export function credentialScope(headers: IncomingHttpHeaders, url: URL): CredentialScope | undefined {
  const signature = signatureOf(headers, `${url.pathname}${url.search}`);
  const [, region, service, end] = signature?.scope ?? [];
  if (signature === undefined || region === undefined || service === undefined || end !== "aws4_request")
    return undefined;
  return { key: signature.accessKeyId, region, service };
}
