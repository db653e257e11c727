import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectTcp } from "node:net";
import { awsClients } from "../../src/aws/clients.ts";
import type { Failure } from "../../src/errors.ts";
import type { SessionOptions } from "../../src/session/session.ts";
import { PIECE_COST } from "../../src/session/byte-queue.ts";
import { openSession } from "../../src/session/session.ts";
import { MOST_WAITING_BYTES } from "../../src/session/session-limits.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { SharedMemory } from "../../src/shared-memory.ts";
import { MAX_FRAME_BYTES } from "../../src/session/transport/socket.ts";
import { ack, channelClosed, fromAgent, json, output, text } from "./channel/frames.ts";
import { Listener } from "../helpers/listener.ts";
import { AWS, open, optionsFor, readAll, startGateway, stopAll } from "../helpers/session-rig.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { inTime } from "../helpers/until.ts";

afterEach(stopAll);

describe("a session", () => {
  it("opens with the URL as given, signed, the token in the first frame and a ping", async () => {
    const gateway = await startGateway();
    await open(gateway);
    await gateway.until(() => gateway.pings.length > 0);
    expect(gateway.pings).toEqual(["keepalive"]);
    expect(gateway.requests[0]?.url).toBe(gateway.url.slice(gateway.url.indexOf("/v1")));
    expect(gateway.requests[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/.*ssmmessages/,
    );
    expect(JSON.parse(gateway.text[0] ?? "")).toMatchObject({
      TokenValue: "s3cret",
      ClientVersion: "1.2.764.0",
    });
  });

  it("shows the output up to the end, sends the terminal's size, and ends as the other side says", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    gateway.send(output(1, "world"), output(0, "hello "));
    await gateway.until(() => gateway.inputs.length > 0 && gateway.acks.length === 2);
    expect(text(gateway.inputs[0]?.payload)).toBe('{"cols":300,"rows":100}');
    gateway.send(channelClosed("Your session timed out"));
    expect(await readAll(session)).toBe("hello world");
    expect(await session.ended).toEqual({ kind: "closed", text: "Your session timed out" });
    await gateway.until(() => gateway.gone);
  });

  it("resolves a send once the agent has acknowledged all of it", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    gateway.send(output(0, "$"));
    let sent = false;
    const sending = session.send(Buffer.alloc(1500, "x")).then(() => (sent = true));
    await gateway.until(() => gateway.inputs.length === 3);
    gateway.send(ack(2), ack(0), output(1, "not yet"));
    await gateway.until(() => gateway.acks.length === 2);
    expect(sent).toBe(false);
    gateway.send(ack(1));
    await sending;
  });

  it("repeats input that the agent does not acknowledge", async () => {
    const clock = new SteppedClock();
    const gateway = await startGateway();
    const session = await open(gateway, { clock });
    gateway.send(output(0, "$"));
    await gateway.until(() => gateway.inputs.length === 1);
    clock.advance(200);
    await gateway.until(() => gateway.inputs.length === 2);
    expect(gateway.inputs[1]).toEqual(gateway.inputs[0]);
    await session.close();
  });

  it("rejects a send that was not acknowledged when the session ended, and any later one", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    const sending = session.send(Buffer.from("x"));
    gateway.send(channelClosed(""));
    await expect(sending).rejects.toMatchObject({ code: "session-lost" });
    await expect(session.send(Buffer.from("y"))).rejects.toMatchObject({ code: "session-lost" });
  });

  it("ends as detached when it is closed, closes the connection, and still gives what had come", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    gateway.send(output(0, "before"));
    // The size is sent once the first output has come.
    await gateway.until(() => gateway.inputs.length === 1);
    await session.close();
    expect(await session.ended).toEqual({ kind: "closed-here" });
    await gateway.until(() => gateway.gone);
    expect(await readAll(session)).toBe("before");
    expect(session.received).toBe("before".length);
  });

  it("closes by force when the gateway does not answer the close", async () => {
    const clock = new SteppedClock();
    const gateway = await startGateway();
    const session = await open(gateway, { clock });
    gateway.client?.pause();
    let isClosed = false;
    const closing = session.close().then(() => (isClosed = true));
    clock.advance(999);
    await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    clock.advance(1);
    await closing;
    gateway.client?.resume();
    await gateway.until(() => gateway.gone);
  });

  it("ends as detached when its signal aborts", async () => {
    const gateway = await startGateway();
    const abort = new AbortController();
    const session = await open(gateway, { signal: abort.signal });
    abort.abort(new Error("cancelled"));
    expect(await session.ended).toEqual({ kind: "closed-here" });
    await gateway.until(() => gateway.gone);
  });

  it("keeps the agent waiting while its reader does not read, and loses nothing", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    const chunk = "x".repeat(64 * 1024);
    const count = 512;
    for (let index = 0; index < count; index++) gateway.send(output(index, chunk));
    await gateway.until(() => gateway.acks.length >= 16);
    // Gives a session that does not wait every chance to go on acknowledging.
    for (let seen = 0, quiet = 0; quiet < 200; quiet++) {
      await new Promise(setImmediate);
      if (gateway.acks.length > seen) quiet = 0;
      seen = gateway.acks.length;
    }
    expect(gateway.acks.length).toBeLessThan(24);
    const reading = readAll(session);
    await gateway.until(() => gateway.acks.length === count);
    gateway.send(channelClosed(""));
    expect((await reading).length).toBe(count * chunk.length);
  });

  it("is lost when the agent sends without end and acknowledges no input", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    const cost = 60 * 1024 + PIECE_COST;
    const most = Math.floor(MOST_WAITING_BYTES / cost);
    const chunk = "x".repeat(60 * 1024);
    session.send(Buffer.from("never acknowledged")).catch(() => undefined);
    for (let index = 0; index < most; index++) gateway.send(output(index, chunk));
    await gateway.until(() => gateway.acks.length === most);
    gateway.send(output(most, chunk));
    expect(await session.ended).toEqual({
      kind: "lost",
      why: "the agent sends without end and acknowledges nothing",
    });
  });

  it("is lost when it keeps most of what all sessions may keep, and the others go on", async () => {
    const memory = new SharedMemory(1024 * 1024);
    const limits = { ahead: 1024, unread: 64 * 1024, memory };
    const [large, small] = [await startGateway(), await startGateway()];
    const [greedy, modest] = [await open(large, { limits }), await open(small, { limits })];
    for (const each of [greedy, modest]) each.send(Buffer.from("never acknowledged")).catch(() => undefined);
    const chunk = "x".repeat(60 * 1024);
    for (let index = 0; index < 2; index++) small.send(output(index, chunk));
    await small.until(() => small.acks.length === 2);
    for (let index = 0; index < 17; index++) large.send(output(index, chunk));
    expect(await greedy.ended).toMatchObject({ kind: "lost" });
    expect((await readAll(greedy)).length).toBe(0);
    const reading = readAll(modest);
    small.send(output(2, chunk));
    small.send(channelClosed(""));
    expect((await reading).length).toBe(3 * chunk.length);
  });

  it("keeps the agent waiting from the limit on that it is given", async () => {
    const gateway = await startGateway();
    const limits = { ahead: 1024, unread: 64 * 1024, memory: new SharedMemory(1024 * 1024) };
    const session = await open(gateway, { limits });
    const chunk = "x".repeat(16 * 1024);
    const count = 64;
    for (let index = 0; index < count; index++) gateway.send(output(index, chunk));
    await gateway.until(() => gateway.acks.length >= 4);
    for (let seen = 0, quiet = 0; quiet < 200; quiet++) {
      await new Promise(setImmediate);
      if (gateway.acks.length > seen) quiet = 0;
      seen = gateway.acks.length;
    }
    expect(gateway.acks.length).toBeLessThan(12);
    const reading = readAll(session);
    await gateway.until(() => gateway.acks.length === count);
    gateway.send(channelClosed(""));
    expect((await reading).length).toBe(count * chunk.length);
  });

  it.each([
    ["takes a frame of 1 MiB", MAX_FRAME_BYTES, true],
    ["takes no larger frame", MAX_FRAME_BYTES + 1, false],
  ])("%s", async (_, size, taken) => {
    const gateway = await startGateway();
    const session = await open(gateway, { resume: undefined });
    const overhead = output(0, "").length;
    gateway.send(output(0, "x".repeat(size - overhead)));
    if (taken) await gateway.until(() => gateway.acks.length === 1);
    else await gateway.until(() => gateway.text.length > 1);
    expect(gateway.acks.length).toBe(taken ? 1 : 0);
    await session.close();
  });

  it("connects again when the gateway does not read what it is sent", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    gateway.client?.pause();
    const first = gateway.client;
    let sent = 0;
    // Each is acknowledged, and the acknowledgements pile up.
    const flood = setInterval(() => {
      for (let i = 0; i < 2_000; i += 1) gateway.send(output(sent++, "x"));
    }, 5);
    const reading = readAll(session);
    await gateway.until(() => gateway.client !== first);
    clearInterval(flood);
    await session.close();
    await reading;
    // The session holds little, and the rest is in the buffers that the system has for a socket.
    expect(sent).toBeLessThan(200_000);
  });

  it("prints each frame as a line, without token and payload", async () => {
    const gateway = await startGateway();
    const lines: string[] = [];
    const session = await open(gateway, { trace: (line) => lines.push(line) });
    gateway.send(output(0, "private"));
    await gateway.until(() => gateway.inputs.length === 1);
    gateway.send(channelClosed(""));
    await session.ended;
    expect(lines).toEqual([
      expect.stringMatching(/^> text frame of \d+ characters$/),
      "< output_stream_data #0 output 7 B",
      "> acknowledge of #0",
      "> input_stream_data #0 size 23 B",
      expect.stringMatching(/^< channel_closed \d+ B$/),
    ]);
  });
});

