import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Gateway } from "./gateway/gateway.ts";
import { credentialScope } from "./credential-scope.ts";
import type { CallFault } from "./faults.ts";
import type { Answer } from "./answer.ts";
import { fail, send, sendAnswer } from "./front/answers.ts";
import { hasToken, isPlainTarget, refusalOf } from "./front/doorkeeper.ts";
import { forward } from "./front/forward.ts";
import { LONGEST_CALL, LONGEST_FORM, readBody, readCall, readJson, withHash } from "./front/read-body.ts";
import {
  callOf,
  type Caller,
  protocolOf,
  type RecordedRequest,
  toPathStyle,
  type CallSequence,
} from "./front/requests.ts";
import type { Admission, Call } from "./iam/guard.ts";
import { isMultipart } from "./iam/post-policy.ts";

/** Longer than Node's five seconds, since a client on a busy machine may use a connection just as the server closes it. */
const KEEP_ALIVE_MS = 60_000;

/** The path of `ACTIONS_ID_TOKEN_REQUEST_URL`, where a job asks for ID tokens. */
export const ID_TOKEN_PATH = "/_local/id-token";

export interface FrontOptions {
  /** Milliseconds from a call's arrival to its execution. */
  readonly delay: number;
  /** Whether AWS's host names lead here, too. */
  readonly awsNames: boolean;
  /** The Unix socket of moto, which gets every request that is not answered here. */
  readonly upstream: string;
  readonly gateway: Pick<Gateway, "handleUpgrade">;
  /** Called with each call before it is answered. It returns the call's fault; an error that it throws is the answer. */
  readonly onRequest: (request: RecordedRequest, bodyBytes: number) => CallFault | undefined;
  /** The answer to a JSON call; undefined for a call that goes upstream. */
  readonly operation: (service: string, operation: string, body: object) => Promise<object> | undefined;
  /** The answer, in XML, to a call of the query protocol; undefined for a call that goes upstream. */
  readonly query: (
    from: Pick<RecordedRequest, "service" | "key">,
    parameters: URLSearchParams,
  ) => Promise<string> | undefined;
  /** Throws AWS's refusal of a call with a wrong key, a wrong signature or missing rights. */
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
  /** What a request to the local Fargate's own endpoint must bring. */
  readonly controlToken: string;
  /** The local Fargate's own endpoint, below `/_local/`; undefined for an unknown path. */
  readonly control: (method: string, path: string, body: unknown) => Promise<object | undefined>;
}

