import type { SessionTicket } from "../../../src/aws/ecs.ts";
import { Connection, type ConnectionOptions } from "../../../src/session/transport/connection.ts";
import { ConnectionError } from "../../../src/session/transport/socket.ts";
import { backOff, steadyJitter } from "../../helpers/back-off.ts";
import type { Gateway } from "../../helpers/gateway.ts";
import { Listener } from "../../helpers/listener.ts";
import { AWS, later, startGateway, stopAll } from "../../helpers/session-rig.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { Changes } from "../../helpers/until.ts";

steadyJitter();
afterEach(stopAll);

/** A connection to a test gateway. No session uses it, and the test steps its clock. */
class ConnectionRig {
  readonly clock = new SteppedClock();
  readonly log = new Listener();
  readonly ending = new AbortController();
  /** The tokens with which the channel was opened, one for each socket. */
  readonly tokens: string[] = [];
  readonly frames: string[] = [];
  gone: { readonly why: string; readonly cause: unknown } | undefined;
  readonly gateway: Gateway;
  readonly connection: Connection;
  readonly #changes = new Changes();

  constructor(gateway: Gateway, more: Partial<ConnectionOptions> = {}) {
    this.gateway = gateway;
    const ticket: SessionTicket = { sessionId: "s-1", streamUrl: gateway.url, token: "first" };
    this.connection = new Connection({
      ...{
        ticket,
        aws: AWS,
        log: this.log,
        clock: this.clock,
        signal: this.ending.signal,
        resume: undefined,
      },
      onFrame: (frame) => this.#change(() => this.frames.push(Buffer.from(frame as Uint8Array).toString())),
      onOpen: (token) => {
        this.connection.send(JSON.stringify({ TokenValue: token }));
        this.#change(() => this.tokens.push(token));
        return "none-yet";
      },
      onGone: (why, cause) => this.#change(() => (this.gone = { why, cause })),
      ...more,
    });
    later(async () => {
      this.ending.abort();
      await this.connection.close();
    });
  }

  async open(): Promise<void> {
    await this.connection.open(this.ending.signal);
    await this.gateway.untilOpen();
  }

  async until(isSo: () => boolean): Promise<void> {
    await this.#changes.until(isSo, () => `opened with ${this.tokens.join()}; ${this.log.lines.join("\n")}`);
  }

  #change(make: () => unknown): void {
    make();
    this.#changes.notify();
  }
}

const openRig = async (more: Partial<ConnectionOptions> = {}): Promise<ConnectionRig> => {
  const rig = new ConnectionRig(await startGateway(), more);
  await rig.open();
  return rig;
};

it("a connection opens a socket, and carries frames both ways", async () => {
  const rig = await openRig();
  rig.gateway.client?.send(Buffer.from("hello"));
  await rig.until(() => rig.frames.length > 0);
  expect([rig.gateway.tokens, rig.frames]).toEqual([["first"], ["hello"]]);
});

it("a connection takes a new token of ResumeSession for the next socket", async () => {
  const resume = () => Promise.resolve({ sessionId: "s-1", streamUrl: undefined, token: "second" });
  const rig = await openRig({ resume });
  rig.gateway.client?.terminate();
  await backOff(rig.clock, 1);
  await rig.until(() => rig.tokens.length === 2);
  expect(rig.tokens).toEqual(["first", "second"]);
});

it("a connection gives up after five refusals, and says what they were", async () => {
  const rig = await openRig();
  rig.gateway.refusing = () => 500;
  rig.gateway.client?.terminate();
  for (let nth = 1; nth <= 5; nth++) await backOff(rig.clock, nth);
  await rig.until(() => rig.gone !== undefined);
  expect(rig.gone?.why).toMatch(/for 9\.7 s no other could be made: .*HTTP 500: no! \(5 times\)$/);
  expect(rig.gateway.requests).toHaveLength(6);
});

