import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import type { SessionTicket } from "../../../local/gateway/gateway.ts";
import type { Cut } from "../../../local/gateway/link-faults.ts";
import type { AgentConnection, SessionView } from "../../../local/gateway/session.ts";
import { MessageType, PayloadType } from "../../../src/session/wire/message.ts";
import { until } from "../../helpers/until.ts";
import { Client, GatewayRig, message } from "../agent/rig.ts";

const BYTES = 121;

let rig: GatewayRig;
beforeEach(async () => (rig = await GatewayRig.start()));
afterEach(() => rig.stop());

interface MadeLink {
  readonly ticket: SessionTicket;
  readonly agent: AgentConnection;
  readonly heard: number[];
}

function session(): MadeLink {
  const ticket = rig.gateway.createSession();
  const heard: number[] = [];
  const agent = rig.gateway.connectAgent(ticket.sessionId, {
    receive: (frame) => heard.push(frame.length),
    terminate: () => undefined,
  });
  if (agent === undefined) throw new Error("the gateway knows no such session");
  return { ticket, agent, heard };
}

const say = (agent: AgentConnection, sequenceNumber: number): void =>
  agent.send(message(MessageType.output, sequenceNumber, 0, PayloadType.output, Buffer.from("x")));

/** A connected client that acknowledges nothing. */
async function connectClient({ ticket }: MadeLink): Promise<Client> {
  const before = connections(ticket);
  const client = await Client.connect(ticket);
  client.ignore = () => true;
  await until(() => connections(ticket) > before);
  return client;
}
function view({ sessionId }: SessionTicket): SessionView {
  const found = rig.gateway.sessions.find((one) => one.sessionId === sessionId);
  if (found === undefined) throw new Error("the gateway knows no such session");
  return found;
}
const connections = (ticket: SessionTicket): number => view(ticket).connections;
const gone = (client: Client): Promise<void> => until(() => client.socket.readyState === WebSocket.CLOSED);

it.each<[string, Cut, number]>([
  ["the opening frame", { afterFrames: 0 }, 0],
  ["a number of frames", { afterFrames: 3 }, 3],
  ["a number of frames to the client", { afterFrames: 2, direction: "to-client" }, 2],
  ["a number of bytes", { afterBytes: 2 * BYTES + 1 }, 3],
  ["a time", { afterMs: 0 }, 0],
])("a connection is cut after %s", async (_name, cut, frames) => {
  rig.gateway.disturb({ cut });
  const made = session();
  const client = await connectClient(made);
  if (frames > 0) for (let at = 0; at < 5; at += 1) say(made.agent, at);
  await gone(client);
  expect(view(made.ticket)).toMatchObject({ cuts: 1, frames: { "to-client": frames } });
  expect(client.frames.length).toBeLessThanOrEqual(frames);
});

it("frames from the client count with the direction 'to-agent'", async () => {
  rig.gateway.disturb({ cut: { afterFrames: 2, direction: "to-agent" } });
  const made = session();
  const client = await connectClient(made);
  say(made.agent, 0);
  for (let at = 0; at < 5; at += 1) client.send("y");
  await gone(client);
  expect(made.heard).toEqual([BYTES, BYTES]);
});

it.each<[string, Cut, number]>([
  ["once unless more is asked for", { afterFrames: 0 }, 1],
  ["as often as is asked for", { afterFrames: 0, times: 3 }, 3],
])("a session is cut %s", async (_name, cut, times) => {
  rig.gateway.disturb({ cut });
  const made = session();
  for (let at = 0; at < times; at += 1) await gone(await connectClient(made));
  const last = await connectClient(made);
  say(made.agent, 0);
  await last.until(() => last.frames.length === 1);
  expect(view(made.ticket).cuts).toBe(times);
});

it("a range draws each cut anew, determined by the seed", async () => {
  async function lives(seed: number): Promise<number[]> {
    rig.gateway.disturb({ seed, cut: { afterFrames: [1, 1000], times: 4 } });
    const made = session();
    const lived: number[] = [];
    for (let at = 0; at < 4; at += 1) {
      const before = view(made.ticket).frames["to-client"];
      const client = await connectClient(made);
      for (let sent = 0; sent < 1000; sent += 1) say(made.agent, sent);
      await gone(client);
      lived.push(view(made.ticket).frames["to-client"] - before);
    }
    return lived;
  }
  const first = await lives(5);
  expect(new Set(first).size).toBeGreaterThan(2);
  expect(await lives(5)).toEqual(first);
  expect(await lives(6)).not.toEqual(first);
});

it("faults hit the next sessions, as many as the order says, or the open ones", async () => {
  const open = session();
  rig.gateway.disturb({ sessions: 1, cut: { afterFrames: 0 } });
  const [first, second] = [session(), session()];
  await gone(await connectClient(first));
  const [there, later] = [await connectClient(open), await connectClient(second)];
  expect(rig.gateway.sessions.map(({ cuts }) => cuts)).toEqual([0, 1, 0]);
  rig.gateway.disturb({ to: "open", cut: { afterFrames: 0 } });
  await Promise.all([gone(there), gone(later)]);
  expect(rig.gateway.sessions.map(({ cuts }) => cuts)).toEqual([1, 1, 1]);
});

describe("a connection that falls silent", () => {
  it.each<[string, (made: MadeLink) => void]>([
    ["on demand", ({ ticket }) => rig.gateway.silence(ticket.sessionId)],
    ["as a fault", () => rig.gateway.disturb({ to: "open", cut: { afterFrames: 0, how: "silent" } })],
  ])("%s stays open, and neither passes anything on nor answers a ping", async (_name, act) => {
    const made = session();
    const client = await connectClient(made);
    act(made);
    const heard: string[] = [];
    client.socket.on("pong", () => heard.push("pong")).on("close", () => heard.push("close"));
    client.socket.ping();
    client.send("lost");
    say(made.agent, 0);
    await sleep(100);
    expect(heard).toEqual([]);
    expect(client.frames).toEqual([]);
    expect(made.heard).toEqual([]);
    client.socket.terminate();
  });

  it("stays open when the next connection comes, which works", async () => {
    const made = session();
    const dead = await connectClient(made);
    rig.gateway.silence(made.ticket.sessionId);
    const client = await connectClient(made);
    say(made.agent, 0);
    await client.until(() => client.frames.length === 1);
    expect(dead.socket.readyState).toBe(WebSocket.OPEN);
    dead.socket.terminate();
  });
});

it("calm ends the faults of sessions to come and of open ones", async () => {
  rig.gateway.disturb({ toClient: { lose: 1 } });
  rig.gateway.behave({ resume: "empty" });
  const made = session();
  rig.gateway.calm();
  const client = await connectClient(made);
  say(made.agent, 0);
  await client.until(() => client.frames.length === 1);
  expect(rig.gateway.resumeSession(made.ticket.sessionId)?.tokenValue).not.toBe("");
  rig.gateway.disturb({});
});
