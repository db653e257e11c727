import type { IncomingMessage } from "node:http";
import { AwsError } from "../aws-error.ts";
import type { Call } from "../iam/guard.ts";
import { decoded, signatureOf } from "../sigv4.ts";

/** A client's call. Calls are recorded in the order of their arrival. */
export interface RecordedRequest {
  /** The service that the signature names, such as `ecs`, `logs` or `s3`; empty for an unsigned request. */
  readonly service: string;
  /** The id of the access key that signed it; empty for an unsigned request. */
  readonly key: string;
  /** The client's `User-Agent`. */
  readonly agent: string;
  /** AWS's name of the operation, such as `RunTask`; for S3 the method and path, such as `PUT /bucket/key`. */
  readonly operation: string;
  /**
   * The parsed body of a JSON call, or the parameters of a query call; undefined for other calls, which are passed on
   * unread.
   */
  readonly body: unknown;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly sequence: CallSequence;
}

/** When a call arrived and was answered. `arrived` and `answered` are numbers of one count of all arrivals and answers. */
export interface CallSequence {
  readonly arrived: number;
  /** Undefined while the call is unanswered. */
  answered: number | undefined;
  /** Milliseconds since the epoch; undefined while the call is unanswered. */
  answeredAt: number | undefined;
}

/** The facts about a call that are known before its operation is read. */
export type Caller = Pick<RecordedRequest, "service" | "key" | "agent" | "at" | "sequence">;

/** The original paths of requests that name the bucket in the host name. Their signatures cover these paths. */
const sentPaths = new WeakMap<IncomingMessage, string>();

/** Moves a bucket from the host name, where S3 also takes it, to the path, where moto and `local/iam/` read it. */
export function toPathStyle(request: IncomingMessage): void {
  const [, bucket] = /^([^/]+)\.s3[.-][^/]*$/.exec(request.headers.host ?? "") ?? [];
  if (bucket === undefined) return;
  sentPaths.set(request, request.url ?? "/");
  request.url = `/${bucket}${request.url ?? "/"}`;
}

/** The request in the form that the access checks take. */
export function callOf(
  request: IncomingMessage,
  more: Pick<Call, "service" | "operation" | "body" | "bytes">,
): Call {
  const { method = "GET", headers, url: target = "/" } = request;
  const { service, operation, body, bytes } = more;
  return {
    ...{ service, operation, body, bytes, method, headers, target: sentPaths.get(request) ?? target },
    url: new URL(target, "http://local"),
  };
}

/** A bucket's name in a path. Anything else, such as an escaped slash, is a part of the key to another reader. */
const BUCKET_PATH = /^\/(?:$|[A-Za-z0-9][A-Za-z0-9._-]{1,254}(?:\/|$))/;

/**
 * The protocol of a call. Throws AWS's answer to a call that is none: moto would take an operation from the query of a JSON call, from the body
 * of one that says it is a form, and the service from a header that is no signature.
 */
export function protocolOf(request: IncomingMessage, url: URL): "json" | "query" | "s3" {
  requireOneProof(request);
  const { method, headers } = request;
  const isJson = headers["x-amz-target"] !== undefined;
  if (isJson || isQuery(request)) {
    const type = headers["content-type"] ?? "";
    if (
      method !== "POST" ||
      url.pathname !== "/" ||
      url.search !== "" ||
      (isJson && !/^application\/x-amz-json-1\.\d$/.test(type))
    )
      throw new AwsError(
        "UnknownOperationException",
        "This is no call: it has another path, query or content type.",
        404,
      );
    return isJson ? "json" : "query";
  }
  if (decoded(url.pathname) === undefined)
    throw new AwsError("InvalidURI", "Couldn't parse the specified URI.", 400);
  if (!BUCKET_PATH.test(url.pathname))
    throw new AwsError("InvalidBucketName", "The specified bucket is not valid.", 400);
  return "s3";
}

/** Throws AWS's answer to a request whose sender could be read in two ways. */
function requireOneProof({ headers, url = "/" }: IncomingMessage): void {
  if (headers.authorization === undefined) return;
  if (new URL(url, "http://local").searchParams.has("X-Amz-Algorithm"))
    throw new AwsError(
      "InvalidArgument",
      "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header should be specified",
      400,
    );
  if (signatureOf(headers, url) === undefined)
    throw new AwsError("InvalidArgument", "Unsupported Authorization Type", 400);
}

/** Whether a request has the form of the query protocol. */
export function isQuery({ method, headers }: IncomingMessage): boolean {
  return (
    method === "POST" && headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
  );
}

/** Bytes of the bodies that are recorded. A caller without a key may send as many as it likes. */
export const MOST_RECORDED = 256 * 2 ** 20;

/** Whether the body of the next call, of so many bytes, may be recorded, when all together may have `most` bytes. */
export function bodiesUpTo(most: number): (bytes: number) => boolean {
  let kept = 0;
  return (bytes) => {
    if (kept + bytes > most) return false;
    kept += bytes;
    return true;
  };
}