it("a connection calls nothing back after an abort", async () => {
  const rig = await openRig();
  rig.gateway.client?.terminate();
  await rig.log.until(/connecting again/);
  rig.ending.abort();
  rig.clock.advance(60_000);
  await new Promise(setImmediate);
  expect([rig.tokens, rig.gone]).toEqual([["first"], undefined]);
});

it("a connection names the answer when the first socket is refused", async () => {
  const gateway = await startGateway();
  gateway.refusing = () => 404;
  await expect(new ConnectionRig(gateway).open()).rejects.toMatchObject({
    code: "session-refused",
    seen: expect.stringContaining("HTTP 404") as string,
  });
});

/** Node's error for a socket that can't be opened. */
const unreachable = (code: string): ConnectionError =>
  new ConnectionError(`connect ${code}`, undefined, Object.assign(new Error(), { code }));

/** A connection whose first sockets fail by these, and the times at which sockets were tried. */
async function startUnreachable(errors: readonly ConnectionError[], more: Partial<ConnectionOptions> = {}) {
  const tries: number[] = [];
  const openSocket: typeof AWS.openSocket = (...request) => {
    tries.push(rig.clock.now());
    const error = errors[tries.length - 1];
    return error === undefined ? AWS.openSocket(...request) : Promise.reject(error);
  };
  const rig = new ConnectionRig(await startGateway(), { aws: { ...AWS, openSocket }, ...more });
  return { rig, tries };
}

describe("the first socket of a connection", () => {
  it.each(["ECONNREFUSED", "ECONNRESET", "EAI_AGAIN", "EHOSTUNREACH"])(
    "is tried again after %s, and the log says so once",
    async (code) => {
      const { rig, tries } = await startUnreachable([unreachable(code), unreachable(code)]);
      const opened = rig.open();
      await backOff(rig.clock, 1);
      await backOff(rig.clock, 2);
      await opened;
      expect([tries.length, rig.tokens]).toEqual([3, ["first"]]);
      expect(rig.log.lines).toEqual([
        `Session 's-1' has no connection yet (connect ${code}); connecting again.`,
      ]);
    },
  );

  it("is given up after six tries within ten seconds", async () => {
    const { rig, tries } = await startUnreachable(
      Array.from({ length: 9 }, () => unreachable("ECONNREFUSED")),
    );
    const opened = rig.open();
    const failed = expect(opened).rejects.toMatchObject({
      code: "session-lost",
      seen: expect.stringContaining("ECONNREFUSED") as string,
    });
    for (let nth = 1; nth <= 5; nth++) await backOff(rig.clock, nth);
    await failed;
    expect(tries.map((at) => at - (tries[0] ?? 0))).toEqual([0, 150, 525, 1_462.5, 3_806.25, 9_665.625]);
  });

  it.each([
    // Once more without a signature.
    ["HTTP 403", new ConnectionError("HTTP 403", 403), 2],
    ["a name that nobody has", unreachable("ENOTFOUND"), 1],
    ["a certificate that is not trusted", unreachable("CERT_HAS_EXPIRED"), 1],
  ] as const)("is not tried again after an answer that stays: %s", async (_, error, count) => {
    const { rig, tries } = await startUnreachable([error, error]);
    await expect(rig.open()).rejects.toMatchObject({ name: "Failure" });
    expect(tries).toHaveLength(count);
  });

  it("is not tried again once the run is cancelled, so that its end does not wait for that", async () => {
    const cancel = new AbortController();
    const { rig, tries } = await startUnreachable([unreachable("ECONNREFUSED")], { cancel: cancel.signal });
    const opened = rig.open();
    await rig.log.until(/connecting again/);
    cancel.abort(new Error("cancelled"));
    await expect(opened).rejects.toThrow("cancelled");
    expect(tries).toHaveLength(1);
  });

  it("is not tried again after an abort", async () => {
    const { rig, tries } = await startUnreachable([unreachable("ECONNREFUSED")]);
    const opened = rig.open();
    await rig.log.until(/connecting again/);
    rig.ending.abort(new Error("cancelled"));
    await expect(opened).rejects.toThrow("cancelled");
    expect(tries).toHaveLength(1);
  });
});
