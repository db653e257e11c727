import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** The parts of a request that its signature covers, as they were received. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** The body's hash when no header gives one. */
  readonly bodyHash: string;
  /** False for S3, which signs the path as it is sent. All other services encode it once more. */
  readonly encodesPathTwice: boolean;
}

export interface Signature {
  readonly accessKeyId: string;
  /** Date, region, service, `aws4_request`. */
  readonly scope: readonly string[];
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260101T000000Z`. */
  readonly date: string;
  /** Milliseconds since the epoch; undefined when the date is malformed or not the scope's. */
  readonly signedAt: number | undefined;
  /** Milliseconds. */
  readonly validFor: number;
  readonly token: string | undefined;
  readonly presigned: boolean;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
/** AWS accepts a request whose time is up to five minutes in the past or the future. */
export const CLOCK_SKEW = 5 * 60_000;

/** The signature in a request's query or its headers; undefined when it has none. */
export function signatureOf(headers: IncomingHttpHeaders, target: string): Signature | undefined {
  const query = new URLSearchParams(target.split("?").slice(1).join("?"));
  if (query.get("X-Amz-Algorithm") === ALGORITHM) {
    const parameter = (name: string): string => query.get(`X-Amz-${name}`) ?? "";
    return signature({
      credential: parameter("Credential"),
      signedHeaders: parameter("SignedHeaders"),
      signature: parameter("Signature"),
      date: parameter("Date"),
      validFor: Number(parameter("Expires")) * 1000,
      token: query.get("X-Amz-Security-Token") ?? undefined,
      presigned: true,
    });
  }
  const { authorization = "" } = headers;
  if (!authorization.startsWith(`${ALGORITHM} `)) return undefined;
  const field = (name: string): string => new RegExp(`\\b${name}=([^,\\s]+)`).exec(authorization)?.[1] ?? "";
  return signature({
    credential: field("Credential"),
    signedHeaders: field("SignedHeaders"),
    signature: field("Signature"),
    date: String(headers["x-amz-date"] ?? ""),
    validFor: CLOCK_SKEW,
    token: headers["x-amz-security-token"] as string | undefined,
    presigned: false,
  });
}

function signature({
  credential,
  signedHeaders,
  ...more
}: Omit<Signature, "accessKeyId" | "scope" | "signedHeaders" | "signedAt"> & {
  readonly credential: string;
  readonly signedHeaders: string;
}): Signature {
  const [, accessKeyId = "", scope = ""] = /^(.+?)\/(\d{8}\/.*)$/.exec(credential) ?? [];
  const signedAt = more.date.startsWith(`${scope.slice(0, 8)}T`) ? timeOf(more.date) : undefined;
  return {
    ...more,
    accessKeyId,
    scope: scope.split("/"),
    signedHeaders: signedHeaders.toLowerCase().split(";"),
    signedAt,
  };
}

export function isExpired({ signedAt = NaN, validFor }: Signature, now: number): boolean {
  return !(now >= signedAt - CLOCK_SKEW && now <= signedAt + validFor);
}

/** Whether the signature was made for this request with this secret access key. */
export function isSignedBy(secret: string, request: SignedRequest, given: Signature): boolean {
  const { headers, method, bodyHash, encodesPathTwice } = request;
  const [path = "/", ...query] = request.target.split("?");
  const once = path.split("/").map((part) => encode(decode(part)));
  const canonical = [
    method,
    (encodesPathTwice ? once.map(encode) : once).join("/"),
    canonicalQuery(query.join("?")),
    ...given.signedHeaders.map((name) => `${name}:${headerText(headers[name])}`),
    "",
    given.signedHeaders.join(";"),
    String(headers["x-amz-content-sha256"] ?? bodyHash),
  ].join("\n");
  return isSignatureOf(
    secret,
    [ALGORITHM, given.date, given.scope.join("/"), sha256(canonical)].join("\n"),
    given,
  );
}

/** Whether the signature was made for this text with this secret access key. A form's policy is signed like this. */
export function isSignatureOf(
  secret: string,
  text: string,
  given: Pick<Signature, "scope" | "signature">,
): boolean {
  const key = given.scope.reduce<Buffer>((parent, part) => hmac(parent, part), Buffer.from(`AWS4${secret}`));
  const [expected, actual] = [hmac(key, text), Buffer.from(given.signature, "hex")];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function headerText(value: string | readonly string[] | undefined): string {
  return String(value ?? "")
    .trim()
    .replace(/ +/g, " ");
}

function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith("X-Amz-Signature="))
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return [encode(decode(name)), encode(decode(value.join("=")))] as const;
    })
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0))
    .map((pair) => pair.join("="))
    .join("&");
}

/** Encodes all characters but RFC 3986's unreserved ones. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The text without its escapes; undefined when one of them is malformed or not UTF-8. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const decode = (text: string): string => decoded(text) ?? text;

function timeOf(date: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const [year, month, day, hour, minute, second] = parts.map(Number);
  return parts.length === 0 ? undefined : Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