/** The one HTTP port of the local Fargate. */
export class Front {
  readonly #server: Server;
  readonly #options: FrontOptions;
  /** The server itself forgets those that were upgraded or broke its protocol, but ends only when they have ended. */
  readonly #sockets = new Set<Socket>();
  #events = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        fail(response, error);
      });
    });
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("upgrade", (request, socket, head) => {
      // Nobody else listens to a socket that is about to be refused, and an error without a listener would end this process.
      socket.on("error", () => socket.destroy());
      if (this.#refusalOf(request) !== undefined || request.url?.startsWith("/v1/data-channel/") !== true)
        socket.destroy();
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

  /** `127.0.0.1:PORT`. It is an address, so SDKs put the bucket into the path and not into the host name. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #refusalOf({ headers }: IncomingMessage): string | undefined {
    return refusalOf(headers, { host: this.host, aws: this.#options.awsNames });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = this.#refusalOf(request);
    if (refused !== undefined) {
      send(response, 403, `The local Fargate refuses this request: ${refused}.\n`, "text/plain");
      return;
    }
    const { url: sent = "/" } = request;
    if (!isPlainTarget(sent)) {
      send(
        response,
        400,
        "The local Fargate refuses this request: its path can be read in two ways.\n",
        "text/plain",
      );
      return;
    }
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
      if (!hasToken(request.headers, this.#options.controlToken)) {
        const words =
          "This needs the header `Authorization: Bearer TOKEN`, where TOKEN is $FARGATE_LOCAL_TOKEN.\n";
        send(response, 401, words, "text/plain");
        return;
      }
      const bytes = await readBody(request);
      const body = bytes.length === 0 ? undefined : readJson(bytes);
      const found = await this.#options.control(request.method ?? "", url.pathname, body);
      send(response, found === undefined ? 404 : 200, JSON.stringify(found ?? {}), "application/json");
      return;
    }
    const protocol = protocolOf(request, url);
    const { service = "", key = "" } = scope ?? {};
    const agent = request.headers["user-agent"] ?? "";
    const sequence: CallSequence = {
      arrived: (this.#events += 1),
      answered: undefined,
      answeredAt: undefined,
    };
    response.once("finish", () =>
      Object.assign(sequence, { answered: (this.#events += 1), answeredAt: Date.now() }),
    );
    const from = { service, key, agent, at: Date.now(), sequence };
    if (protocol === "json") {
      const target = String(request.headers["x-amz-target"]);
      await this.#answerJson(request, response, from, target.split(".").at(-1) ?? "");
    } else if (protocol === "query") await this.#answerQuery(request, response, from);
    else await this.#answerS3(request, response, from);
  }

  async #answerJson(
    request: IncomingMessage,
    response: ServerResponse,
    from: Caller,
    operation: string,
  ): Promise<void> {
    const bytes = await readBody(request);
    const body = readCall(bytes);
    const fault = this.#options.onRequest({ ...from, operation, body }, bytes.length);
    if (!(await this.#applyFault(fault, response))) return;
    await this.#options.admit(callOf(request, { ...from, operation, body, bytes }));
    const ours = this.#options.operation(from.service, operation, body);
    if (ours === undefined)
      await forward(this.#options.upstream, request, response, bytes, { fault, service: from.service });
    else {
      const answer = JSON.stringify(await ours);
      if (fault?.reset === "after") request.socket.resetAndDestroy();
      else send(response, 200, answer);
    }
  }

  /** A call of the query protocol: STS, IAM, EC2 or CloudFormation. */
  async #answerQuery(request: IncomingMessage, response: ServerResponse, from: Caller): Promise<void> {
    const bytes = await readBody(request);
    const parameters = new URLSearchParams(bytes.toString("utf8"));
    const operation = parameters.get("Action") ?? "";
    const body = Object.fromEntries(parameters);
    const fault = this.#options.onRequest({ ...from, operation, body }, bytes.length);
    if (!(await this.#applyFault(fault, response))) return;
    // The only unsigned query call is STS's AssumeRoleWithWebIdentity.
    const service = from.service || "sts";
    await this.#options.admit(callOf(request, { service, operation, body, bytes }));
    const ours = this.#options.query(from, parameters);
    if (ours === undefined)
      await forward(this.#options.upstream, request, response, bytes, { fault, service });
    else send(response, 200, await ours, "text/xml");
  }

  async #answerS3(request: IncomingMessage, response: ServerResponse, from: Caller): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://local");
    const operation = `${request.method ?? ""} ${pathname}`;
    const fault = this.#options.onRequest({ ...from, operation, body: undefined }, 0);
    if (!(await this.#applyFault(fault, response))) return;
    const elsewhere = await this.#options.elsewhere(request);
    if (elsewhere !== undefined) {
      sendAnswer(response, elsewhere);
      return;
    }
    const content = withHash(request, request.headers["x-amz-content-sha256"]);
    const isForm = isMultipart(request.headers);
    const isRead = request.method === "POST" && (isForm || searchParams.has("delete"));
    const bytes = isRead ? await readBody(content, isForm ? LONGEST_FORM : LONGEST_CALL) : undefined;
    const service = from.service || "s3";
    const call = callOf(request, { service, operation: "", body: {}, bytes });
    const { missing } = await this.#options.admit(call);
    const ours = this.#options.s3(call, () => readBody(content));
    if (ours === undefined)
      await forward(this.#options.upstream, request, response, bytes ?? content, { fault, missing, service });
    else sendAnswer(response, await ours);
  }

  /**
   * Waits for the call's delay, and applies the part of its fault that comes before the call is carried out. False when the call
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
}
