import { once } from "node:events";
import { EnvironmentProxyAgent } from "../../src/aws/proxy.ts";
import WebSocket from "ws";
import { Client, GatewayRig } from "../local/agent/rig.ts";
import { Proxy } from "./proxy.ts";
import { inTime } from "./until.ts";

let rig: GatewayRig;
let proxy: Proxy;
beforeAll(async () => ([rig, proxy] = [await GatewayRig.start(), await Proxy.start()]));
beforeEach(() => (proxy.seen.length = 0));
afterAll(async () => {
  await proxy.stop();
  await rig.stop();
});

const open = (streamUrl: string, through: string): WebSocket =>
  new WebSocket(streamUrl, { agent: new EnvironmentProxyAgent(() => through) });

it("a socket goes through the proxy, which records its host", async () => {
  const { streamUrl } = rig.gateway.createSession();
  const socket = open(streamUrl, proxy.url());
  await inTime("the socket through the proxy", once(socket, "open"));
  expect(proxy.tunnels).toEqual([new URL(streamUrl).host]);
  proxy.cut();
  expect((await inTime("the cut of the socket", once(socket, "close")))[0]).toBe(1006);
});

it.each([
  ["the wrong password", () => proxy.url("someone", "other")],
  ["no password at all", () => proxy.url().replace(/\/\/.*@/, "//")],
])("a socket with %s does not", async (_name, through) => {
  const socket = open(rig.gateway.createSession().streamUrl, through());
  await expect(inTime("the refusal", once(socket, "open"))).rejects.toThrow(/407|403/);
  expect(proxy.seen).toMatchObject([{ method: "CONNECT", outcome: "refused" }]);
});

it("a socket without the proxy's agent does not go through it", async () => {
  const client = await Client.connect(rig.gateway.createSession());
  client.socket.terminate();
  expect(proxy.seen).toEqual([]);
});
