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
import type { Trouble } from "./faults.ts";

/** One call that a client made, in the order of their arrival. */
export interface RecordedRequest {
  /** As the signature names it, such as `ecs`, `logs` or `s3`; empty for an unsigned request. */
  readonly service: string;
  /** The id of the access key that signed it: whose call it is. Empty for an unsigned request. */
  readonly key: string;
  /** As AWS names it, such as `RunTask`; for S3 the method and path, such as `PUT /bucket/key`. */
  readonly operation: string;
  /** The parsed body of a JSON call; undefined for others, whose bodies are passed on unread. */
  readonly body: unknown;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface FrontOptions {
  /** Where everything goes that is not handled here. */
  readonly upstream: string;
  readonly gateway: Pick<Gateway, "handleUpgrade">;
  /** Hears of each call before it is answered; an error that it throws is the answer. */
  readonly onRequest: (request: RecordedRequest) => Trouble | undefined;
  /** The answer of ours to a JSON call, undefined for one that goes upstream. */
  readonly operation: (service: string, operation: string, body: object) => Promise<object> | undefined;
  /** The metadata and credentials endpoints; undefined for a path that they don't have. */
  readonly platform: (path: string) => Promise<object | undefined>;
  /** The local Fargate's own, below `/_local/`; undefined for a path that it doesn't have. */
  readonly control: (method: string, path: string, body: unknown) => Promise<object | undefined>;
}

/** The one HTTP port of the local Fargate. */
export class Front {
  readonly #server: Server;
  readonly #options: FrontOptions;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        fail(response, error);
      });
    });
    this.#server.on("upgrade", (request, socket, head) => {
      if (request.url?.startsWith("/v1/data-channel/") === true)
        options.gateway.handleUpgrade(request, socket, head);
      else socket.destroy();
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
    const url = new URL(request.url ?? "/", "http://local");
    const scope = credentialScope(request.headers, url);
    if (scope === undefined && /^\/(v4|v2\/credentials)\//.test(url.pathname)) {
      const found = await this.#options.platform(url.pathname);
      send(response, found === undefined ? 404 : 200, JSON.stringify(found ?? {}), "application/json");
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
    const at = Date.now();
    if (typeof target !== "string") {
      const operation = `${request.method ?? ""} ${url.pathname}`;
      const trouble = this.#options.onRequest({ service, key, operation, body: undefined, at });
      if (await met(trouble, response)) await this.#forward(request, response, request, trouble);
      return;
    }
    const operation = target.split(".").at(-1) ?? "";
    const bytes = await buffer(request);
    const body = JSON.parse(bytes.toString("utf8") || "{}") as object;
    const trouble = this.#options.onRequest({ service, key, operation, body, at });
    if (!(await met(trouble, response))) return;
    const ours = this.#options.operation(service, operation, body);
    if (ours === undefined) await this.#forward(request, response, bytes, trouble);
    else {
      const answer = JSON.stringify(await ours);
      if (trouble?.reset === "after") request.socket.resetAndDestroy();
      else send(response, 200, answer);
    }
  }

  /** Passes a request on as it came, and the answer back; bodies are streamed. */
  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    body: IncomingMessage | Buffer,
    trouble: Trouble | undefined,
  ): Promise<void> {
    const { url, method } = request;
    const headers = { ...request.headers };
    // Answered here already; and moto's server closes after each answer.
    delete headers.expect;
    headers.connection = "close";
    const onward = httpRequest(this.#options.upstream + (url ?? "/"), { method: method ?? "GET", headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      onward.once("response", resolve);
      onward.once("error", reject);
    });
    // An answer before the end of the body is an answer, too.
    const sent = body instanceof Buffer ? onward.end(body) : pipeline(body, onward);
    Promise.resolve(sent).catch(() => undefined);
    const answer = await answered;
    if (trouble?.reset === "after") {
      await buffer(answer);
      request.socket.resetAndDestroy();
      return;
    }
    const returned = { ...answer.headers };
    delete returned.connection;
    response.writeHead(answer.statusCode ?? 502, returned);
    await pipeline(answer, response);
  }
}

/** What happens before a call is done; false when it is not to be done. */
async function met(trouble: Trouble | undefined, response: ServerResponse): Promise<boolean> {
  if (trouble?.delay !== undefined) await sleep(trouble.delay);
  if (trouble?.error !== undefined) throw trouble.error;
  if (trouble?.reset !== "before") return true;
  response.socket?.resetAndDestroy();
  return false;
}

function send(
  response: ServerResponse,
  status: number,
  body: string,
  type = "application/x-amz-json-1.1",
): void {
  response.writeHead(status, {
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
  const xml = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${shaped.code}</Code><Message>${shaped.message}</Message></Error>`;
  if (response.req.headers["x-amz-target"] === undefined)
    send(response, shaped.status, xml, "application/xml");
  else send(response, shaped.status, shaped.body);
}
