import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What a signature is checked against. */
export interface Signers {
  readonly region: string;
  /** The secret access key of an access key; undefined for one that nobody has. */
  secretOf(accessKeyId: string): string | undefined;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
const SERVICE = "ssmmessages";
/** AWS takes requests that are up to five minutes old, or early. */
const CLOCK_SKEW = 5 * 60_000;
const EMPTY_HASH = sha256("");

interface Signature {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  /** `20260101T000000Z`. */
  readonly date: string;
  readonly validFor: number;
}

/** What is wrong with the SigV4 signature of an upgrade request, in its headers or its query; undefined if nothing. */
export function wrongSignature(
  headers: IncomingHttpHeaders,
  url: URL,
  signers: Signers,
  now: number,
): string | undefined {
  const given = signatureOf(headers, url);
  if (given === undefined) return "it is not signed";
  const [accessKeyId = "", day = "", region, service, end, ...more] = given.credential.split("/");
  if (region !== signers.region || service !== SERVICE || end !== "aws4_request" || more.length > 0)
    return `the credential is not scoped to '${signers.region}/${SERVICE}/aws4_request'`;
  const signedAt = timeOf(given.date);
  if (!given.date.startsWith(`${day}T`) || signedAt === undefined)
    return "the date is missing or not the scope's";
  if (now < signedAt - CLOCK_SKEW || now > signedAt + given.validFor) return "the signature has expired";
  const names = given.signedHeaders.split(";");
  if (!names.includes("host")) return "the host is not signed";
  const secret = signers.secretOf(accessKeyId);
  if (secret === undefined) return "the security token included in the request is invalid";

  const canonical = [
    "GET",
    url.pathname.split("/").map(encode).join("/"),
    canonicalQuery(url),
    ...names.map(
      (name) =>
        `${name}:${String(headers[name] ?? "")
          .trim()
          .replace(/ +/g, " ")}`,
    ),
    "",
    given.signedHeaders,
    String(headers["x-amz-content-sha256"] ?? EMPTY_HASH),
  ].join("\n");
  const scope = [day, region, service, end];
  const toSign = [ALGORITHM, given.date, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce<Buffer>((parent, part) => hmac(parent, part), Buffer.from(`AWS4${secret}`));
  const [expected, actual] = [hmac(key, toSign), Buffer.from(given.signature, "hex")];
  return expected.length === actual.length && timingSafeEqual(expected, actual)
    ? undefined
    : "the signature does not match";
}

function signatureOf(headers: IncomingHttpHeaders, url: URL): Signature | undefined {
  const { searchParams } = url;
  if (searchParams.get("X-Amz-Algorithm") === ALGORITHM) {
    const parameter = (name: string): string => searchParams.get(`X-Amz-${name}`) ?? "";
    return {
      credential: parameter("Credential"),
      signedHeaders: parameter("SignedHeaders"),
      signature: parameter("Signature"),
      date: parameter("Date"),
      validFor: Number(parameter("Expires")) * 1000,
    };
  }
  const { authorization = "" } = headers;
  if (!authorization.startsWith(`${ALGORITHM} `)) return undefined;
  const field = (name: string): string => new RegExp(`\\b${name}=([^,\\s]+)`).exec(authorization)?.[1] ?? "";
  return {
    credential: field("Credential"),
    signedHeaders: field("SignedHeaders"),
    signature: field("Signature"),
    date: String(headers["x-amz-date"] ?? ""),
    validFor: CLOCK_SKEW,
  };
}

function canonicalQuery(url: URL): string {
  return url.search
    .slice(1)
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith("X-Amz-Signature="))
    .map((pair) => {
      const [name = "", ...value] = pair.split("=");
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value.join("=")))}`;
    })
    .sort()
    .join("&");
}

/** All but RFC 3986's unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function timeOf(date: string): number | undefined {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const [year, month, day, hour, minute, second] = parts.map(Number);
  return parts.length === 0 ? undefined : Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
