import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../src/clock.ts";
import { parseForward, type Forward } from "../../src/forward/forwards.ts";
import { Listeners } from "../../src/forward/listener.ts";
import { Tunnel } from "../../src/forward/tunnel.ts";
import { Listener } from "../helpers/listener.ts";
import { TerminalSession } from "./terminal-session.ts";

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A tunnel to these forwards, through sessions on real terminals. */
async function startTunnel(...texts: readonly string[]) {
  const forwards = texts.map((each) => parseForward(each) as Forward);
  const log = new Listener();
  const over = new AbortController();
  const sessions: TerminalSession[] = [];
  const tunnel = new Tunnel({
    open: () => {
      const session = new TerminalSession(sessions.length);
      sessions.push(session);
      return Promise.resolve(session);
    },
    targets: forwards.map(({ host, port }) => [host, port] as const),
    isLogged: () => false,
    ...{ seconds: 600, clock: systemClock, log, signal: over.signal },
  });
  const running = tunnel.run();
  const listeners = new Listeners({ tunnel, log, uid: process.getuid?.() });
  undo.push(async () => {
    listeners.close();
    over.abort();
    await tunnel.close();
    await running;
  });
  const ports: number[] = [];
  for (const [at, forward] of forwards.entries()) ports.push(await listeners.listen(forward, at));
  expect(await tunnel.untilReady(20_000)).toBe(true);
  return { tunnel, ports, sessions, log, running };
}

/** A server in the place of the far end. */
async function serve(onConnection: (socket: Socket) => void, allowHalfOpen = true): Promise<number> {
  const server: Server = createServer({ allowHalfOpen }, (socket) => {
    socket.on("error", () => undefined);
    onConnection(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  undo.push(() => server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function dial(port = 0, host = "127.0.0.1"): Socket {
  const socket = connect({ port, host, allowHalfOpen: true });
  socket.on("error", () => undefined);
  undo.push(() => socket.destroy());
  return socket;
}

/** The error that breaks a connection off. */
const brokenOff = (socket: Socket): Promise<string | undefined> =>
  new Promise((resolve) => {
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    socket.once("end", () => resolve("end"));
    socket.resume();
  });

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("a tunnel", () => {
  it("brings the bytes of many connections there and back, and keeps a half-closed one half-closed", async () => {
    // The server answers only once its client has ended, so the way back has to outlive the way there.
    const far = await serve((socket) => void buffer(socket).then((all) => socket.end(all)));
    const { ports } = await startTunnel(`:127.0.0.1:${far}`);
    const echoes = Array.from({ length: 50 }, async (_, i) => {
      const sent = randomBytes(i * 2_000);
      const socket = dial(ports[0], i % 2 === 0 ? "127.0.0.1" : "::1");
      socket.end(sent);
      expect(sha256(await buffer(socket))).toBe(sha256(sent));
    });
    await Promise.all(echoes);
  });

  it("goes on at the byte when its session is cut at any moment", async () => {
    const bulk = randomBytes(1_000_000);
    const far = await serve((socket) => {
      void buffer(socket).then((all) => socket.end(sha256(all)));
    });
    const back = await serve((socket) => socket.end(bulk));
    const { ports, sessions, tunnel } = await startTunnel(`:127.0.0.1:${far}`, `:127.0.0.1:${back}`);
    const up = dial(ports[0]);
    up.end(bulk);
    const [there, down] = [text(up), buffer(dial(ports[1]))];
    for (let cuts = 0; cuts < 3; cuts++) {
      const before = tunnel.counts.received + tunnel.counts.sent;
      while (tunnel.counts.received + tunnel.counts.sent < before + 200_000) await sleep(5);
      sessions.at(-1)?.cut();
      expect(await tunnel.untilReady(20_000)).toBe(true);
    }
    expect(await there).toBe(sha256(bulk));
    expect(sha256(await down)).toBe(sha256(bulk));
    expect(sessions.length).toBe(4);
  });

  it("names why a far end is not reached, and resets the connection", async () => {
    const closed = await serve(() => undefined);
    await (undo.pop() as () => unknown)();
    const { ports, log } = await startTunnel(
      `:127.0.0.1:${closed}`,
      ":no-such-name.invalid:1",
      ":169.254.170.2:80",
    );
    for (const port of ports) expect(await brokenOff(dial(port))).toBe("ECONNRESET");
    expect(log.lines.join("\n")).toMatch(/Connection refused/);
    expect(log.lines.join("\n")).toMatch(/no-such-name.invalid:1: .*(not known|resolution)/);
    expect(log.lines.join("\n")).toMatch(/link-local/);
  });
});
