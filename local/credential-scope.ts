import type { IncomingHttpHeaders } from "node:http";

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
  const signed = /Credential=([^,\s]+)/.exec(headers.authorization ?? "")?.[1];
  const credential = signed ?? url.searchParams.get("X-Amz-Credential");
  // <access key>/<date>/<region>/<service>/aws4_request, where the key may itself hold slashes.
  const [, key, region, service] =
    /^(.+)\/[^/]*\/([^/]+)\/([^/]+)\/aws4_request$/.exec(credential ?? "") ?? [];
  return key === undefined || region === undefined || service === undefined
    ? undefined
    : { key, region, service };
}
