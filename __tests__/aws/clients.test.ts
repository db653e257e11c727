import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { awsClients } from "../../src/aws/clients.ts";
import { ecsCalls } from "../../src/aws/ecs-calls.ts";
import { endpointOverride } from "../../src/aws/failures.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { endpoint, exception, setEnvironment, type Endpoint } from "../helpers/aws-endpoint.ts";

let open: Endpoint | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

it("tells AWS who is calling", async () => {
  open = await endpoint(() => ({ body: { tasks: [] } }));
  await ecsCalls(open.clients).describeTask("ci", "t");
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(open.received[0]?.headers["user-agent"]).toContain(`fargate-exec/${version}`);
});

it("tries again when AWS throttles or breaks", async () => {
  open = await endpoint((_, count) =>
    count === 1
      ? exception("ThrottlingException", "Rate exceeded")
      : count === 2
        ? exception("ServerException", "Service Unavailable", 500)
        : { body: { tasks: [] } },
  );
  await expect(ecsCalls(open.clients).describeTask("ci", "t")).resolves.toBeUndefined();
  expect(open.received).toHaveLength(3);
});

it("ends a call that waits for its next attempt as soon as it is aborted", async () => {
  const controller = new AbortController();
  const cancelled = new Error("cancelled");
  open = await endpoint((_, count) => {
    if (count === 4) controller.abort(cancelled);
    return exception("ThrottlingException", "Rate exceeded");
  }, controller.signal);
  await expect(ecsCalls(open.clients).describeTask("ci", "t")).rejects.toBe(cancelled);
});

it("breaks off a request of its own, beside those of the SDK, as soon as it is aborted", async () => {
  const controller = new AbortController();
  open = await endpoint(() => {
    controller.abort();
    return {};
  }, controller.signal);
  const to = await open.clients.endpoint("sts", "eu-central-1");
  const posted = open.clients.post({ service: "sts", to, headers: {}, body: "" });
  await expect(posted).rejects.toMatchObject({ name: "AbortError" });
});

it("gives the credentials for other signers", async () => {
  open = await endpoint(() => ({}));
  expect(await open.clients.credentials()).toMatchObject({
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "secret",
  });
});

it("makes a client at the next call when the first one could not be made", async () => {
  let made = 0;
  const clients = awsClients({
    region: "eu-central-1",
    world: realWorld,
    credentials: () => {
      if (++made === 1) throw new Error("a module could not be loaded");
      return () => Promise.resolve({ accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" });
    },
  });
  await expect(clients.ecs()).rejects.toThrow("could not be loaded");
  expect(await clients.ecs()).toBe(await clients.ecs());
  clients.destroy();
});

describe("behind a proxy", () => {
  /** A proxy that lists what it is asked for. It passes a tunnel's bytes on, and answers a plain request itself. */
  async function startProxy(): Promise<{ url: string; seen: string[]; close: () => void }> {
    const seen: string[] = [];
    const sockets = new Set<Socket>();
    const server = createServer((request, response) => {
      seen.push(request.url ?? "");
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end('{"tasks":[]}');
    });
    server.on("connect", (request, socket: Socket) => {
      seen.push(request.url ?? "");
      const [host, port] = (request.url ?? "").split(":");
      const upstream = connect(Number(port), host ?? "", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
      upstream.pipe(socket).pipe(upstream);
      sockets.add(upstream);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      seen,
      close: () => {
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
        server.close();
      },
    };
  }

  it.each([
    ["goes through it", "", 1],
    ["goes past it where NO_PROXY says so", "127.0.0.1", 0],
  ])("a call %s", async (_, noProxy, times) => {
    const between = await startProxy();
    const restore = setEnvironment({ HTTP_PROXY: between.url, NO_PROXY: noProxy });
    open = await endpoint(() => ({ body: { tasks: [] } }));
    const clients = awsClients({ region: "eu-central-1", world: realWorld });
    await ecsCalls(clients).describeTask("ci", "t");
    expect(between.seen).toHaveLength(times);
    expect(await clients.agent(open.url)).toBeDefined();
    clients.destroy();
    restore();
    between.close();
  });
});

it("has no proxy when no variable names one", async () => {
  open = await endpoint(() => ({}));
  expect(await open.clients.agent(open.url)).toBeUndefined();
});

describe("endpoints of the environment", () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    ["none", {}, undefined],
    ["one for all", { AWS_ENDPOINT_URL: "http://all.example" }, "http://all.example"],
    [
      "the service's own, which comes before the one for all",
      { AWS_ENDPOINT_URL: "http://all.example", AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: "http://logs.example" },
      "http://logs.example",
    ],
    ["an empty one, which is none", { AWS_ENDPOINT_URL: "" }, undefined],
    ["an empty one for the service, which is none", { AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: "" }, undefined],
    [
      "the one for all, beside an empty one for the service",
      { AWS_ENDPOINT_URL: "http://all.example", AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: "" },
      "http://all.example",
    ],
  ])("%s", (_, given, expected) => {
    const none = { AWS_ENDPOINT_URL: undefined, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: undefined };
    const restore = setEnvironment({ ...none, ...given });
    expect(endpointOverride("logs")).toBe(expected);
    restore();
  });

  it("the SDK, too, takes an empty variable of a service for one that is not set", async () => {
    open = await endpoint(() => ({ body: { tasks: [] } }));
    const restore = setEnvironment({ AWS_ENDPOINT_URL_ECS: "" });
    await ecsCalls(open.clients).describeTask("ci", "t");
    expect(open.received).toHaveLength(1);
    restore();
  });

  it("those of the services that make a session are trusted with its token", () => {
    const restore = setEnvironment({
      AWS_ENDPOINT_URL: undefined,
      AWS_ENDPOINT_URL_ECS: "http://ecs.example",
      AWS_ENDPOINT_URL_SSM: "",
      AWS_ENDPOINT_URL_SSMMESSAGES: "https://messages.example",
      AWS_ENDPOINT_URL_S3: "http://s3.example",
    });
    const clients = awsClients({ region: "eu-central-1", world: realWorld });
    expect(clients.gatewayEndpoints()).toEqual(["https://messages.example", "http://ecs.example"]);
    clients.destroy();
    restore();
  });
});
