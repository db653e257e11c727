import { Channel } from "../../../src/session/channel/channel.ts";
import { systemClock } from "../../../src/clock.ts";
import type { Random } from "../../helpers/seeds.ts";
import { between, pick, randomOf } from "../../helpers/seeds.ts";
import { AgentModel } from "./agent-model.ts";
import { channelClosed } from "./frames.ts";
import type { LinkFaults } from "./link.ts";
import { Link } from "./link.ts";

const PATIENCE_MS = 30 * 60_000;
const MAX_STEPS = 200_000;
const START = 1_700_000_000_000;
const KEY = Buffer.from(Array.from({ length: 64 }, (_none, index) => index));

interface TimedText {
  /** Milliseconds from the start. A list is sorted by them. */
  readonly at: number;
  readonly text: string;
}

export interface Scene {
  readonly encrypted: boolean;
  readonly up: LinkFaults;
  readonly down: LinkFaults;
  readonly ptyOpenAfter: number;
  /** The connection is cut at `from` and made again at `to`; meanwhile the gateway may pause the agent. */
  readonly cuts: readonly { readonly from: number; readonly to: number; readonly pauses: boolean }[];
  readonly prints: readonly TimedText[];
  readonly types: readonly TimedText[];
  /** The agent ends 2 s after the last output, even without acknowledgements, as the real one does. */
  readonly hasty: boolean;
}

export const FINE: LinkFaults = { drop: 0, double: 0, delay: 20, jitter: 0, corrupt: 0 };

/** The scene of a seed. */
export function sceneOf(seed: number, encrypted: boolean): { scene: Scene; random: Random } {
  const random = randomOf(seed);
  const share = (most: number): number => (random() < 0.3 ? 0 : random() * most);
  const faults = (corrupt: number): LinkFaults => ({
    drop: share(0.4),
    double: share(0.5),
    delay: between(random, 0, 150),
    jitter: pick(random, [0, 30, 600]),
    corrupt: share(corrupt),
  });
  const timed = (count: number, from: number, gap: number, make: (index: number) => string): TimedText[] => {
    let at = from;
    return Array.from({ length: count }, (_none, index) => {
      at += between(random, 0, gap);
      return { at, text: make(index) };
    });
  };
  const cuts: Scene["cuts"][number][] = [];
  let to = 0;
  for (let count = between(random, 0, 3); count > 0; count--) {
    const from = to + between(random, 1, 2_500);
    to = from + between(random, 0, 2_000);
    cuts.push({ from, to, pauses: random() < 0.5 });
  }
  const ptyOpenAfter = between(random, 0, 1_000);
  const lengths = [8, 100, 1_024];
  const scene: Scene = {
    encrypted,
    up: faults(0),
    down: faults(0.1),
    ptyOpenAfter,
    cuts,
    prints: timed(between(random, 1, 30), ptyOpenAfter, pick(random, [0, 20, 300]), (index) =>
      `line ${index}`.padEnd(pick(random, lengths) - 2, ".").concat("\r\n"),
    ),
    types: timed(between(random, 0, 6), 0, 500, (index) =>
      `${index}:`.padEnd(between(random, 2, 4_000), String.fromCharCode(97 + index)),
    ),
    hasty: random() < 0.15,
  };
  return { scene, random };
}

/** How many frames the client has sent for the first time, and how many again. */
export interface Playback {
  readonly sent: number;
  readonly repeats: number;
}

