import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import type { SessionTicket } from "../../../local/gateway/gateway.ts";
import type { LinkFactory } from "../../../local/gateway/link.ts";
import type { GatewayBehaviour } from "../../../local/gateway/options.ts";
import type { AgentConnection } from "../../../local/gateway/session.ts";
import { decode, Flags, MessageType, PayloadType } from "../../../src/session/wire/message.ts";
import { Client, GatewayRig, json, message } from "../agent/rig.ts";
import { inTime } from "../../helpers/until.ts";

/** An agent's end that only records what it receives. */
class Agent {
  readonly heard: string[] = [];
  terminated = false;
  readonly connection: AgentConnection;
  readonly #sessionId: string;

  constructor(rig: GatewayRig, sessionId: string) {
    this.#sessionId = sessionId;
    const connection = rig.gateway.connectAgent(sessionId, {
      receive: (frame) => {
        const { messageType, payload, payloadType } = decode(frame);
        const text = payloadType === PayloadType.output ? ` ${Buffer.from(payload).toString()}` : "";
        this.heard.push(messageType + text);
      },
      terminate: () => (this.terminated = true),
    });
    if (connection === undefined) throw new Error("the gateway knows no such session");
    this.connection = connection;
  }

  say(sequenceNumber: number, text: string): void {
    const flags = sequenceNumber === 0 ? Flags.syn : 0;
    this.connection.send(
      message(MessageType.output, sequenceNumber, flags, PayloadType.output, Buffer.from(text)),
    );
  }

