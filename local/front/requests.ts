import type { IncomingMessage } from "node:http";
import type { Call } from "../iam/guard.ts";

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

/** Whether a request has the form of the query protocol. */
export function isQuery({ method, headers }: IncomingMessage): boolean {
  return (
    method === "POST" && headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
  );
}

/** Whether the request named its bucket in the host name. */
export function hadBucketInHost(request: IncomingMessage): boolean {
  return sentPaths.has(request);
}
