import { randomUUID } from "node:crypto";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { Gateway } from "./gateway/gateway.ts";
import { AwsError } from "./aws-error.ts";
import { credentialScope } from "./credential-scope.ts";
import type { CallFault } from "./faults.ts";
import { signatureOf } from "./sigv4.ts";
import type { Admission, Call } from "./iam/guard.ts";
import { isMultipart } from "./iam/post-policy.ts";

/** Longer than Node's five seconds: a client on a busy machine may use a connection just as the server closes it. */
const KEEP_ALIVE_MS = 60_000;

/** A client's call. Calls are recorded in the order of their arrival. */
export interface RecordedRequest {
  /** As the signature names it, such as `ecs`, `logs` or `s3`; empty for an unsigned request. */
  readonly service: string;
  /** The id of the access key that signed it. Empty for an unsigned request. */
  readonly key: string;
  /** The client's `User-Agent`. */
  readonly agent: string;
  /** As AWS names it, such as `RunTask`; for S3 the method and path, such as `PUT /bucket/key`. */
  readonly operation: string;
  /**
   * The parsed body of a JSON call, or the parameters of a query call; undefined for other calls, which are passed on
   * unread.
   */
  readonly body: unknown;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly turn: Turn;
}

/** A call's places in the one order of all arrivals and answers. */
export interface Turn {
  readonly arrived: number;
  /** Undefined while the call is unanswered. */
  answered: number | undefined;
}

/** The path of `ACTIONS_ID_TOKEN_REQUEST_URL`, where a job asks for ID tokens. */
export const ID_TOKEN_PATH = "/_local/id-token";

/** An answer of the local Fargate that is not JSON. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FrontOptions {
  /** Milliseconds from a call's arrival to its execution. */
  readonly delay: number;
  /** The address of moto, which gets every request that is not answered here. */
  readonly upstream: string;
  readonly gateway: Pick<Gateway, "handleUpgrade">;
  /** Called with each call before it is answered; an error that it throws is the answer. */
  readonly onRequest: (request: RecordedRequest) => CallFault | undefined;
  /** The answer to a JSON call; undefined for a call that goes upstream. */
  readonly operation: (service: string, operation: string, body: object) => Promise<object> | undefined;
  /** The answer, in XML, to a call of the query protocol; undefined for a call that goes upstream. */
  readonly query: (
    from: Pick<RecordedRequest, "service" | "key">,
    parameters: URLSearchParams,
  ) => Promise<string> | undefined;
  /** Throws AWS's refusal of a call for its key, its signature or its rights. */
  readonly admit: (call: Call) => Promise<Admission>;
  /** S3's answer to a call for a bucket of another region; undefined for all other calls. */
  readonly elsewhere: (request: IncomingMessage) => Promise<Answer | undefined>;
  /**
   * The answer to a call of S3; undefined for a call that goes upstream. Calling `body` reads the body; otherwise it is
   * streamed.
   */
  readonly s3: (call: Call, body: () => Promise<Buffer>) => Promise<Answer> | undefined;
  /** GitHub's endpoint for ID tokens; undefined for a job without the permission. */
  readonly idToken: (authorization: string | undefined, audience: string) => object | undefined;
  /** The metadata and credentials endpoints; undefined for an unknown path. */
  readonly platform: (path: string) => Promise<object | undefined>;
  /** The local Fargate's own endpoint, below `/_local/`; undefined for an unknown path. */
  readonly control: (method: string, path: string, body: unknown) => Promise<object | undefined>;
}

