import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { decode, MessageType, PayloadType } from "../../../src/session/wire/message.ts";
import { type Client, json, Rig } from "./rig.ts";

interface CapturedCall {
  readonly from: string;
  readonly hex: string;
}

function readCaptured(name: string): { from: string; raw: Buffer }[] {
  const text = readFileSync(new URL(`../../vectors/${name}.jsonl`, import.meta.url), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as CapturedCall)
    .map(({ from, hex }) => ({ from, raw: Buffer.from(hex, "hex") }));
}

/** A frame without the parts that differ from run to run: times, ids, digests. */
function shape(raw: Uint8Array): string {
  const frame = Buffer.from(raw);
  frame.fill(0, 40, 48);
  frame.fill(0, 64, 112);
  return frame.subarray(0, 120).toString("hex");
}

describe("a session of the exec agent", () => {
  let rig: Rig;
  /** All frames of the agent, including those that the gateway does not pass on. */
  const sent: Uint8Array[] = [];
  let client: Client;

  beforeAll(async () => {
    rig = await Rig.start();
    const connectAgent = rig.gateway.connectAgent.bind(rig.gateway);
    rig.gateway.connectAgent = (sessionId, side) => {
      const connection = connectAgent(sessionId, side);
      if (connection === undefined) return undefined;
      const send = (frame: Uint8Array): void => {
        sent.push(frame);
        connection.send(frame);
      };
      return { ...connection, send };
    };
  });
  beforeEach(() => (sent.length = 0));
  afterEach(() => client.socket.terminate());
  afterAll(() => rig.stop());

  it("sends, for the same command, the frames that a real agent sent", async () => {
    client = await rig.exec(`/bin/sh -c "echo hello; exit 3"`);
    client.ignore = () => client.acknowledged.length === 0;
    await client.until(() => client.of(MessageType.output).length > 0);
    client.resize(120, 40);
    await client.closed;
    const real = readCaptured("plain").filter(({ from }) => from === "agent");
    const ours = (type: string): string[] =>
      sent.filter((raw) => decode(raw).messageType === type).map(shape);
    const theirs = (type: string): string[] =>
      real
        .map(({ raw }) => raw)
        .filter((raw) => decode(raw).messageType === type)
        .map(shape);
    const longer = (hex: string): string => hex.slice(0, 232); // Newer session ids are longer, and so is their JSON.
    expect(ours(MessageType.agentSessionState).map(longer)).toEqual(
      theirs(MessageType.agentSessionState).map(longer),
    );
    expect(ours(MessageType.output).slice(0, 1)).toEqual(theirs(MessageType.output));
    expect(ours(MessageType.acknowledge)).toEqual(theirs(MessageType.acknowledge));
    expect(client.output).toBe("hello\r\n");
  });

  it("sends Connected first and Terminating after all output, and is closed with a short header", async () => {
    client = await rig.exec("sh -c 'seq 1 2000'");
    expect(await client.closed).toBe("");
    const states = sent
      .map((raw) => decode(raw))
      .map((of) =>
        of.messageType === MessageType.agentSessionState ? json(of)["SessionState"] : of.messageType,
      );
    expect(states.at(0)).toBe("Connected");
    expect(states.at(-1)).toBe("Terminating");
    expect(client.output).toBe(Array.from({ length: 2000 }, (_, index) => `${index + 1}\r\n`).join(""));
    const end = client.frames.at(-1);
    expect(end?.message).toMatchObject({ messageType: MessageType.channelClosed, payloadType: undefined });
    expect(end?.raw.readUInt32BE(0)).toBe(112);
    expect(end?.raw.subarray(18, 36)).toEqual(Buffer.alloc(18));
  });

  it("reads for the first time after a second, and 1,024 bytes at most, like the real agent", async () => {
    client = await rig.exec('/bin/sh -c "seq -f %09.0f:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM 4000"');
    await client.closed;
    const output = client.of(MessageType.output);
    const sizes = output.map(({ message }) => message.payload.length);
    const real = readCaptured("two-hundred-kb").filter(
      ({ from, raw }) => from === "agent" && decode(raw).messageType === MessageType.output,
    );
    expect(output[0]?.at).toBeGreaterThan(950);
    expect(sizes.slice(0, 4)).toEqual(real.slice(0, 4).map(({ raw }) => decode(raw).payload.length));
    expect(Math.max(...sizes)).toBe(1024);
    expect(output.map(({ message }) => message.flags).slice(0, 3)).toEqual([1, 0, 0]);
    expect(client.output).toHaveLength(4000 * 51);
  });

  it("gives the command the container's environment and a terminal of 0 by 0", async () => {
    client = await rig.exec(
      `sh -c 'id -u; pwd; stty size; echo "$TERM $LANG $PATH"; ps -o tty= -p $$; test -t 0 && test -t 2 && echo tty'`,
    );
    await client.closed;
    expect(client.output.split("\r\n")).toEqual([
      "0",
      "/",
      "0 0",
      expect.stringMatching(/^xterm-256color C\.UTF-8 \/usr\/sbin:/),
      expect.stringMatching(/^pts\//),
      "tty",
      "",
    ]);
  });

  it("processes input and sizes in order, and acknowledges each", async () => {
    client = await rig.exec(
      `sh -c 'stty -echo; echo ready; read -r a; read -r b; echo "got \${#a} and $b"; stty size'`,
    );
    await client.until(() => client.output === "ready\r\n");
    client.resize(120, 40);
    client.send(Buffer.alloc(3000, "x"));
    client.send("\nsecond line\n");
    await client.closed;
    expect(client.output).toBe("ready\r\ngot 3000 and second line\r\n40 120\r\n");
    expect(client.acknowledged).toEqual([0, 1, 2]);
  });

  it("acknowledges early and repeated input, and processes it once and in order", async () => {
    client = await rig.exec("sh -c 'stty -echo; echo ready; read -r a; read -r b; echo $a-$b'");
    await client.until(() => client.output === "ready\r\n");
    client.send("two\n", PayloadType.output, 1);
    client.send("one\n", PayloadType.output, 0);
    client.send("one\n", PayloadType.output, 0);
    await client.closed;
    expect(client.output).toBe("ready\r\none-two\r\n");
    expect(client.acknowledged).toEqual([1, 0, 0]);
  });

  it("echoes Ctrl-C and sends SIGINT", async () => {
    client = await rig.exec(`sh -c 'trap "echo caught; exit 9" INT; echo up; sleep 30'`);
    await client.until(() => client.output === "up\r\n");
    client.send("\x03");
    await client.closed;
    expect(client.output).toBe("up\r\n^Ccaught\r\n");
  });

  it("acknowledges no input while the command does not read", async () => {
    client = await rig.exec(
      "sh -c 'stty raw -echo; echo ready; until [ -e /var/lib/go ]; do sleep 0.1; done; head -c 204800 | wc -c'",
    );
    await client.until(() => client.output.includes("ready"));
    for (let chunk = 0; chunk < 200; chunk += 1) client.send(Buffer.alloc(1024, "x"));
    await client.until(() => client.acknowledged.length > 3);
    await sleep(400);
    expect(client.acknowledged.length).toBeLessThan(100);
    rig.container.touch("/var/lib/go");
    await client.closed;
    expect(client.output).toContain("204800");
    expect(client.acknowledged).toHaveLength(200);
  });

  it("repeats only the oldest unacknowledged message", async () => {
    client = await rig.exec("sh -c 'seq 1 1000; sleep 2'");
    client.ignore = (sequenceNumber) => sequenceNumber === 1 && client.of(MessageType.output).length < 8;
    await client.closed;
    const order = client.of(MessageType.output).map(({ message }) => message.sequenceNumber);
    expect(order).toEqual([0, 1, 2, 3, 4, ...order.slice(5).map(() => 1)]);
    expect(order.length).toBeGreaterThan(6);
    expect(client.output).toHaveLength(3893 + 1000);
  });
});
