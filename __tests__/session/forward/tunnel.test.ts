import { createHash, randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readFileSync, readlinkSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { systemClock } from "../../../src/clock.ts";
import { Failure } from "../../../src/errors.ts";
import { parseForward, type Forward } from "../../../src/inputs/forwards.ts";
import { Listeners } from "../../../src/session/forward/listener.ts";
import { Link } from "../../../src/session/forward/link.ts";
import { Seal } from "../../../src/session/forward/packets.ts";
import type { SessionRequest } from "../../../src/session/forward/session-request.ts";
import { Tunnel, type TunnelOptions } from "../../../src/session/forward/tunnel.ts";
import { systemPorts } from "../../../src/session/forward/system-ports.ts";
import { RELAY_LIMITS, typedRelay } from "../../../src/payload/forward.ts";
import { asRoot } from "../../../local/task/isolate.ts";
import { Blackhole } from "../../helpers/blackhole.ts";
import { withNeed } from "../../helpers/needs.ts";
import { isShown } from "../../helpers/shown-sockets.ts";
import { until } from "../../helpers/until.ts";
import { KEY } from "./halves.ts";
import { Listener } from "../../helpers/listener.ts";
import { TerminalSession, TOLD, WITHOUT_PYTHON } from "./terminal-session.ts";
import { itInSoak } from "../../helpers/every-nth.ts";
import { PYTHON } from "../../helpers/tools.ts";

const asOther = withNeed(it, "root", asRoot ? undefined : "only root can change users and mounts");

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0).reverse()) await each();
});

/** A tunnel to these forwards, through sessions on real terminals. */
async function startTunnel(...texts: readonly string[]) {
  return await startTunnelWith({}, ...texts);
}

