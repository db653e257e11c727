import { once } from "node:events";
import type { SessionTicket } from "../../src/aws/ecs.ts";
import { Failure } from "../../src/errors.ts";
import type { Session, SessionOptions } from "../../src/session/session.ts";
import { ack, channelClosed, output, text } from "./channel/frames.ts";
import { backOff, steadyJitter } from "../helpers/back-off.ts";
import { Gateway } from "../helpers/gateway.ts";
import { Listener } from "../helpers/listener.ts";
import { later, open, readAll, startGateway, stopAll } from "../helpers/session-rig.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { inTime } from "../helpers/until.ts";

steadyJitter();
afterEach(stopAll);

interface Scene {
  readonly gateway: Gateway;
  readonly clock: SteppedClock;
  readonly log: Listener;
  readonly session: Session;
}

async function scene(more: Partial<SessionOptions> = {}): Promise<Scene> {
  const [gateway, clock, log] = [await startGateway(), new SteppedClock(), new Listener()];
  const session = await open(gateway, { clock, log, ...more });
  return { gateway, clock, log, session };
}

/** Lets time pass in small steps until the condition holds, however many sleepers there are. */
async function advanceUntil(clock: SteppedClock, isSo: () => boolean): Promise<void> {
  const end = clock.now() + 3_600_000;
  while (!isSo()) {
    if (clock.now() > end) throw new Error(`an hour of the clock went by without ${String(isSo)}`);
    clock.advance(100);
    await new Promise(setImmediate);
  }
}

/** Resolves when the client has heard what the gateway said before. */
async function untilHeard(gateway: Gateway): Promise<void> {
  const { client } = gateway;
  if (client === undefined) throw new Error("the gateway has no client");
  client.ping();
  await inTime("the client's pong", once(client, "pong"));
}

/** Cuts the connection, and lets the session make the next one, which holds. */
async function cutAndMend({ gateway, clock, log }: Scene): Promise<void> {
  log.lines.length = 0;
  gateway.client?.terminate();
  await backOff(clock, 1);
  // An agent that has opened the session shows at once that it is there.
  if (!gateway.acknowledging) await clock.pass(1_000);
  await log.until(/connected again/);
}

const tickets = (...given: (Partial<SessionTicket> | undefined | Error)[]) => {
  const asked = { count: 0 };
  const resume = (): Promise<SessionTicket | undefined> => {
    const next = given[asked.count++ % given.length];
    if (next instanceof Error) return Promise.reject(next);
    return Promise.resolve(
      next && { sessionId: "ecs-execute-command-1", streamUrl: "", token: "renewed", ...next },
    );
  };
  return { asked, resume };
};

/** Makes the gateway close a connection with one of these tokens, as if it did not know it. */
const refuseTokens = (gateway: Gateway, ...refused: string[]): void => {
  gateway.onOpening = (token, client) => {
    if (refused.includes(token)) client.close(1008, "token expired");
  };
};