/** The one HTTP port of the local Fargate. */
export class Front {
  readonly #server: Server;
  readonly #options: FrontOptions;
  #turns = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        fail(response, error);
      });
    });
    this.#server.on("upgrade", (request, socket, head) => {
      if (request.url?.startsWith("/v1/data-channel/") !== true) socket.destroy();
      else if (options.delay === 0) options.gateway.handleUpgrade(request, socket, head);
      else setTimeout(() => options.gateway.handleUpgrade(request, socket, head), options.delay);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(0, "127.0.0.1", resolve);
    });
  }

  /** `127.0.0.1:PORT`: an address, so that SDKs put the bucket into the path and not into the host name. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    toPathStyle(request);
    const url = new URL(request.url ?? "/", "http://local");
    const scope = credentialScope(request.headers, url);
    if (scope === undefined && /^\/(v4|v2\/credentials)\//.test(url.pathname)) {
      const found = await this.#options.platform(url.pathname);
      send(response, found === undefined ? 404 : 200, JSON.stringify(found ?? {}), "application/json");
      return;
    }
    if (url.pathname === ID_TOKEN_PATH) {
      const found = this.#options.idToken(
        request.headers.authorization,
        url.searchParams.get("audience") ?? "",
      );
      send(response, found === undefined ? 401 : 200, JSON.stringify(found ?? {}), "application/json");
      return;
    }
    if (url.pathname.startsWith("/_local/")) {
      const body: unknown = JSON.parse((await buffer(request)).toString("utf8") || "null");
      const found = await this.#options.control(request.method ?? "", url.pathname, body);
      send(response, found === undefined ? 404 : 200, JSON.stringify(found ?? {}), "application/json");
      return;
    }
    const target = request.headers["x-amz-target"];
    const { service = "", key = "" } = scope ?? {};
    const agent = request.headers["user-agent"] ?? "";
    const turn: Turn = { arrived: (this.#turns += 1), answered: undefined };
    response.once("finish", () => (turn.answered = this.#turns += 1));
    const from = { service, key, agent, at: Date.now(), turn };
    if (typeof target === "string")
      await this.#answerJson(request, response, from, target.split(".").at(-1) ?? "");
    else if (isQuery(request)) await this.#answerQuery(request, response, from);
    else await this.#answerS3(request, response, from);
  }

  async #answerJson(
    request: IncomingMessage,
    response: ServerResponse,
    from: Caller,
    operation: string,
  ): Promise<void> {
    const bytes = await buffer(request);
    const body = JSON.parse(bytes.toString("utf8") || "{}") as Record<string, unknown>;
    const fault = this.#options.onRequest({ ...from, operation, body });
    if (!(await this.#applyFault(fault, response))) return;
    await this.#options.admit(callOf(request, { ...from, operation, body, bytes }));
    const ours = this.#options.operation(from.service, operation, body);
    if (ours === undefined) await this.#forward(request, response, bytes, fault);
    else {
      const answer = JSON.stringify(await ours);
      if (fault?.reset === "after") request.socket.resetAndDestroy();
      else send(response, 200, answer);
    }
  }

  /** A call of the query protocol: STS, IAM, EC2 or CloudFormation. */
  async #answerQuery(request: IncomingMessage, response: ServerResponse, from: Caller): Promise<void> {
    const bytes = await buffer(request);
    const parameters = new URLSearchParams(bytes.toString("utf8"));
    const operation = parameters.get("Action") ?? "";
    const body = Object.fromEntries(parameters);
    const fault = this.#options.onRequest({ ...from, operation, body });
    if (!(await this.#applyFault(fault, response))) return;
    // The only unsigned query call is STS's AssumeRoleWithWebIdentity.
    const service = from.service || "sts";
    await this.#options.admit(callOf(request, { service, operation, body, bytes }));
    const ours = this.#options.query(from, parameters);
    if (ours === undefined) await this.#forward(request, response, bytes, fault);
    else send(response, 200, await ours, "text/xml");
  }

  async #answerS3(request: IncomingMessage, response: ServerResponse, from: Caller): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://local");
    const operation = `${request.method ?? ""} ${pathname}`;
    const fault = this.#options.onRequest({ ...from, operation, body: undefined });
    if (!(await this.#applyFault(fault, response))) return;
    const elsewhere = await this.#options.elsewhere(request);
    if (elsewhere !== undefined) {
      sendAnswer(response, elsewhere);
      return;
    }
    const isRead = isMultipart(request.headers) || searchParams.has("delete");
    const bytes = request.method === "POST" && isRead ? await buffer(request) : undefined;
    const service = from.service || "s3";
    const call = callOf(request, { service, operation: "", body: {}, bytes });
    const { missing } = await this.#options.admit(call);
    const ours = this.#options.s3(call, () => buffer(request));
    if (ours === undefined) await this.#forward(request, response, bytes ?? request, fault, missing);
    else {
      sendAnswer(response, await ours);
    }
  }

  /**
   * Waits for the round trip, and applies the fault that a call meets before it is carried out. False where the call
   * must not be carried out.
   */
  async #applyFault(fault: CallFault | undefined, response: ServerResponse): Promise<boolean> {
    const delay = this.#options.delay + (fault?.delay ?? 0);
    if (delay > 0) await sleep(delay);
    if (fault?.error !== undefined) throw fault.error;
    if (fault?.reset !== "before") return true;
    response.socket?.resetAndDestroy();
    return false;
  }

  /** Passes a request on unchanged, and its answer back; bodies are streamed. */
  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    body: IncomingMessage | Buffer,
    fault: CallFault | undefined,
    missing?: AwsError,
  ): Promise<void> {
    const { url, method } = request;
    const headers = { ...request.headers };
    // The expectation has been answered here already, and moto's server closes after each answer.
    delete headers.expect;
    headers.connection = "close";
    if (asSent.has(request)) delete headers.host;
    // For an unsigned request moto finds the service by the host name, which is this server's.
    if (!/^\/(\?|$)/.test(url ?? "/") && signatureOf(request.headers, url ?? "/") === undefined)
      headers.authorization ??=
        "AWS4-HMAC-SHA256 Credential=anonymous/20200101/us-east-1/s3/aws4_request, Signature=0";
    const onward = httpRequest(this.#options.upstream + (url ?? "/"), { method: method ?? "GET", headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      onward.once("response", resolve);
      onward.once("error", reject);
    });
    // Wait for the answer, too: it may come before the end of the body.
    const sent = body instanceof Buffer ? onward.end(body) : pipeline(body, onward);
    Promise.resolve(sent).catch(() => undefined);
    const answer = await answered;
    if (fault?.reset === "after") {
      await buffer(answer);
      request.socket.resetAndDestroy();
      return;
    }
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
}