  state(SessionState: "Connected" | "Terminating"): void {
    const body = Buffer.from(JSON.stringify({ SchemaVersion: 1, SessionState, SessionId: this.#sessionId }));
    this.connection.send(message(MessageType.agentSessionState, 0, Flags.syn | Flags.fin, 0, body));
  }
}

describe("the message gateway", () => {
  let rig: GatewayRig;
  let ticket: SessionTicket;
  let agent: Agent;

  async function start(behaviour: Partial<GatewayBehaviour> = {}): Promise<void> {
    rig = await GatewayRig.start(behaviour);
    ticket = rig.gateway.createSession();
    agent = new Agent(rig, ticket.sessionId);
  }
  /** A connected client that has sent `hi`. */
  async function connectClient(): Promise<Client> {
    const client = await Client.connect(ticket);
    client.send("hi");
    await client.until(() => agent.heard.includes("input_stream_data hi"));
    return client;
  }
  const closeOf = async (socket: WebSocket): Promise<unknown> =>
    (await inTime("the close of the socket", once(socket, "close")))[0];

  afterEach(() => rig.stop());

  it("creates the ticket that ExecuteCommand answers with", async () => {
    await start();
    expect(ticket.sessionId).toMatch(/^ecs-execute-command-[a-z0-9]{26}$/);
    expect(ticket.streamUrl).toMatch(
      new RegExp(
        String.raw`^ws://127\.0\.0\.1:\d+/v1/data-channel/${ticket.sessionId}\?role=publish_subscribe&cell-number=[A-Za-z0-9+/]*\+[A-Za-z0-9+/]*/[A-Za-z0-9+/]*=+$`,
      ),
    );
    expect(ticket.tokenValue.length).toBeLessThanOrEqual(300);
  });

  it("relays stream data and acknowledgements unchanged both ways, and does not pass on session states", async () => {
    await start();
    agent.state("Connected");
    const client = await connectClient();
    agent.say(0, "hello");
    await client.until(() => client.output === "hello");
    await client.until(() => agent.heard.length === 2);
    expect(agent.heard).toEqual(["input_stream_data hi", "acknowledge"]);
    expect(client.frames.map(({ message }) => message.messageType)).toEqual(["output_stream_data"]);
  });

  it.each<[string, object]>([
    ["another token", { TokenValue: "no such token" }],
    ["no token", { TokenValue: undefined }],
    ["another schema", { MessageSchemaVersion: "2.0" }],
    ["a request id that is no UUID", { RequestId: "1" }],
    ["no client id", { ClientId: undefined }],
  ])("closes the socket of a client with %s", async (_name, opening) => {
    await start();
    const client = await Client.connect(ticket, opening);
    expect(await closeOf(client.socket)).toBe(1008);
    expect(client.frames).toEqual([]);
  });

  it.each<[string, string | Buffer]>([
    ["no JSON", "hello"],
    ["a binary frame", Buffer.from("{}")],
  ])("closes the socket of a client that opens with %s", async (_name, first) => {
    await start();
    const socket = new WebSocket(ticket.streamUrl);
    await inTime("an open socket", once(socket, "open"));
    socket.send(first);
    expect(await closeOf(socket)).toBe(1008);
  });

  it.each<[string, (url: string) => string, Partial<GatewayBehaviour>, number]>([
    ["a session that it doesn't know", (url) => url.replace(/[a-z0-9]+\?/, "x?"), {}, 404],
    ["a URL that was written anew", (url) => url.replaceAll("+", "%2B"), {}, 404],
    ["another role", (url) => url.replace("publish_subscribe", "subscribe"), {}, 404],
    ["no signature when one is demanded", (url) => url, { requireSignature: true }, 403],
  ])("refuses the upgrade for %s", async (_name, change, behaviour, status) => {
    await start(behaviour);
    const socket = new WebSocket(change(ticket.streamUrl));
    const [error] = (await inTime("the refusal", once(socket, "error")).catch((error: unknown) => [
      error,
    ])) as [Error];
    expect(error.message).toBe(`Unexpected server response: ${status}`);
  });

  it("answers pings", async () => {
    await start();
    const client = await connectClient();
    client.socket.ping("keepalive");
    expect(String((await inTime("the pong", once(client.socket, "pong")))[0])).toBe("keepalive");
  });

  it("pauses an agent without a client, and starts it again for the next client", async () => {
    await start({ pauseAfter: 10 });
    agent.say(0, "lost");
    await sleep(60);
    expect(agent.heard).toEqual(["pause_publication"]);
    const client = await connectClient();
    expect(agent.heard).toEqual(["pause_publication", "start_publication", "input_stream_data hi"]);
    expect(client.output).toBe("");
  });

  it.each<[string, Partial<GatewayBehaviour>]>([
    ["it never pauses agents", { pauseAfter: undefined }],
    ["there is a client in time", { pauseAfter: 2000 }],
  ])("pauses no agent when %s", async (_name, behaviour) => {
    await start(behaviour);
    agent.say(0, "lost");
    await connectClient();
    await sleep(50);
    expect(agent.heard).toEqual(["input_stream_data hi"]);
  });

  it("accepts a client again with its token, and goes on with the newest connection", async () => {
    await start();
    const first = await connectClient();
    agent.heard.length = 0;
    const second = await connectClient();
    agent.say(0, "hello");
    await second.until(() => second.output === "hello");
    await first.until(() => first.socket.readyState === WebSocket.CLOSED);
    expect(first.output).toBe("");
  });

  it("accepts a token once when `reuseTokens` is false, and then a resumed one", async () => {
    await start({ reuseTokens: false });
    const first = await connectClient();
    first.socket.terminate();
    expect(await closeOf((await Client.connect(ticket)).socket)).toBe(1008);
    const resumed = rig.gateway.resumeSession(ticket.sessionId);
    expect(resumed?.streamUrl).not.toBe(ticket.streamUrl);
    ticket = { ...ticket, ...resumed };
    agent.heard.length = 0;
    await connectClient();
  });

  it("accepts a client at a used URL and passes nothing on, when `usedUrl` is 'deaf'", async () => {
    await start({ usedUrl: "deaf" });
    const first = await connectClient();
    first.socket.terminate();
    const deaf = await Client.connect(ticket);
    agent.say(0, "lost");
    deaf.socket.ping();
    await inTime("the pong of the deaf gateway", once(deaf.socket, "pong"));
    expect(deaf.frames).toEqual([]);
    ticket = { ...ticket, ...rig.gateway.resumeSession(ticket.sessionId) };
    agent.heard.length = 0;
    const renewed = await connectClient();
    agent.say(0, "hello");
    await renewed.until(() => renewed.output === "hello");
  });

  it.each<[string, Partial<GatewayBehaviour>, (sessionId: string) => string]>([
    ["that it doesn't know", {}, () => "ecs-execute-command-x"],
    ["when that is not possible", { resume: "unknown" }, (sessionId) => sessionId],
    ["when that is not allowed", { resume: "denied" }, (sessionId) => sessionId],
  ])("resumes no session %s", async (_name, behaviour, choose) => {
    await start(behaviour);
    expect(rig.gateway.resumeSession(choose(ticket.sessionId))).toBeUndefined();
  });

  it("answers with an empty token when `resume` is 'empty'", async () => {
    await start({ resume: "empty" });
    expect(rig.gateway.resumeSession(ticket.sessionId)).toMatchObject({ tokenValue: "" });
  });

  it("closes the channel at Terminating, with a header of 112 bytes and NUL after the type", async () => {
    await start();
    const client = await connectClient();
    agent.state("Terminating");
    expect(await client.closed).toBe("");
    const end = client.frames.at(-1);
    expect(end?.raw.readUInt32BE(0)).toBe(112);
    expect(end?.raw.toString("latin1", 4, 36)).toBe("channel_closed".padEnd(32, "\0"));
    expect(end?.raw.readUInt32BE(112)).toBe((end?.raw.length ?? 0) - 116);
    expect(end && json(end.message)).toEqual({
      MessageId: end?.message.messageId,
      CreatedDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      DestinationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
      SessionId: ticket.sessionId,
      MessageType: "channel_closed",
      SchemaVersion: 1,
      Output: "",
    });
    expect(rig.gateway.resumeSession(ticket.sessionId)).toBeUndefined();
    expect(await closeOf((await Client.connect(ticket)).socket)).toBe(1008);
  });

  it("closes the channel with the agent's report when `closeOn` is 'task-complete'", async () => {
    await start({ closeOn: "task-complete" });
    const client = await connectClient();
    agent.state("Terminating");
    agent.connection.close();
    rig.gateway.completeTask(ticket.sessionId, "no log");
    expect(await client.closed).toBe("no log");
  });

  it("tells a client that connects after the end", async () => {
    await start();
    rig.gateway.completeTask(ticket.sessionId, "Commands cannot be empty");
    expect(await (await Client.connect(ticket)).closed).toBe("Commands cannot be empty");
  });

  it.each([
    ["on demand", {}, "", (): unknown => rig.gateway.terminateSession(ticket.sessionId)],
    [
      "at the idle limit",
      { idleLimit: 100 },
      "Your session timed out due to inactivity.",
      (): unknown => undefined,
    ],
    ["at the end of its life", { lifeLimit: 100 }, "", (): unknown => undefined],
    [
      "with a text of its own",
      {},
      "maintenance",
      (): unknown => rig.gateway.end(ticket.sessionId, "maintenance"),
    ],
  ])("ends a session %s, on both sides", async (_name, behaviour, text, act) => {
    await start(behaviour);
    const client = await connectClient();
    act();
    expect(await client.closed).toBe(text);
    // What the client has sent may be on its way when the time is over.
    expect(agent.heard.filter((text) => text !== "input_stream_data hi").at(-1)).toBe("channel_closed");
    expect(agent.terminated).toBe(true);
  });

  it.each<[string, GatewayBehaviour["idleResetBy"], boolean]>([
    ["output keeps it alive", "output", false],
    ["either does", "either", false],
    ["only input does", "input", true],
  ])("counts a session as idle or not, when %s", async (_name, idleResetBy, over) => {
    await start({ idleLimit: 200, idleResetBy });
    const client = await connectClient();
    for (let sequenceNumber = 0; sequenceNumber < 8; sequenceNumber += 1) {
      agent.say(sequenceNumber, ".");
      await sleep(50);
    }
    expect(client.of(MessageType.channelClosed).length > 0).toBe(over);
  });

  it.each<[string, Partial<GatewayBehaviour>, () => void]>([
    ["after the time that an option sets", { connectionLimit: 50 }, () => undefined],
    ["on demand", {}, () => rig.gateway.cut(ticket.sessionId)],
  ])("cuts a connection %s, and the session goes on", async (_name, behaviour, act) => {
    await start(behaviour);
    const client = await connectClient();
    act();
    expect(await closeOf(client.socket)).toBe(1006);
    agent.heard.length = 0;
    await connectClient();
  });

  it("passes each frame through one link a direction", async () => {
    const passed: string[] = [];
    const link: LinkFactory = (direction, deliver) => ({
      pass(frame) {
        passed.push(`${direction} ${decode(frame).messageType}`);
        if (direction === "to-client") deliver(frame);
        deliver(frame);
      },
    });
    await start({ link });
    const client = await connectClient();
    agent.say(0, "twice");
    await client.until(() => agent.heard.length === 3);
    expect(client.of(MessageType.output)).toHaveLength(2);
    expect(passed.slice(0, 2)).toEqual(["to-agent input_stream_data", "to-client output_stream_data"]);
  });
});
