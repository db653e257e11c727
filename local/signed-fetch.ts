import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Keys } from "./keys.ts";

/** The admin's keys, which have all rights. */
export const ADMIN: Keys = {
  accessKeyId: "AKIAI44QH8DHBEXAMPLE",
  secretAccessKey: "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
};

/** Makes one request to AWS, signed with the admin's keys unless others are given. */
export async function signedFetch(
  url: string,
  { keys = ADMIN, ...at }: { readonly region: string; readonly service: string; readonly keys?: Keys },
  request: {
    readonly method: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  },
): Promise<Response> {
  const { protocol, hostname, host, pathname } = new URL(url);
  const { method, headers = {}, body } = request;
  const signer = new SignatureV4({
    ...at,
    credentials: keys,
    sha256: Sha256,
    uriEscapePath: at.service !== "s3",
  });
  const signed = await signer.sign({
    ...{ method, protocol, hostname, path: pathname, headers: { ...headers, host } },
    ...(body !== undefined && { body }),
  });
  return await fetch(url, { method, headers: signed.headers, ...(body !== undefined && { body }) });
}
