import type { IncomingHttpHeaders } from "node:http";

export interface CredentialScope {
  readonly region: string;
  readonly service: string;
}

/** Region and service that a request is signed for, by header or by presigned query; undefined when unsigned. */
export function credentialScope(headers: IncomingHttpHeaders, url: URL): CredentialScope | undefined {
  const signed = /Credential=([^,\s]+)/.exec(headers.authorization ?? "")?.[1];
  const credential = signed ?? url.searchParams.get("X-Amz-Credential");
  // <access key>/<date>/<region>/<service>/aws4_request, where the key may itself hold slashes.
  const [region, service, end] = credential?.split("/").slice(-3) ?? [];
  return region === undefined || service === undefined || end !== "aws4_request"
    ? undefined
    : { region, service };
}
