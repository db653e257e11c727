import { jest } from "@jest/globals";
import { AgentCipher } from "../../../local/agent/cipher.ts";
import { type InputResult, Peer } from "../../../local/agent/peer.ts";
import { decode, Flags, MessageType, PayloadType } from "../../../src/session/wire/message.ts";
import { json, message } from "./rig.ts";

interface Setup {
  readonly peer: Peer;
  readonly sent: string[];
  readonly taken: string[];
  readonly pauses: boolean[];
}

const open: Peer[] = [];

function start(input?: (payload: string) => InputResult): Setup {
  const [sent, taken, pauses]: [string[], string[], boolean[]] = [[], [], []];
  const peer = new Peer({
    sessionId: "ecs-execute-command-x",
    send: (frame) => {
      const of = decode(frame);
      const what =
        of.messageType === MessageType.output
          ? of.sequenceNumber
          : json(of)["AcknowledgedMessageSequenceNumber"];
      sent.push(`${of.messageType.split("_")[0] ?? ""} ${String(what)}`);
    },
    input: async (_type, payload) => {
      const text = Buffer.from(payload).toString();
      const handled = await Promise.resolve(input?.(text) ?? "done");
      if (handled === "done") taken.push(text);
      return handled;
    },
    paused: (paused) => pauses.push(paused),
    closed: () => taken.push("closed"),
    log: () => undefined,
  });
  open.push(peer);
  return { peer, sent, taken, pauses };
}

const input = (sequenceNumber: number, text: string): Uint8Array =>
  message(MessageType.input, sequenceNumber, 0, PayloadType.output, Buffer.from(text));
const acknowledgement = (sequenceNumber: number): Uint8Array =>
  message(
    MessageType.acknowledge,
    0,
    Flags.syn | Flags.fin,
    0,
    Buffer.from(JSON.stringify({ AcknowledgedMessageSequenceNumber: sequenceNumber })),
  );
const publication = (type: string): Uint8Array => message(type, 0, 0, 0, Buffer.from("{}"));
const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
const settle = (): Promise<void> => pass(5);

beforeEach(() => jest.useFakeTimers());
afterEach(() => {
  open.splice(0).forEach((peer) => peer.close());
  jest.useRealTimers();
});

describe("the agent's end of a channel", () => {
  it("acknowledges and drops input before the handshake is done or skipped", async () => {
    const { peer, sent, taken } = start();
    peer.receive(input(0, "early"));
    await settle();
    peer.endHandshake();
    peer.receive(input(1, "late"));
    await settle();
    expect(sent).toEqual(["acknowledge 0", "acknowledge 1"]);
    expect(taken).toEqual(["late"]);
  });

  it("leaves input unacknowledged until the command can take it", async () => {
    let ready = false;
    const { peer, sent, taken } = start(() => (ready ? "done" : "not-ready"));
    peer.endHandshake();
    peer.receive(input(0, "a"));
    await settle();
    expect(sent).toEqual([]);
    ready = true;
    peer.receive(input(0, "a"));
    await settle();
    expect([sent, taken]).toEqual([["acknowledge 0"], ["a"]]);
  });

  it("is blocked for good by input that its handler rejects", async () => {
    const { peer, sent, taken } = start((payload) => {
      if (payload === "bad") throw new Error("invalid size message");
      return "done";
    });
    peer.endHandshake();
    for (const frame of [input(0, "bad"), input(1, "good"), input(0, "bad")]) peer.receive(frame);
    await settle();
    expect([sent, taken]).toEqual([["acknowledge 1"], []]);
  });

  it("does not compare the digest", async () => {
    const { peer, taken } = start();
    peer.endHandshake();
    const frame = Buffer.from(input(0, "a"));
    frame.fill(0, 80, 112);
    peer.receive(frame);
    await settle();
    expect(taken).toEqual(["a"]);
  });

  it("repeats only the oldest message, once for each retransmission timeout", async () => {
    const { peer, sent } = start();
    for (const text of ["a", "b", "c"]) peer.sendOutput(Buffer.from(text));
    await pass(750);
    expect(sent).toEqual(["output 0", "output 1", "output 2", "output 0", "output 0"]);
    sent.length = 0;
    for (const sequenceNumber of [0, 2]) peer.receive(acknowledgement(sequenceNumber));
    await pass(1100);
    expect(new Set(sent)).toEqual(new Set(["output 1"]));
  });

  it.each([
    ["soon", 5, 200],
    ["late", 190, 400],
  ])(
    "repeats a message by the round trip of those before: the first is acknowledged %s",
    async (_name, acknowledged, repeated) => {
      const { peer, sent } = start();
      peer.sendOutput(Buffer.from("a"));
      await pass(acknowledged);
      peer.receive(acknowledgement(0));
      await pass(0);
      peer.sendOutput(Buffer.from("b"));
      await pass(repeated - acknowledged - 1);
      expect(sent).toEqual(["output 0", "output 1"]);
      await pass(1);
      expect(sent).toEqual(["output 0", "output 1", "output 1"]);
    },
  );

  it("keeps its messages while it is paused, and sends them afterwards at ten a second at best", async () => {
    const { peer, sent, pauses } = start();
    peer.receive(publication(MessageType.pausePublication));
    await settle();
    for (const text of ["a", "b"]) peer.sendOutput(Buffer.from(text));
    await pass(350);
    expect(sent).toEqual([]);
    peer.receive(publication(MessageType.startPublication));
    await pass(150);
    expect(sent).toEqual(["output 0"]);
    expect(pauses).toEqual([true, false]);
  });

  it.each([
    ["input", input(0, "a")],
    ["an acknowledgement", acknowledgement(7)],
  ])("takes %s for the end of a pause", async (_name, frame) => {
    const { peer, pauses } = start();
    peer.receive(publication(MessageType.pausePublication));
    peer.receive(frame);
    await settle();
    expect(pauses).toEqual([true, false]);
  });

  it("waits two seconds at most for its last acknowledgements", async () => {
    const { peer } = start();
    peer.sendOutput(Buffer.from("a"));
    let isOver = false;
    void peer.drained().then(() => (isOver = true));
    await pass(1_990);
    expect(isOver).toBe(false);
    await pass(10);
    expect(isOver).toBe(true);
    peer.receive(acknowledgement(0));
    await settle();
    isOver = false;
    void peer.drained().then(() => (isOver = true));
    await pass(0);
    expect(isOver).toBe(true);
  });

  it("opens the sealed input of an encrypted session, and takes a size as it is", async () => {
    const { peer, taken } = start();
    const key = Buffer.alloc(64, "k");
    peer.encrypt(new AgentCipher(key));
    peer.endHandshake();
    const sealed = new AgentCipher(key).seal(Buffer.from("typed"));
    const size = '{"cols":80,"rows":24}';
    peer.receive(message(MessageType.input, 0, 0, PayloadType.output, sealed));
    peer.receive(message(MessageType.input, 1, 0, PayloadType.size, Buffer.from(size)));
    await settle();
    expect(taken).toEqual(["typed", size]);
  });

  it("sends no empty message", () => {
    const { peer, sent } = start();
    peer.sendOutput(Buffer.alloc(0));
    expect(sent).toEqual([]);
  });

  it("is told of the end of its channel", async () => {
    const { peer, taken } = start();
    peer.receive(publication(MessageType.channelClosed));
    await settle();
    expect(taken).toEqual(["closed"]);
  });
});
