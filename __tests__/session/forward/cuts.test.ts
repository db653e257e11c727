import { randomBytes } from "node:crypto";
import { Failure } from "../../../src/errors.ts";
import { numberBytes } from "../../../src/session/forward/packets.ts";
import type { Client } from "../../../src/session/forward/clients.ts";
import type { OpenedSession, SessionRequest } from "../../../src/session/forward/session-request.ts";
import { FrameKind } from "../../../src/session/forward/streams.ts";
import { Tunnel } from "../../../src/session/forward/tunnel.ts";
import { aborted } from "../../../src/waiting.ts";
import { Listener } from "../../helpers/listener.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { Forged } from "./forged.ts";

const STEP_MS = 250;
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});

/** A tunnel with one open connection, whose relay is heard until the test cuts it off. `open` gives the sessions after the first. */
async function startTunnel(open: (request: SessionRequest, first: Forged) => Promise<OpenedSession>) {
  const clock = new SteppedClock();
  const log = new Listener();
  const over = new AbortController();
  const [first, got] = [new Forged(), { resetAt: Infinity, bytes: "", end: undefined as unknown }];
  const beats = { session: first as Forged | undefined };
  first.onFrame = (kind, of) => {
    if (kind === FrameKind.open) first.frame(FrameKind.opened, of);
  };
  let opened = 0;
  const tunnel = new Tunnel({
    open: (request) =>
      (opened += 1) === 1 ? Promise.resolve({ session: first, isElsewhere: false }) : open(request, first),
    ...{ targets: [["db", 5432]], isLogged: () => false, seconds: 600, clock, log, signal: over.signal },
  });
  const nothing = (): undefined => undefined;
  const client = {
    ...{ opened: nothing, refused: nothing, end: nothing, pull: nothing as Client["pull"] },
    data: (bytes: Buffer) => void (got.bytes += bytes.toString()),
    reset: () => (got.resetAt = Math.min(got.resetAt, clock.now())),
  };
  const running = tunnel.run().catch((error: unknown) => (got.end = error));
  undo.push(async () => {
    over.abort();
    await beats.session?.close();
    await Promise.all([tunnel.close(), running]);
  });
  /** Lets time pass in small steps, with a beat each second as long as there is one. */
  const pass = async (ms: number, isOver = (): boolean => false): Promise<void> => {
    for (let at = STEP_MS; at <= ms && !isOver(); at += STEP_MS) {
      if (at % 1_000 === 0) beats.session?.beat();
      await clock.turn();
      clock.advance(STEP_MS);
      await clock.turn();
    }
  };
  await pass(1_000, () => tunnel.isReady);
  expect(tunnel.connect(0, client)).toBe(1);
  return { clock, tunnel, log, got, beats, pass, first, client, sessions: () => opened };
}

/** The first bytes of a stream: their offset, the flag of plain ones, and they themselves. */
const data = Buffer.concat([numberBytes(0), Buffer.of(0), Buffer.from("behind the cut")]);
/** The bytes before those of a stream. */
const HEAD = data.length - "behind the cut".length;
const away = new Failure("aws-unreachable", { failed: "No answer.", seen: "No route.", advice: "Wait." });
const execAway = new Failure("exec-not-ready", { failed: "No session.", seen: "No agent.", advice: "Wait." });

it("connections of a task that is gone are known as lost within 10 s of its last word, though nothing closes its session", async () => {
  const { clock, tunnel, log, got, beats, pass, sessions } = await startTunnel(async ({ onGone, signal }) => {
    onGone();
    await aborted(signal); // a successor is looked for
    throw away;
  });
  await pass(60_000);
  expect([got.resetAt, sessions()]).toEqual([Infinity, 1]);
  beats.session = undefined;
  const last = clock.now();
  await pass(20_000, () => got.resetAt < Infinity);
  expect(got.resetAt - last).toBeLessThanOrEqual(7_000);
  expect(log.lines.join("\n")).toContain("Open connections of the forward that were reset: 1.");
  expect(tunnel.counts.reset).toBe(1);
});

it("what a lost session still had to send does not hold up the next one", async () => {
  let taken = 0;
  const { tunnel, beats, pass, first, client } = await startTunnel((_, lost) => {
    const session = (beats.session = new Forged(lost));
    session.onFrame = (kind, _of, rest) => {
      if (kind === FrameKind.data) taken += rest.length - HEAD;
    };
    return Promise.resolve({ session, isElsewhere: false });
  });
  let left = 60_000;
  client.pull = (most) => {
    const piece = randomBytes(Math.min(most, left)); // what is packed would be a few bytes
    left -= piece.length;
    return piece.length > 0 ? piece : undefined;
  };
  first.send = async () => await new Promise(() => undefined);
  tunnel.ready();
  await pass(2_000);
  beats.session = undefined;
  await pass(20_000, () => taken === 60_000);
  expect([left, taken]).toEqual([0, 60_000]);
});

