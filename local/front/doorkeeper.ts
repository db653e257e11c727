import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** The names that lead to this server. */
export interface OwnNames {
  /** The address that it prints and gives to tasks: `127.0.0.1:PORT`. */
  readonly host: string;
  /** Whether AWS's host names lead here, too. */
  readonly aws: boolean;
}

/** Hosts of AWS, with or without a bucket in front, and GitHub's host for ID tokens. */
const AWS_HOST = /^[a-z0-9.-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws|actions\.githubusercontent\.com)$/;

/**
 * Why a request is not one of our clients', but was sent by a web page in a browser on this machine; undefined for any other
 * request. A page may lead a name of its own here (DNS rebinding), so only our names count. A browser names the page's origin
 * in `Origin` or says in `Sec-Fetch-Site` that the page is from elsewhere (W3C: "Fetch Metadata Request Headers"), and no page may
 * change these headers.
 */
export function refusalOf(headers: IncomingHttpHeaders, own: OwnNames): string | undefined {
  const { host = "", origin, "sec-fetch-site": site } = headers;
  if (!isOwn(host, own)) return `it answers at ${own.host} only, and the request's Host is '${host}'`;
  if (origin !== undefined && !/^https?:\/\//.test(origin)) return `it takes no request from '${origin}'`;
  // AWS's names lead here for its clients, which are no pages. A page may come from a bucket of anybody.
  if (origin !== undefined && origin.replace(/^https?:\/\//, "") !== own.host)
    return `it takes no request of the web page ${origin}`;
  if (site !== undefined && site !== "same-origin" && site !== "none")
    return `it takes no request of another site's web page (Sec-Fetch-Site: ${site})`;
  return undefined;
}

function isOwn(host: string, { host: own, aws }: OwnNames): boolean {
  return host === own || (aws && AWS_HOST.test(host));
}

/**
 * Whether each reader of a request's target sees the same path: this server, and moto, which gets the target as it was sent. So it begins with one
 * slash, has no dot segments, and nothing that a URL escapes. `//host/path` would be another host to one and a path to the other.
 */
export function isPlainTarget(target: string): boolean {
  if (!/^\/(?!\/)/.test(target) || target.includes("\\") || !URL.canParse(target, "http://local"))
    return false;
  const [path = ""] = target.split(/[?#]/);
  const { host, pathname, hash } = new URL(target, "http://local");
  return host === "local" && pathname === path && hash === "";
}

/** Whether a request brings the token, as `Authorization: Bearer TOKEN`. */
export function hasToken({ authorization = "" }: IncomingHttpHeaders, token: string): boolean {
  const [given, wanted] = [Buffer.from(authorization), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
