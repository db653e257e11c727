import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Answer } from "../answer.ts";
import { AwsError } from "../aws-error.ts";
import { credentialScope } from "../credential-scope.ts";
import { isQuery } from "./requests.ts";

export function sendAnswer(response: ServerResponse, { status, body, headers }: Answer): void {
  send(response, status, body, body.startsWith("{") ? "application/json" : "application/xml", headers);
}

/** Sends an answer. Its type is that of AWS's JSON protocol unless another one is given. */
export function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = "application/x-amz-json-1.1",
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    ...headers,
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "x-amzn-requestid": randomUUID(),
  });
  response.end(body);
}

/** Sends an error in the form of the called service. When an answer has already begun, it is cut off instead. */
export function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const shaped =
    error instanceof AwsError
      ? error
      : new AwsError("ServerException", `The local Fargate: ${String(error)}`, 500);
  const { req } = response;
  const scope = credentialScope(req.headers, new URL(req.url ?? "/", "http://local"));
  // The only unsigned query call is STS's AssumeRoleWithWebIdentity.
  const service = scope?.service ?? (isQuery(req) ? "sts" : "");
  if (req.headers["x-amz-target"] === undefined)
    send(response, shaped.status, shaped.xml(service), "application/xml");
  else send(response, shaped.status, shaped.body);
}