it("a process that was held up itself does not take its relay for silent", async () => {
  const { clock, pass, sessions, beats } = await startTunnel(() => Promise.reject(away));
  clock.advance(30_000);
  beats.session?.beat();
  await pass(10_000);
  expect(sessions()).toBe(1);
});

// After a cut of 54 s the last of the pauses, of five seconds at most, surely ends within the minute.
it.each([
  [54, away],
  [54, execAway],
  [75, away],
])(
  "after a cut of %d s a connection goes on at the byte within a minute, else it was reset, and new ones are carried",
  async (seconds, why) => {
    let end = Infinity;
    const { clock, tunnel, got, beats, pass } = await startTunnel((_, first) => {
      if (clock.now() < end) return Promise.reject(why);
      const session = new Forged(seconds < 60 ? first : undefined);
      if (seconds < 60) session.onGreeted = () => session.frame(FrameKind.data, 1, data);
      beats.session = session;
      return Promise.resolve({ session, isElsewhere: false });
    });
    beats.session = undefined;
    end = clock.now() + seconds * 1_000;
    await pass((seconds + 8) * 1_000);
    expect([tunnel.isReady, got.end]).toEqual([true, undefined]);
    if (seconds < 60) expect(got).toMatchObject({ bytes: "behind the cut", resetAt: Infinity });
    else expect([got.bytes, got.resetAt < end]).toEqual(["", true]);
  },
);

it("connections are reset after a cut of a minute, though the next session still waits for its seat, and new ones are carried", async () => {
  const seat = new AbortController();
  const { clock, tunnel, got, beats, pass } = await startTunnel(async ({ signal }) => {
    await aborted(AbortSignal.any([seat.signal, signal]));
    return { session: (beats.session = new Forged()), isElsewhere: false };
  });
  beats.session = undefined;
  const last = clock.now();
  await pass(100_000, () => got.resetAt < Infinity);
  expect(Math.round((got.resetAt - last) / 2_000)).toBe(30);
  seat.abort();
  await pass(5_000, () => tunnel.isReady);
  expect([tunnel.isReady, tunnel.counts.reset, got.end]).toEqual([true, 1, undefined]);
});

it("a relay that may have begun unheard is not taken for that of another forward: the next one waits for its end", async () => {
  const [clock, log, over] = [new SteppedClock(), new Listener(), new AbortController()];
  const [mute, busy, free] = [new Forged(), new Forged(), new Forged()];
  mute.say = () => undefined;
  busy.say = () => {
    busy.output.push(Buffer.from("\u001b]7733;busy\u0007\n"));
  };
  const sessions = [mute, busy, free];
  const tunnel = new Tunnel({
    open: () => {
      const session = sessions.shift();
      return session === undefined ? Promise.reject(away) : Promise.resolve({ session, isElsewhere: false });
    },
    ...{ targets: [["db", 5432]], isLogged: () => false, seconds: 600, clock, log, signal: over.signal },
  });
  const running = tunnel.run();
  undo.push(async () => {
    over.abort();
    await Promise.all([free.close(), tunnel.close(), running.catch(() => undefined)]);
  });
  const ready = tunnel.untilReady(10_000);
  await clock.turn();
  // The process is held up behind what it has typed.
  clock.advance(61_000);
  await mute.close();
  for (let at = 0; at < 5_000 && !tunnel.isReady; at += STEP_MS) {
    await clock.turn();
    clock.advance(STEP_MS);
  }
  await Promise.race([running, ready]);
  expect(tunnel.isReady).toBe(true);
  expect(log.lines.join("\n")).toContain("its last relay has not ended yet");
});

it.each([away, execAway])(
  "a forward that can't be reached for ten minutes ends with the reason: $code",
  async (why) => {
    const { clock, got, beats, pass } = await startTunnel(() => Promise.reject(why));
    beats.session = undefined;
    const begun = clock.now();
    await pass(900_000, () => got.end !== undefined);
    expect([got.end, Math.round((clock.now() - begun) / 60_000)]).toEqual([why, 10]);
  },
);

it("a forward whose first session finds no exec agent ends at once", async () => {
  const tunnel = new Tunnel({
    open: () => Promise.reject(execAway),
    ...{ targets: [["db", 5432]], isLogged: () => false, seconds: 600 },
    ...{ clock: new SteppedClock(), log: new Listener(), signal: new AbortController().signal },
  });
  await expect(tunnel.run()).rejects.toBe(execAway);
});
