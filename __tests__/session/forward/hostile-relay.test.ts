import { systemClock } from "../../../src/clock.ts";
import { carryForwards, type ForwardOptions } from "../../../src/session/forward/forward.ts";
import { type Forward, parseForward } from "../../../src/inputs/forwards.ts";
import { PacketKind } from "../../../src/session/forward/packets.ts";
import { systemPorts } from "../../../src/session/forward/system-ports.ts";
import { Tunnel } from "../../../src/session/forward/tunnel.ts";
import { FrameKind } from "../../../src/session/forward/streams.ts";
import { Listener } from "../../helpers/listener.ts";
import { Forged } from "./forged.ts";

/** Carries a forward by sessions that this prepares. */
async function carry(prepare: (session: Forged) => void, more: Partial<ForwardOptions> = {}) {
  let sessions = 0;
  const carried = carryForwards({
    forwards: [parseForward(":db:5432") as Forward],
    open: () => {
      sessions += 1;
      const session = new Forged();
      prepare(session);
      return Promise.resolve({ session, isElsewhere: false });
    },
    isLogged: () => false,
    ...{ seconds: 60, clock: systemClock, log: new Listener(), ports: systemPorts },
    cancel: new AbortController().signal,
    during: (_, lost) =>
      new Promise((resolve) => lost.addEventListener("abort", () => resolve(0), { once: true })),
    ...more,
  });
  const error = await carried.then(
    () => undefined,
    (problem: unknown) => problem,
  );
  return { error, sessions };
}

const lostWith = (words: string) =>
  expect.objectContaining({
    code: "session-lost",
    seen: expect.stringContaining(words) as string,
  }) as unknown;

/** Opens each connection, and then does this. */
const opens = (then: (session: Forged, of: number) => void) => (session: Forged) => {
  session.onFrame = (kind, of) => {
    if (kind !== FrameKind.open) return;
    session.frame(FrameKind.opened, of);
    then(session, of);
  };
};

describe("a forward whose relay is hostile", () => {
  it.each([
    [
      "bye before the far end was reached",
      (s: Forged) => (s.onGreeted = () => s.frame(8, 0, Buffer.from("w"))),
      "w",
    ],
    [
      "an acknowledgement of what was never sent",
      (s: Forged) => (s.onGreeted = () => s.say(PacketKind.ack, 2 ** 48 - 1)),
      "never sent",
    ],
    ["a bye", opens((s) => s.frame(FrameKind.bye, 0, Buffer.from("out of memory"))), "out of memory"],
    ["a frame of no kind", opens((s, of) => s.frame(99, of)), "does not fit"],
  ])("ends at once, by its first session, at %s", async (_, prepare, words) => {
    expect(await carry(prepare)).toEqual({ error: lostWith(words), sessions: 1 });
  });

  it("ends when each session ends soon after its greeting", async () => {
    const clock = {
      ...systemClock,
      sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 500, signal),
    };
    const prepare = (s: Forged) =>
      (s.onGreeted = () => {
        s.output.end();
        s.end({ kind: "closed", text: "over" });
      });
    expect(await carry(prepare, { clock })).toEqual({ error: lostWith("over"), sessions: 12 });
  });

  it("ends when it acknowledges nothing, also by a frame that a program causes", async () => {
    const tunnel = new Tunnel({
      open: () => {
        const session = new Forged();
        session.acknowledges = false;
        return Promise.resolve({ session, isElsewhere: false });
      },
      ...{ targets: [["db", 5432]], isLogged: () => false, seconds: 60, clock: systemClock },
      ...{ log: new Listener(), signal: new AbortController().signal },
    });
    const running = tunnel.run();
    expect(await tunnel.untilReady(10_000)).toBe(true);
    const nothing = (): undefined => undefined;
    const client = {
      opened: nothing,
      refused: nothing,
      data: nothing,
      end: nothing,
      reset: nothing,
      pull: nothing,
    };
    // Each is two frames.
    for (let i = 0; i < 5_001; i++) tunnel.reset(tunnel.connect(0, client) ?? 0);
    await expect(running).rejects.toEqual(lostWith("acknowledges nothing"));
  });
});
