import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { awsClients, type AwsClients } from "../../src/aws/clients.ts";
import { realWorld } from "../../src/run/step/world.ts";

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The operation of a JSON protocol, e.g. `RunTask`. */
  readonly operation: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

export interface Endpoint {
  readonly clients: AwsClients;
  readonly received: ReceivedRequest[];
  readonly url: string;
  close(): Promise<void>;
}

/** A server that answers by `answer`, and clients whose environment leads to it only. `ids` are the headers of AWS's request ids. */
export async function endpoint(
  answer: (request: ReceivedRequest, count: number) => Answer,
  signal?: AbortSignal,
  region = "eu-central-1",
  ids: Readonly<Record<string, string>> = { "x-amzn-requestid": "req-1" },
): Promise<Endpoint> {
  const received: ReceivedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const got = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        operation: String(request.headers["x-amz-target"]).split(".").at(-1) ?? "",
      };
      received.push(got);
      const { status = 200, headers = {}, body = {} } = answer(got, received.length);
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1", ...ids, ...headers });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const restore = setEnvironment({
    AWS_ENDPOINT_URL: url,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: undefined,
    AWS_PROFILE: undefined,
  });
  const clients = awsClients({ region, world: realWorld, signal });
  return {
    clients,
    received,
    url,
    close: async () => {
      clients.destroy();
      restore();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Sets or removes variables, and returns a function that restores the old ones. */
export function setEnvironment(variables: Readonly<Record<string, string | undefined>>): () => void {
  const saved = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  }
  return () => setEnvironment(saved);
}

/** An exception in AWS's JSON protocol. */
export function exception(name: string, message: string, status = 400): Answer {
  return { status, body: { __type: `com.amazonaws.ecs#${name}`, message } };
}