describe("a session whose connection is cut", () => {
  it("goes on over a new connection with the same token, signed anew, and logs the cut and its end", async () => {
    const cut = await scene();
    const { gateway, clock, log, session } = cut;
    gateway.client?.terminate();
    await backOff(clock, 1);
    await clock.pass(1_000);
    await log.until(/connected again/);
    expect(log.lines).toEqual([
      "Session 'ecs-execute-command-1' was cut (the connection was closed with code 1006); connecting again.",
      "Session 'ecs-execute-command-1' was cut (the connection was closed with code 1006); connected again after 1.1 s.",
    ]);
    expect(session.cuts).toBe(1);
    expect(gateway.tokens).toEqual(["s3cret", "s3cret"]);
    const ids = gateway.text.map((each) => (JSON.parse(each) as { ClientId: string }).ClientId);
    expect(ids[1]).toBe(ids[0]);
    const signatures = gateway.requests.map(({ headers }) => headers.authorization);
    expect(signatures[1]).toMatch(/^AWS4-HMAC-SHA256 /);
    gateway.send(channelClosed(""));
    expect(await session.ended).toEqual({ kind: "closed", text: undefined });
  });

  it("loses and doubles no output: what the agent repeats is acknowledged, and shown once", async () => {
    const cut = await scene();
    const { gateway, session } = cut;
    gateway.acknowledging = true;
    const reading = readAll(session);
    gateway.send(output(0, "a"), output(2, "c"));
    await gateway.until(() => gateway.acks.length === 2);
    await cutAndMend(cut);
    gateway.send(output(0, "a"), output(1, "b"), output(3, "d"));
    await gateway.until(() => gateway.acks.length === 5);
    gateway.send(channelClosed(""));
    expect(await reading).toBe("abcd");
  });

  it("loses and doubles no input, not even what is sent while there is no connection", async () => {
    const cut = await scene();
    const { gateway, clock, log, session } = cut;
    gateway.send(output(0, "$"));
    await gateway.until(() => gateway.inputs.length === 1);
    const before = session.send(Buffer.from("before "));
    await gateway.until(() => gateway.inputs.length === 2);
    gateway.send(ack(0));
    const [, first] = gateway.inputs;
    gateway.client?.terminate();
    await log.until(/was cut/);
    const during = session.send(Buffer.from("during"));
    await backOff(clock, 1);
    // The terminal's size shows that the connection leads to the agent. The rest goes once that is acknowledged.
    await gateway.until(() => gateway.text.length === 2 && gateway.inputs.length === 3);
    expect(text(gateway.inputs[2]?.payload)).toBe('{"cols":300,"rows":100}');
    gateway.send(ack(3));
    await gateway.until(() => gateway.inputs.length >= 5);
    const again = gateway.inputs.slice(3);
    expect(again[0]).toEqual(first);
    expect(again.map(({ payload }) => text(payload)).slice(0, 2)).toEqual(["before ", "during"]);
    expect(again.map(({ sequenceNumber }) => sequenceNumber).slice(0, 2)).toEqual([1, 2]);
    gateway.send(ack(1), ack(2));
    await Promise.all([before, during]);
  });

  it("shows its output whole after a cut at every frame", async () => {
    const cut = await scene();
    const { gateway, session } = cut;
    gateway.acknowledging = true;
    const reading = readAll(session);
    const lines = Array.from({ length: 25 }, (_none, index) => `line ${index}\n`);
    for (const index of lines.keys()) {
      const from = Math.max(0, index - 1);
      gateway.send(...lines.slice(from, index + 1).map((line, offset) => output(from + offset, line)));
      await gateway.until(() =>
        gateway.acks.some(({ payload }) => text(payload).includes(`SequenceNumber":${index},`)),
      );
      await cutAndMend(cut);
    }
    gateway.send(channelClosed(""));
    expect(await reading).toBe(lines.join(""));
    expect(gateway.text).toHaveLength(26);
  });

  it("connects again after a close by the gateway that does not end the session", async () => {
    const { gateway, clock, log } = await scene();
    gateway.client?.close(1001, "going away");
    await log.until(/was cut \(the connection was closed with code 1001: going away\)/);
    await backOff(clock, 1);
    await clock.pass(1_000);
    await log.until(/connected again/);
  });

  it("counts its five tries anew after each cut", async () => {
    const cut = await scene();
    for (let count = 0; count < 8; count++) await cutAndMend(cut);
    expect(cut.gateway.text).toHaveLength(9);
  });

  it("counts as connected as soon as the agent is heard, without waiting", async () => {
    const { gateway, clock, log } = await scene();
    gateway.onOpening = (_token, client) => client.send(output(0, "here"));
    gateway.client?.terminate();
    await backOff(clock, 1);
    await log.until(/connected again after 0\.[12] s/);
  });

  it("ends as detached when it is closed before it is mended, and tries no more", async () => {
    const { gateway, clock, log, session } = await scene();
    gateway.client?.terminate();
    await log.until(/was cut/);
    await session.close();
    expect(await session.ended).toEqual({ kind: "closed-here" });
    clock.advance(60_000);
    await new Promise(setImmediate);
    expect(gateway.requests).toHaveLength(1);
  });
});

