import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { AwsError, isMotoFailure } from "../aws-error.ts";
import { credentialScope } from "../credential-scope.ts";
import type { CallFault } from "../faults.ts";

/** How the answer to a forwarded request may be changed. */
export interface ForwardOptions {
  /** The service that the call is of, as it was judged. */
  readonly service: string;
  readonly fault: CallFault | undefined;
  /** Replaces moto's "no such object" for a caller that must not learn whether the object exists. */
  readonly missing?: AwsError | undefined;
}

/** Passes a request on to moto, which listens on the Unix socket `upstream`, and moto's answer back. Bodies are streamed. */
export async function forward(
  upstream: string,
  request: IncomingMessage,
  response: ServerResponse,
  body: AsyncIterable<Buffer> | Buffer,
  { fault, missing, service }: ForwardOptions,
): Promise<void> {
  const { url, method } = request;
  const isForMoto = (name: string): boolean => name.startsWith("x-moto-");
  const headers: IncomingMessage["headers"] = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !isForMoto(name)),
  );
  // Node has answered `Expect: 100-continue` already, and moto's server closes the connection after each answer.
  delete headers.expect;
  headers.connection = "close";
  // The bucket is in the path. moto would take it from a host that it takes for one of S3's.
  delete headers.host;
  if (service === "s3") delete headers["x-amz-target"];
  // moto takes the service and the account from these words, and reads them in a way of its own.
  const { key = "anonymous", region = "us-east-1" } =
    credentialScope(request.headers, new URL(url ?? "/", "http://local")) ?? {};
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${key}/20200101/${region}/${service}/aws4_request, Signature=0`;
  const onward = httpRequest({ socketPath: upstream, path: url ?? "/", method: method ?? "GET", headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve);
    onward.once("error", reject);
  });
  // The answer may come before the end of the body, so the end of the body is not awaited.
  const sent = body instanceof Buffer ? Promise.resolve(onward.end(body)) : pipeline(body, onward);
  sent.catch(() => undefined);
  const answer = await answered.catch(async (error: unknown) => {
    await sent; // A body that is refused breaks the connection off.
    throw error;
  });
  if (fault?.reset === "after") {
    await buffer(answer);
    request.socket.resetAndDestroy();
    return;
  }
  if (isMotoFailure(answer.statusCode, answer.headers["content-type"]))
    throw AwsError.unanswered((await buffer(answer)).toString("utf8"));
  const returned = { ...answer.headers };
  delete returned.connection;
  if (missing !== undefined && answer.statusCode === 404) {
    const words = await buffer(answer);
    // S3 tells every caller that a bucket does not exist.
    if (!words.includes("NoSuchBucket")) throw missing;
    response.writeHead(answer.statusCode, returned).end(words);
    return;
  }
  response.writeHead(answer.statusCode ?? 502, returned);
  await pipeline(answer, response);
}