/** Plays the scene to its end by the stepped clock. Throws when what arrived is not what was sent. */
export function play(scene: Scene, random: Random): Playback {
  const { encrypted, cuts, prints, types, hasty } = scene;
  const agent = new AgentModel({
    key: encrypted ? KEY : undefined,
    ptyOpenAt: START + scene.ptyOpenAfter,
  });
  const channel = new Channel(
    {
      sessionId: "ecs-execute-command-1",
      sessionTarget: "ecs:c_t_r",
      encryption: { kind: "unknown" },
    },
    systemClock.random,
  );
  const toAgent = new Link(scene.up, random);
  const toClient = new Link(scene.down, random);
  const everSent = new Set<Uint8Array>();
  let repeats = 0;
  let shown = "";
  let acked = 0;
  let position = 0;
  const trouble: string[] = [];
  let ended: string | undefined;
  /** How long input was unacknowledged. The owner of the channel then replaces the connection. */
  const stalls: number[] = [];

  let connected = true;
  let [printed, typed, cut] = [0, 0, 0];
  let now = START;
  channel.open(now, "token");

  const listen = (): void => {
    for (const event of channel.takeEvents()) {
      if (ended !== undefined) throw new Error(`${event.kind} after the end`);
      if (event.kind === "output") shown += Buffer.from(event.bytes).toString("latin1");
      else if (event.kind === "acked") {
        acked = event.position;
        if (acked > agent.held) throw new Error(`${acked} bytes acked, ${agent.held} held`);
      } else if (event.kind === "closed") ended = event.text ?? "";
      else if (event.kind === "data-key-wanted")
        channel.provideDataKey({ plaintext: KEY, ciphertext: Buffer.from("blob"), keyArn: "" }, now);
      else if (event.kind === "stalled") stalls.push(event.ms);
      else if (event.kind === "problem") trouble.push(event.why);
      else if (event.kind !== "handshake-complete") throw new Error(JSON.stringify(event));
    }
  };
  const exchange = (): void => {
    for (const frame of channel.takeFrames()) {
      if (typeof frame === "string") continue;
      if (everSent.has(frame)) repeats++;
      everSent.add(frame);
      if (connected) toAgent.send(frame, now);
    }
    for (const frame of agent.out.splice(0)) if (connected) toClient.send(frame, now);
    for (let frame = toAgent.take(now); frame; frame = toAgent.take(now)) agent.receive(frame);
    for (let frame = toClient.take(now); frame; frame = toClient.take(now)) channel.receive(frame, now);
    listen();
  };

  for (let steps = 0; ; steps++) {
    if (steps > MAX_STEPS) throw new Error(`it runs in circles at ${now - START} ms`);
    const { from, to, pauses } = cuts[cut] ?? {};
    if (connected && from !== undefined && now >= START + from) {
      connected = false;
      toAgent.cut();
      toClient.cut();
      if (pauses) agent.pause();
    }
    if (!connected && to !== undefined && now >= START + to) {
      connected = true;
      cut++;
      agent.start();
      channel.open(now, "token");
    }
    agent.tick(now);
    for (let next = prints[printed]; next && agent.ready && now >= START + next.at; next = prints[++printed])
      agent.print(next.text);
    for (let next = types[typed]; next && now >= START + next.at; next = types[++typed])
      position = channel.send(Buffer.from(next.text), now);
    const deadline = channel.deadline();
    if (deadline !== undefined && now >= deadline) channel.tick(now);
    exchange();
    if (stalls.length > 0) {
      stalls.length = 0;
      if (connected) {
        toAgent.cut();
        toClient.cut();
        agent.start();
        channel.open(now, "token");
        continue;
      }
    }

    const said = printed === prints.length && typed === types.length;
    if (said && acked === position && agent.allAcknowledged && channel.deadline() === undefined) break;
    const lastPrint = START + (prints.at(-1)?.at ?? 0);
    if (hasty && printed === prints.length && connected && now >= lastPrint + 2_000) break;

    const times = [
      ...[toAgent.next, toClient.next, agent.next, channel.deadline()],
      ...[prints[printed], types[typed]].map((next) => next && START + next.at),
      ...[cuts[cut]?.from, cuts[cut]?.to, scene.ptyOpenAfter].map((at) => at !== undefined && START + at),
      hasty && lastPrint + 2_000,
    ].filter((at): at is number => typeof at === "number" && at > now);
    // A link without delay delivers at once, and an ack may show that a repetition is overdue.
    const instant = [toAgent.next, toClient.next, channel.deadline()].some(
      (at) => at !== undefined && at <= now,
    );
    if (instant || agent.out.length > 0) continue;
    if (times.length === 0) throw new Error(`nothing moves any more after ${now - START} ms`);
    now = Math.min(...times);
    if (now > START + PATIENCE_MS) throw new Error("it is not over after half an hour");
  }

  channel.receive(channelClosed("bye"), now);
  listen();
  const expected = {
    shown: prints.map(({ text }) => text).join(""),
    typed: types.map(({ text }) => text).join(""),
  };
  const whole = shown === expected.shown && agent.typed === expected.typed && acked === position;
  const begun = expected.shown.startsWith(shown) && expected.typed.startsWith(agent.typed);
  if (hasty ? !begun : !whole)
    throw new Error(`shown: ${JSON.stringify({ shown, typed: agent.typed, acked })}`);
  if (ended !== "bye") throw new Error("the end was not reported");
  const unexpected = trouble.filter(
    (why) => !why.includes("its digest does not match") || scene.down.corrupt === 0,
  );
  const mayLose = hasty && shown !== expected.shown;
  if (unexpected.some((why) => !mayLose || !why.startsWith("Output was lost")))
    throw new Error(unexpected.join(" "));
  return { sent: everSent.size, repeats };
}