describe("a session's pings", () => {
  it("come at once, then every 4 s, and later every 25 s, which covers the plugin's 5 minutes", async () => {
    const clock = new SteppedClock();
    const gateway = await startGateway();
    await open(gateway, { clock });
    gateway.acknowledging = true;
    for (let count = 1; count <= 13; count++) {
      await gateway.until(() => gateway.pings.length === count);
      gateway.send(output(count - 1, "x"));
      await gateway.until(() => gateway.acks.length === count);
      clock.advance(25_000);
    }
    expect(new Set(gateway.pings)).toEqual(new Set(["keepalive"]));
  });
});

describe("a session that cannot be opened", () => {
  const failure = (more: SessionOptions): Promise<Failure> =>
    openSession(more).then(
      () => Promise.reject(new Error("it was opened")),
      (error: unknown) => error as Failure,
    );

  it("is refused in the gateway's own words", async () => {
    const refusing = await startGateway({
      answer: (_request, response) =>
        response
          .writeHead(403)
          .end("<AccessDenied>not authorized to perform: ssmmessages:OpenDataChannel</AccessDenied>"),
    });
    const error = await failure(optionsFor(refusing));
    expect(error.code).toBe("session-refused");
    expect(error.seen).toMatch(/^127\.0\.0\.1:\d+ answered HTTP 403: <AccessDenied>not authorized/);
    expect(error.advice).toContain("ssmmessages:OpenDataChannel");
  });

  it("names the host that cannot be reached", async () => {
    const gateway = await startGateway();
    await gateway.stop();
    const clock = new SteppedClock();
    const failing = failure(optionsFor(gateway, { clock }));
    for (const pause of [100, 250, 625, 1_562.5, 3_906.25]) await clock.pass(pause, 2 * pause);
    const error = await failing;
    expect(error.code).toBe("session-lost");
    expect(error.seen).toMatch(/^No connection to 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });

  it("is given up after 30 s without an answer", async () => {
    const clock = new SteppedClock();
    let asked: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    const gateway = await startGateway({ answer: () => asked() });
    const failing = failure(optionsFor(gateway, { clock }));
    await inTime("the request for the upgrade", reached);
    clock.advance(30_000);
    expect((await failing).seen).toMatch(/: no answer within 30 s$/);
  });

  it.each(["before", "while"])("rejects with the signal's reason, aborted %s connecting", async (when) => {
    const abort = new AbortController();
    const reason = new Error("cancelled");
    const gateway = await startGateway({ answer: () => abort.abort(reason) });
    if (when === "before") abort.abort(reason);
    await expect(openSession(optionsFor(gateway, { signal: abort.signal }))).rejects.toBe(reason);
  });
});

describe("a session's way to the gateway", () => {
  it("goes unsigned with a warning when there is nothing to sign with", async () => {
    const gateway = await startGateway();
    const log = new Listener();
    await open(gateway, {
      aws: { ...AWS, signUpgrade: () => Promise.reject(new Error("no credentials")) },
      log,
    });
    expect(gateway.requests[0]?.headers.authorization).toBeUndefined();
    expect(log.lines).toEqual([expect.stringMatching(/^warning: .*goes unsigned.*\(no credentials\)/)]);
  });

  it.each(["http", "excepted"])("goes through the proxy of the environment: %s", async (mode) => {
    const gateway = await startGateway();
    const tunnels: string[] = [];
    const proxy = createServer().on("connect", (request, socket) => {
      tunnels.push(request.url ?? "");
      const [host, port] = (request.url ?? "").split(":");
      const target = connectTcp(Number(port), host, () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        target.pipe(socket).pipe(target);
      });
      target.on("error", () => socket.destroy());
      socket.on("error", () => target.destroy());
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const before = { HTTP_PROXY: process.env["HTTP_PROXY"], NO_PROXY: process.env["NO_PROXY"] };
    process.env["HTTP_PROXY"] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    process.env["NO_PROXY"] = mode === "excepted" ? "127.0.0.1" : "";
    try {
      const session = await open(gateway, {
        aws: {
          ...AWS,
          agent: (url: string) => awsClients({ region: "eu-west-1", world: realWorld }).agent(url),
        },
      });
      gateway.send(output(0, "through"), channelClosed(""));
      expect(await readAll(session)).toBe("through");
      await session.close();
      expect(tunnels).toEqual(mode === "excepted" ? [] : [new URL(gateway.url).host]);
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
      proxy.close();
    }
  });
});

describe("a session under KMS", () => {
  const request = fromAgent(0, 5, {
    RequestedClientActions: [{ ActionType: "KMSEncryption", ActionParameters: { KMSKeyId: "key-1" } }],
  });

  it("asks for the key in this session's context and hands it to the agent", async () => {
    const gateway = await startGateway();
    const wanted: unknown[] = [];
    await open(gateway, {
      requestDataKey: (asked) => {
        wanted.push(asked);
        return Promise.resolve({
          plaintext: Buffer.alloc(64, 1),
          ciphertext: Buffer.from("blob"),
          keyArn: "",
        });
      },
    });
    gateway.send(request);
    await gateway.until(() => gateway.inputs.length === 1);
    const encryptionContext = {
      "aws:ssm:SessionId": "ecs-execute-command-1",
      "aws:ssm:TargetId": "ecs:c_t_r",
    };
    expect(wanted).toEqual([{ keyId: "key-1", encryptionContext }]);
    expect(json(gateway.inputs[0])).toMatchObject({
      ProcessedClientActions: [{ ActionStatus: 1, ActionResult: { KMSCipherTextKey: "YmxvYg==" } }],
    });
  });

  it.each(["closes", "says nothing"])(
    "ends with the reason why there is no key, when the agent %s",
    async (then) => {
      const clock = new SteppedClock();
      const gateway = await startGateway();
      const cause = new Error("AccessDenied: kms:GenerateDataKey");
      const session = await open(gateway, { clock, requestDataKey: () => Promise.reject(cause) });
      gateway.send(request);
      await gateway.until(() => gateway.inputs.length === 1);
      expect(json(gateway.inputs[0])).toMatchObject({ ProcessedClientActions: [{ ActionStatus: 2 }] });
      if (then === "closes") gateway.send(channelClosed("handshake failed"));
      else clock.advance(2_000);
      const why = "there is no data key of 'key-1': AccessDenied: kms:GenerateDataKey";
      expect(await session.ended).toEqual({ kind: "lost", why, cause });
    },
  );

  it("gives up after the agent's 15 s when KMS does not answer, and tells the agent", async () => {
    const clock = new SteppedClock();
    const gateway = await startGateway();
    const session = await open(gateway, { clock, requestDataKey: () => new Promise(() => undefined) });
    gateway.send(request);
    await clock.pass(15_000);
    await gateway.until(() => gateway.inputs.length === 1);
    expect(json(gateway.inputs[0])).toMatchObject({ ProcessedClientActions: [{ ActionStatus: 2 }] });
    await clock.pass(2_000);
    expect(await session.ended).toMatchObject({
      kind: "lost",
      why: "there is no data key of 'key-1': KMS gave none within 15 s, and the agent waits no longer",
    });
  });

  it.each([
    ["with a key", request],
    ["without encryption", fromAgent(0, 5, { RequestedClientActions: [{ ActionType: "SessionType" }] })],
  ])("gives up an agent that does not finish a handshake %s within 20 s of the answer", async (_, asked) => {
    const clock = new SteppedClock();
    const gateway = await startGateway();
    const key = { plaintext: Buffer.alloc(64, 1), ciphertext: Buffer.from("blob"), keyArn: "" };
    const encryption = { kind: "unknown" } as const;
    const session = await open(gateway, { clock, encryption, requestDataKey: () => Promise.resolve(key) });
    gateway.send(asked);
    await gateway.until(() => gateway.inputs.length === 1);
    await clock.pass(20_000);
    expect(await inTime("the end", session.ended)).toEqual({
      kind: "lost",
      why: "the agent did not finish the handshake within 20 s of our answer",
    });
  });

  it("ends when the client was given no way to ask KMS", async () => {
    const gateway = await startGateway();
    const session = await open(gateway);
    gateway.send(request);
    await gateway.until(() => gateway.inputs.length === 1);
    gateway.send(channelClosed(""));
    expect(await session.ended).toMatchObject({
      kind: "lost",
      why: expect.stringContaining("no way to ask KMS") as string,
    });
  });
});
