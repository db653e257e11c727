import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "node:http";
import { Connections } from "../../src/aws/connections.ts";
import { systemClock } from "../../src/clock.ts";
import { until } from "../helpers/until.ts";

let server: Server;
let opened: number;
let connections: Connections;
beforeEach(async () => {
  opened = 0;
  server = createServer((_, response) => response.end("ok")).on("connection", () => (opened += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  connections = new Connections(systemClock);
});
afterEach(() => {
  connections.close();
  server.closeAllConnections();
  server.close();
});

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

function get(): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url(), { agent: connections.agentFor(url()) }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode));
    })
      .on("error", reject)
      .end();
  });
}

it("a request takes a connection that was opened ahead", async () => {
  connections.open(url());
  await until(() => opened === 1);
  expect(await get()).toBe(200);
  expect(opened).toBe(1);
});

it("requests at the same time take one each, and open others when these are not enough", async () => {
  connections.open(url());
  connections.open(url());
  await until(() => opened === 2);
  expect(await Promise.all([get(), get(), get()])).toEqual([200, 200, 200]);
  expect(opened).toBe(3);
});

it("a connection that the other side has closed costs one repeated request at most", async () => {
  connections.open(url());
  await until(() => opened === 1);
  server.closeAllConnections();
  expect(await get().catch(get)).toBe(200);
  expect(opened).toBe(2);
});

it("destroying a client closes no connection that others use", async () => {
  const { httpAgent } = connections.agents;
  expect(await get()).toBe(200);
  httpAgent.destroy();
  expect(await get()).toBe(200);
  expect(opened).toBe(1);
});

it("opening ahead to an address where nothing listens breaks no request", async () => {
  connections.open("http://127.0.0.1:1/");
  expect(await get()).toBe(200);
});