describe("a session whose token is not taken any more", () => {
  it("asks ResumeSession for a new one at once, uses it with the URL that came with it, and stays there", async () => {
    const moved = await startGateway();
    const { asked, resume } = tickets({ streamUrl: moved.url }, new Error("timeout"));
    const { gateway, clock, log } = await scene({ resume });
    gateway.client?.terminate();
    await backOff(clock, 1);
    await moved.untilOpen();
    await clock.pass(1_000);
    await log.until(/connected again/);
    expect(asked.count).toBe(1);
    moved.client?.terminate();
    await backOff(clock, 1);
    await moved.until(() => moved.text.length === 2);
    expect(moved.tokens).toEqual(["renewed", "renewed"]);
    expect(gateway.requests).toHaveLength(1);
  });

  it("uses the new token with the old URL when the new URL refuses it, and the old token at last", async () => {
    const moved = await startGateway();
    const { asked, resume } = tickets({ streamUrl: moved.url });
    const { gateway, clock, log } = await scene({ resume });
    moved.refusing = () => 410;
    refuseTokens(gateway, "renewed");
    gateway.client?.terminate();
    for (const nth of [1, 2, 3]) await backOff(clock, nth);
    await gateway.until(() => gateway.text.length === 3);
    await clock.pass(1_000);
    await log.until(/connected again/);
    expect(moved.requests).toHaveLength(1);
    expect(gateway.tokens).toEqual(["s3cret", "renewed", "s3cret"]);
    expect(asked.count).toBe(1);
  });

  it("hands neither token nor signature to a new URL that leads elsewhere", async () => {
    const elsewhere = await Gateway.start();
    later(() => elsewhere.stop());
    const { resume } = tickets({ streamUrl: elsewhere.url });
    const { gateway, clock, log } = await scene({ resume });
    gateway.client?.terminate();
    await backOff(clock, 1);
    await gateway.until(() => gateway.text.length === 2);
    await clock.pass(1_000);
    await log.until(/connected again/);
    expect(gateway.tokens).toEqual(["s3cret", "renewed"]);
    expect(elsewhere.requests).toEqual([]);
    expect(log.lines[1]).toMatch(/^The new URL of session \S+ is not used: ws:\S+ is not Session Manager's/);
  });

  it("ends at once when ResumeSession has no token", async () => {
    const { asked, resume } = tickets(undefined);
    const { gateway, clock, session } = await scene({ resume });
    refuseTokens(gateway, "s3cret");
    gateway.client?.terminate();
    await backOff(clock, 1);
    await backOff(clock, 2);
    expect(await session.ended).toMatchObject({
      kind: "lost",
      why:
        "the connection was closed with code 1006, and for 0.5 s no other could be made: " +
        "with the same token: opened, but was closed with code 1008: token expired; " +
        "ssm:ResumeSession: the session is over",
    });
    expect(asked.count).toBe(1);
  });

  it("says once that ResumeSession is denied, and goes on trying with the old token", async () => {
    const denied = new Failure("access-denied", {
      failed: "Access denied: no right to ssm:ResumeSession.",
      seen: "AccessDeniedException: not authorized",
      advice: "",
    });
    const { asked, resume } = tickets(denied);
    const { gateway, clock, log, session } = await scene({ resume });
    refuseTokens(gateway, "s3cret");
    gateway.client?.terminate();
    for (const nth of [1, 2, 3, 4, 5]) await backOff(clock, nth);
    expect(await session.ended).toMatchObject({
      kind: "lost",
      why: expect.stringMatching(
        /with the same token: opened, but was closed with code 1008: token expired \(5 times\); Access denied: .*ssm:ResumeSession/,
      ) as string,
    });
    expect(asked.count).toBe(1);
    expect(gateway.tokens).toEqual(Array(6).fill("s3cret"));
    expect(log.lines.filter((line) => line.includes("ssm:ResumeSession"))).toEqual([
      expect.stringMatching(/'ssm:ResumeSession' is denied .* Allow it on .*AccessDeniedException/),
    ]);
  });

  it("asks again when ResumeSession failed for another reason", async () => {
    const { asked, resume } = tickets(new Error("timeout"), { token: "renewed" });
    const { gateway, clock, log } = await scene({ resume });
    refuseTokens(gateway, "s3cret");
    gateway.client?.terminate();
    for (const nth of [1, 2]) await backOff(clock, nth);
    await gateway.until(() => gateway.text.length === 3);
    await clock.pass(1_000);
    await log.until(/connected again/);
    expect(gateway.tokens.slice(1)).toEqual(["s3cret", "renewed"]);
    expect(asked.count).toBe(2);
  });
});

describe("a session that cannot be mended", () => {
  it("ends after five tries when no server listens any more", async () => {
    const { gateway, clock, session } = await scene();
    const started = clock.now();
    await gateway.stop();
    for (const nth of [1, 2, 3, 4, 5]) await backOff(clock, nth);
    expect(await session.ended).toMatchObject({
      kind: "lost",
      why: expect.stringMatching(/ECONNREFUSED .*\(5 times\)$/) as string,
    });
    expect(clock.now() - started).toBeLessThanOrEqual(15_000);
  });

  it("counts a try without an answer to its upgrade as failed, and ends after 15 s", async () => {
    const { gateway, clock, session } = await scene();
    const started = clock.now();
    gateway.silent = true;
    gateway.client?.terminate();
    for (const nth of [1, 2, 3]) {
      await backOff(clock, nth);
      await gateway.until(() => gateway.requests.length === 1 + nth);
      await clock.pass(2_000, 5_000);
    }
    const why = /no answer within 5 s \(2 times\); with the same token: no answer within 4 s$/;
    expect(await session.ended).toMatchObject({ why: expect.stringMatching(why) as string });
    expect(clock.now() - started).toBeLessThanOrEqual(15_000);
  });

  it("counts a try whose socket opens and stays dead as failed, and ends after 15 s", async () => {
    const { gateway, clock, session } = await scene();
    const started = clock.now();
    gateway.deaf = true;
    gateway.client?.terminate();
    for (const nth of [1, 2]) {
      await backOff(clock, nth);
      await clock.pass(1_000);
      // A ping is due a second before the try is over.
      await clock.pass(3_000);
      await clock.pass(1_000);
    }
    await backOff(clock, 3);
    await clock.pass(1_000);
    await clock.pass(2_000, 2_900);
    const why = /with the same token: opened, but nothing came back \(3 times\)$/;
    expect(await session.ended).toMatchObject({ why: expect.stringMatching(why) as string });
    expect(clock.now() - started).toBeLessThanOrEqual(15_000);
  });

  it("waits 3 s for ResumeSession, then tries the token that it holds", async () => {
    const { gateway, clock, log } = await scene({ resume: () => new Promise(() => undefined) });
    gateway.client?.terminate();
    await backOff(clock, 1);
    await clock.pass(3_000);
    await gateway.until(() => gateway.text.length === 2);
    await clock.pass(1_000);
    await log.until(/connected again after 4\.\d s/);
    expect(gateway.tokens).toEqual(["s3cret", "s3cret"]);
  });
});

describe("a session whose agent has opened it", () => {
  /** A scene whose agent has spoken, and has acknowledged the terminal's size. */
  async function sceneWithAgent(more: Partial<SessionOptions> = {}): Promise<Scene> {
    const opened = await scene(more);
    const { gateway } = opened;
    gateway.send(output(0, "$"));
    await gateway.until(() => gateway.inputs.length === 1);
    gateway.send(ack(0));
    await untilHeard(gateway);
    return opened;
  }

  it("is connected again once the agent has acknowledged something that was sent on the new connection", async () => {
    const { gateway, clock, log } = await sceneWithAgent();
    gateway.client?.terminate();
    await backOff(clock, 1);
    await gateway.until(() => gateway.inputs.length === 2);
    expect(text(gateway.inputs[1]?.payload)).toBe('{"cols":300,"rows":100}');
    gateway.send(output(1, "an answer that was on its way"), ack(0));
    await untilHeard(gateway);
    expect(log.lines.at(-1)).toMatch(/connecting again/);
    gateway.send(ack(1));
    await log.until(/connected again/);
  });

  it("gives up a socket on which the agent acknowledges nothing within 5 s, though the gateway answers pings", async () => {
    const moved = await startGateway();
    const { resume } = tickets({ streamUrl: moved.url });
    const { gateway, clock, log, session } = await sceneWithAgent({ resume });
    const [started, typed] = [clock.now(), session.send(Buffer.from("typed"))];
    await gateway.until(() => gateway.inputs.length === 2);
    gateway.client?.terminate();
    await backOff(clock, 1);
    await moved.until(() => moved.inputs.length >= 1);
    await clock.pass(5_000);
    gateway.acknowledging = true;
    await advanceUntil(clock, () => gateway.requests.length === 2);
    await log.until(/connected again/);
    await typed;
    expect(clock.now() - started).toBeLessThan(6_000);
  });

  it("is cut when the agent acknowledges no input for 15 s, though the gateway answers pings", async () => {
    const { gateway, clock, log, session } = await sceneWithAgent();
    const typed = session.send(Buffer.from("typed"));
    await gateway.until(() => gateway.inputs.length === 2);
    await advanceUntil(clock, () => log.lines.length > 0);
    expect(log.lines[0]).toMatch(
      /was cut \(the connection broke: the agent acknowledged no input for 15 s\)/,
    );
    gateway.acknowledging = true;
    await advanceUntil(clock, () => gateway.requests.length === 2);
    await typed;
    await log.until(/connected again/);
  });
});

/** How long after the ping of this number the next one comes: the first ones come sooner. */
const pingAfter = (count: number): number => (count <= 4 ? 4_000 : 25_000);

describe("a connection that died without a word", () => {
  it("is given up when two pings were not answered, and made again", async () => {
    const { gateway, clock, log } = await scene();
    await gateway.until(() => gateway.pings.length === 1);
    await untilHeard(gateway);
    gateway.client?.pause();
    for (let count = 1; count <= 3; count += 1) await clock.pass(pingAfter(count));
    await log.until(
      /was cut \(the connection broke: nothing was heard for 8 s, not even an answer to a ping\)/,
    );
    await backOff(clock, 1);
    await clock.pass(1_000);
    await log.until(/connected again/);
  });

  it("is not assumed while a command is silent, since the gateway itself answers pings", async () => {
    const { gateway, clock, log } = await scene();
    for (let count = 1; count <= 10; count++) {
      await gateway.until(() => gateway.pings.length === count);
      await untilHeard(gateway);
      await clock.pass(pingAfter(count));
    }
    expect(log.lines).toEqual([]);
  });

  it("is not assumed while back-pressure keeps the agent waiting", async () => {
    const { gateway, clock, log, session } = await scene();
    const chunk = "x".repeat(64 * 1024);
    for (let index = 0; index < 512; index++) gateway.send(output(index, chunk));
    await gateway.until(() => gateway.acks.length >= 16);
    for (let count = 1; count <= 10; count++) await clock.pass(pingAfter(count));
    expect(log.lines).toEqual([]);
    const reading = readAll(session);
    await gateway.until(() => gateway.acks.length === 512);
    gateway.send(channelClosed(""));
    expect((await reading).length).toBe(512 * chunk.length);
  });
});