type Caller = Pick<RecordedRequest, "service" | "key" | "agent" | "at" | "turn">;

/** The path as it was sent, which the signature covers, of requests that name the bucket in the host name. */
const asSent = new WeakMap<IncomingMessage, string>();

/** S3 takes a bucket in the host name as well. moto's front end and the policies here read it in the path. */
function toPathStyle(request: IncomingMessage): void {
  const [, bucket] = /^([^/]+)\.s3[.-][^/]*$/.exec(request.headers.host ?? "") ?? [];
  if (bucket === undefined) return;
  asSent.set(request, request.url ?? "/");
  request.url = `/${bucket}${request.url ?? "/"}`;
}

function callOf(
  request: IncomingMessage,
  more: Pick<Call, "service" | "operation" | "body" | "bytes">,
): Call {
  const { method = "GET", headers, url: target = "/" } = request;
  const { service, operation, body, bytes } = more;
  return {
    ...{ service, operation, body, bytes, method, headers, target: asSent.get(request) ?? target },
    url: new URL(target, "http://local"),
  };
}

/** Whether a request has the form of the query protocol. */
function isQuery({ method, headers }: IncomingMessage): boolean {
  return (
    method === "POST" && headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
  );
}

function sendAnswer(response: ServerResponse, { status, body, headers }: Answer): void {
  send(response, status, body, body.startsWith("{") ? "application/json" : "application/xml", headers);
}

function send(
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

function fail(response: ServerResponse, error: unknown): void {
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
