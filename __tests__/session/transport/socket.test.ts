import type { SocketListener, SocketRequest, WebSocketLike } from "../../../src/aws/world.ts";
import type { Frame } from "../../../src/session/channel/types.ts";
import { CLOSE_MS, connect, type Socket } from "../../../src/session/transport/socket.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

/** The network's end of a socket. It does nothing by itself. */
class Wire implements WebSocketLike {
  isOpen = true;
  isPaused = false;
  unsentBytes = 0;
  readonly sent: Frame[] = [];
  pings = 0;
  terminated = 0;
  listener: SocketListener | undefined;

  send(frame: Frame): void {
    this.sent.push(frame);
  }
  ping(): void {
    this.pings += 1;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  close(): void {
    this.isOpen = false;
  }
  terminate(): void {
    this.isOpen = false;
    this.terminated += 1;
    this.listener?.closed(1006, "");
  }
}

async function open(): Promise<{
  readonly wire: Wire;
  readonly clock: SteppedClock;
  readonly socket: Socket;
  readonly lost: string[];
  readonly frames: Frame[];
}> {
  const [wire, clock] = [new Wire(), new SteppedClock()];
  const [lost, frames]: [string[], Frame[]] = [[], []];
  const openSocket = (_: SocketRequest, listener: SocketListener): Promise<WebSocketLike> => {
    wire.listener = listener;
    return Promise.resolve(wire);
  };
  const socket = await connect({
    ...{ openSocket, url: "wss://x", headers: {}, agent: undefined, clock },
    signal: new AbortController().signal,
    onFrame: (frame) => frames.push(frame),
    onLost: (why) => lost.push(why),
  });
  return { wire, clock, socket, lost, frames };
}

it("frames go both ways over a socket that the world has opened", async () => {
  const { wire, socket, frames } = await open();
  socket.send("out");
  wire.listener?.frame("in");
  expect([wire.sent, frames]).toEqual([["out"], ["in"]]);
});

/** Lets the time of the first pings pass. The other side answers each at once. */
async function passFirstPings({ wire, clock }: Awaited<ReturnType<typeof open>>): Promise<void> {
  for (let count = 0; count < 4; count += 1) {
    wire.listener?.pong();
    await clock.pass(4_000);
  }
}

it("a socket is cut when two pings in a row get no answer", async () => {
  const opened = await open();
  const { wire, clock, lost } = opened;
  await passFirstPings(opened);
  wire.listener?.pong();
  await clock.pass(25_000);
  await clock.pass(25_000);
  await clock.runUntil(() => lost.length > 0);
  expect(lost).toEqual(["broke: nothing was heard for 50 s, not even an answer to a ping"]);
  expect([wire.pings, wire.terminated]).toEqual([7, 1]);
});

it("a socket that dies at once is cut before the wait for the agent's first word is over, which takes 20 s", async () => {
  const { wire, clock, lost } = await open();
  wire.listener?.pong();
  await clock.pass(4_000);
  await clock.pass(4_000);
  await clock.pass(4_000);
  await clock.runUntil(() => lost.length > 0);
  expect(lost).toEqual(["broke: nothing was heard for 8 s, not even an answer to a ping"]);
});

it("a paused socket, which reads no answers, is not cut", async () => {
  const { clock, socket, lost } = await open();
  socket.pause();
  for (let count = 0; count < 8; count += 1) await clock.pass(count < 4 ? 4_000 : 25_000);
  expect(lost).toEqual([]);
});

it("a socket whose other side does not read is cut", async () => {
  const { wire, socket, lost } = await open();
  wire.unsentBytes = 9 * 1024 * 1024;
  socket.send("more");
  expect(lost).toEqual(["broke: the other side does not read what it is sent"]);
});

it("a closed socket tells no loss, and is ended by force after a second", async () => {
  const { wire, clock, socket, lost } = await open();
  const closed = socket.close();
  await clock.pass(CLOSE_MS);
  await closed;
  expect([wire.terminated, lost]).toEqual([1, []]);
});

it("the code and the reason of a close are told", async () => {
  const { wire, lost } = await open();
  wire.listener?.closed(1001, "going away");
  expect(lost).toEqual(["was closed with code 1001: going away"]);
});