async function startTunnelWith(more: Partial<TunnelOptions>, ...texts: readonly string[]) {
  const forwards = texts.map((each) => parseForward(each) as Forward);
  const log = new Listener();
  const over = new AbortController();
  const sessions: TerminalSession[] = [];
  const tunnel = new Tunnel({
    open: () => {
      const session = new TerminalSession(sessions.length);
      sessions.push(session);
      return Promise.resolve({ session, isElsewhere: false });
    },
    targets: forwards.map(({ host, port }) => [host, port] as const),
    isLogged: () => false,
    ...{ seconds: 600, clock: systemClock, log, signal: over.signal },
    ...more,
  });
  const running = tunnel.run();
  const listeners = new Listeners({ tunnel, clock: systemClock, log, ports: systemPorts });
  undo.push(async () => {
    listeners.close();
    over.abort();
    await tunnel.close();
    await Promise.allSettled([running]);
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

/** Takes the name of a container's relay, once the last one has ended. */
const HOLD_NAME = `import os, socket, time
name = "\\0fargate-exec-forward-" + os.environ["PID_NAMESPACE"]
s, full = socket.socket(socket.AF_UNIX), [socket.socket(socket.AF_UNIX) for _ in range(3)]
while True:
    try: s.bind(name); break
    except OSError: time.sleep(0.05)`;

/** What comes back of a word. */
async function echoed(socket: Socket): Promise<string> {
  socket.write("mine");
  return String((await once(socket, "data"))[0]);
}

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

  itInSoak("goes on at the byte when its session is cut at any moment", async () => {
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
      await until(() => tunnel.counts.received + tunnel.counts.sent >= before + 200_000);
      sessions.at(-1)?.cut();
      expect(await tunnel.untilReady(20_000)).toBe(true);
    }
    expect(await there).toBe(sha256(bulk));
    expect(sha256(await down)).toBe(sha256(bulk));
    expect(sessions.length).toBe(4);
    // A session outlives cuts of its connection by itself.
    for (const session of sessions) session.cuts = 2;
    expect(tunnel.counts.cuts).toBe(3 + 2);
  });

  it("answers a short question beside a reader that takes nothing and one that takes a dump without end", async () => {
    const dump = await serve((socket) => {
      const fill = (): void => {
        while (!socket.destroyed && socket.write(randomBytes(65_536)));
      };
      socket.on("drain", fill);
      fill();
    });
    const echo = await serve((socket) => socket.pipe(socket));
    const { ports, tunnel } = await startTunnel(`:127.0.0.1:${dump}`, `:127.0.0.1:${echo}`);
    dial(ports[0]).pause();
    dial(ports[0]).resume();
    await until(() => tunnel.counts.received >= 500_000);
    const client = dial(ports[1]);
    for (let i = 0; i < 9; i++) expect(await echoed(client)).toBe("mine");
  });

  asOther("refuses a connection of another user of this machine", async () => {
    const far = await serve((socket) => socket.pipe(socket));
    const { ports, log } = await startTunnel(`:127.0.0.1:${far}`);
    const program = `import socket, sys\ns = socket.create_connection(("127.0.0.1", ${ports[0]}))\ns.sendall(b"x")\nprint(s.recv(1), file=sys.stderr)`;
    const other = spawn(PYTHON, ["-Ic", program], { uid: 65_534, stdio: ["ignore", "ignore", "pipe"] });
    const [ended, told] = isShown(ports[0] ?? 0)
      ? [/Connection reset by peer|Broken pipe/, "A connection of user 65534 of this machine"]
      : [/^b'x'$/m, "This system does not show whose connections are made"];
    expect(await text(other.stderr)).toMatch(ended);
    expect(log.lines.join("\n")).toContain(told);
    expect(await echoed(dial(ports[0]))).toBe("mine");
  });

  it("resets its connections when the relay has ended, and starts another for new ones", async () => {
    const far = await serve((socket) => socket.pipe(socket));
    const { ports, sessions, tunnel } = await startTunnel(`:127.0.0.1:${far}`);
    const open = dial(ports[0]);
    expect(await echoed(open)).toBe("mine");
    const end = brokenOff(open);
    sessions.at(-1)?.killRelay();
    expect(await end).toBe("ECONNRESET");
    expect(await tunnel.untilReady(20_000)).toBe(true);
    expect(await echoed(dial(ports[0]))).toBe("mine");
  });

  it("ends open connections at the far end by a reset, since their clients have not sent all", async () => {
    const met = new EventEmitter();
    const far = await serve((socket) => void met.emit("socket", socket.pipe(socket)));
    const { ports, tunnel } = await startTunnel(`:127.0.0.1:${far}`);
    const meeting = once(met, "socket");
    expect(await echoed(dial(ports[0]))).toBe("mine");
    const end = brokenOff((await meeting)[0] as Socket);
    await tunnel.close();
    expect(await end).toBe("ECONNRESET");
  });

  itInSoak("takes no second forward in the same container", async () => {
    await startTunnel(":1");
    const open = ({ refusal }: SessionRequest) =>
      refusal === undefined
        ? Promise.resolve({ session: new TerminalSession(7), isElsewhere: false })
        : Promise.reject(refusal);
    const more = { open, targets: [], isLogged: () => false, seconds: 600, clock: systemClock };
    const over = new AbortController();
    // The queue of the first relay's name has room for two who look for it, so it has to take them.
    for (let tries = 0; tries < 4; tries++) {
      const other = new Tunnel({ ...more, log: new Listener(), signal: over.signal });
      await expect(other.run()).rejects.toMatchObject({
        code: "container-busy",
        advice: expect.stringContaining("start: true") as string,
      });
    }
  });

  asOther("goes on in another container when this one carries a forward already", async () => {
    await startTunnel(":1");
    const far = await serve((socket) => socket.pipe(socket));
    const asked: (string | undefined)[] = [];
    const { ports, log } = await startTunnelWith(
      {
        open: ({ refusal }) => {
          asked.push(refusal?.code);
          const within = refusal === undefined ? "" : "unshare --pid --fork --mount-proc";
          const session = new TerminalSession(7 + asked.length, { within });
          return Promise.resolve({ session, isElsewhere: refusal !== undefined });
        },
      },
      `:127.0.0.1:${far}`,
    );
    expect(await echoed(dial(ports[0]))).toBe("mine");
    expect(asked).toEqual([undefined, "container-busy"]);
    expect(log.lines.join("\n")).not.toContain("is lost");
  });

  asOther("resets its connections and says so when its next session is in another container", async () => {
    const far = await serve((socket) => socket.pipe(socket));
    let [isElsewhere, number] = [false, 0];
    const sessions: TerminalSession[] = [];
    const open = () => {
      const within = isElsewhere ? "unshare --pid --fork --mount-proc" : "";
      const session = new TerminalSession((number += 1), { within });
      sessions.push(session);
      return Promise.resolve({ session, isElsewhere });
    };
    const { ports, log, tunnel } = await startTunnelWith({ open }, `:127.0.0.1:${far}`);
    const socket = dial(ports[0]);
    expect(await echoed(socket)).toBe("mine");
    const end = brokenOff(socket);
    isElsewhere = true;
    sessions[0]?.killRelay();
    expect(await end).toBe("ECONNRESET");
    expect(log.lines.join("\n")).toContain("Open connections of the forward that were reset: 1.");
    expect(await tunnel.untilReady(20_000)).toBe(true);
    expect(await echoed(dial(ports[0]))).toBe("mine");
  });

  it("ends with a named error before the copy of a logged session fills the disk", async () => {
    const far = await serve((socket) => socket.end(randomBytes(200_000)));
    const { ports, running } = await startTunnelWith(
      { isLogged: () => true, mostLogged: 100_000 },
      `:127.0.0.1:${far}`,
    );
    const lost = expect(running).rejects.toMatchObject({
      code: "session-lost",
      failed: "The forward has ended, because its session is logged.",
    });
    dial(ports[0]).resume();
    await lost;
    // Its relay is gone, so another forward can begin at once.
    await startTunnel(":1");
  });

  it("ends at the first cut after its credentials have expired", async () => {
    const expired = new Failure("no-credentials", { failed: "Expired.", seen: "ExpiredToken", advice: "" });
    const sessions: TerminalSession[] = [];
    const open = () => {
      if (sessions.length > 0) return Promise.reject(expired);
      const session = new TerminalSession(1);
      sessions.push(session);
      return Promise.resolve({ session, isElsewhere: false });
    };
    const { running } = await startTunnelWith({ open }, ":1");
    const ended = expect(running).rejects.toBe(expired);
    sessions[0]?.killRelay();
    await ended;
  });

  asOther("is not kept out by another user's process that has the name of its relay", async () => {
    for (const then of ["", "s.listen(0)\nfor c in full: c.setblocking(False); c.connect_ex(name)"]) {
      const holder = spawn(PYTHON, ["-Ic", `${HOLD_NAME}\n${then}\nprint(flush=True)\ntime.sleep(600)`], {
        uid: 65_534,
        env: { PID_NAMESPACE: readlinkSync("/proc/self/ns/pid") },
        stdio: ["ignore", "pipe", "inherit"],
      });
      undo.push(() => holder.kill("SIGKILL"));
      await once(holder.stdout, "data");
      await startTunnel(":1");
      for (const each of undo.splice(0).reverse()) await each();
    }
  });

  asOther("ends with a named error in an image without python3", async () => {
    const open = () =>
      Promise.resolve({ session: new TerminalSession(7, { within: WITHOUT_PYTHON }), isElsewhere: false });
    const more = { open, targets: [], isLogged: () => false, seconds: 600, clock: systemClock };
    const tunnel = new Tunnel({ ...more, log: new Listener(), signal: new AbortController().signal });
    await expect(tunnel.run()).rejects.toMatchObject({
      advice: expect.stringContaining("borrow: network") as string,
    });
  });

  it("leaves nothing in the container when its runner dies", async () => {
    const far = await serve((socket) => socket.pipe(socket));
    const limits = { connect: 10, sessionSilence: 1, silence: 2 };
    const session = new TerminalSession(1);
    let said = "";
    for await (const bytes of session.output) {
      said += Buffer.from(bytes).toString();
      if (said.includes("ready")) break;
    }
    await session.send(
      typedRelay({ id: "dead", start: { ...limits, key: KEY, targets: [[null, far]], seconds: 600 } }),
    );
    const link = new Link(new Seal(KEY, "r"));
    link.begin();
    await session.send(link.take() ?? Buffer.of());
    // It says nothing more.
    expect(await session.ended).toEqual({ kind: "closed", text: TOLD });
    await until(() => !readFileSync("/proc/net/unix", "utf8").includes("fargate-exec-forward-dead"));
  });

  it("names why a far end is not reached, and resets the connection", async () => {
    const closed = await serve(() => undefined);
    await (undo.pop() as () => unknown)();
    const hole = await Blackhole.start("dropped");
    undo.push(() => hole.stop());
    const { ports, log } = await startTunnelWith(
      { limits: { ...RELAY_LIMITS, connect: 0.3 } },
      `:127.0.0.1:${closed}`,
      ":no-such-name.invalid:1",
      ":169.254.170.2:80",
      ":[::ffff:169.254.170.2]:80",
      ":[fe80::1]:80",
      `:127.0.0.1:${hole.port}`,
    );
    for (const port of ports) expect(await brokenOff(dial(port))).toBe("ECONNRESET");
    expect(log.lines.join("\n")).toMatch(/Connection refused/);
    expect(log.lines.join("\n")).toMatch(/no-such-name.invalid:1: .*(not known|resolution)/);
    expect(log.lines.filter((line) => line.includes("link-local"))).toHaveLength(3);
    expect(log.lines.join("\n")).toMatch(/no answer within 0.3 s/);
  });
});
