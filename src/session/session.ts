import type { SessionTicket } from "../aws/ecs.ts";
import type { ResumedSession } from "../aws/ssm.ts";
import { Channel } from "./channel/channel.ts";
import { EncryptionMismatch, type SessionIdentity } from "./channel/handshake.ts";
import { describeFrame } from "./wire/message.ts";
import type { ChannelEvent, DataKey, DataKeyRequest, Frame } from "./channel/types.ts";
import { clipText } from "../values.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { Alarm } from "./alarm.ts";
import { ByteQueue } from "./byte-queue.ts";
import { Connection } from "./transport/connection.ts";
import type { SessionEnd } from "./end.ts";
import { InputReceipts } from "./input-receipts.ts";
import type { GatewayAccess } from "./transport/dial.ts";
import { encryptionMismatch, sessionLost } from "./transport/failures.ts";
import { limitsAlone, MOST_WAITING_BYTES, type SessionLimits } from "./session-limits.ts";
import type { MemoryShare } from "../shared-memory.ts";
import { SetUp } from "./set-up.ts";

/** What session-manager-plugin reports when its output is no terminal. */
const SIZE = { cols: 300, rows: 100 } as const;
/** Events that need the agent: the gateway alone can't cause them. */
const OF_THE_AGENT: ReadonlySet<ChannelEvent["kind"]> = new Set([
  "output",
  "acked",
  "data-key-wanted",
  "handshake-complete",
]);

export interface Session {
  readonly sessionId: string;
  /**
   * What the command's terminal shows, for one reader. Finishes when the session has ended, in whatever way.
   * Back-pressure: the agent can't send while more waits than the limits allow and no input is unacknowledged.
   */
  readonly output: AsyncIterable<Uint8Array>;
  /** Bytes of that output which the agent has sent so far. */
  readonly received: number;
  /** True once the agent has sent anything, which shows that it has opened the session. */
  readonly heard: boolean;
  /** True once the handshake is complete. The agent runs the command after it. */
  readonly isSetUp: boolean;
  /** How many cuts of its connection the session has outlived. */
  readonly cuts: number;
  /** Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Resolves once the agent has all these bytes. Rejects with `session-lost` when the session ends before. */
  send(bytes: Uint8Array): Promise<void>;
  resize(cols: number, rows: number): void;
  /** Closes the session on this side; its command runs on. Resolves when the socket is closed. */
  close(): Promise<void>;
}

/** The ticket of ExecuteCommand, whose URL is used byte for byte, and how to use it. */
export interface SessionOptions extends SessionTicket, SessionIdentity {
  readonly aws: GatewayAccess;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** After an abort a connection that could not be made at first is not tried again. The session itself goes on. */
  readonly cancel?: AbortSignal | undefined;
  /** Asks SSM ResumeSession for a new token after a cut. Resolves with undefined for a session that is over. */
  readonly resume?: (() => Promise<ResumedSession | undefined>) | undefined;
  /** Asks KMS for the data key of an encrypted session. Without this function such a session is refused. */
  readonly requestDataKey?: ((wanted: DataKeyRequest) => Promise<DataKey>) | undefined;
  /** By default those of a session that is alone. */
  readonly limits?: SessionLimits | undefined;
  /** Called with a line for each frame, in and out. */
  readonly trace?: ((line: string) => void) | undefined;
}

/**
 * Connects to the session that ExecuteCommand made. When a connection is cut, the session goes on over a new one, and
 * neither output nor input is lost or doubled by that. Rejects with `session-refused` when the gateway answers with
 * anything but an upgrade, `session-lost` when there is no connection to it within 30 s, or the reason of a signal.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const session = new DataSession(options);
  await session.connect();
  return session;
}

/** Drives a channel: by a connection for its frames, and by the clock for its deadlines. */
class DataSession implements Session {
  readonly sessionId: string;
  readonly output: ByteQueue;
  received = 0;
  heard = false;
  readonly ended: Promise<SessionEnd>;
  readonly #options: SessionOptions;
  readonly #limits: SessionLimits;
  readonly #memory: MemoryShare;
  readonly #channel: Channel;
  readonly #alarm: Alarm;
  readonly #over = new AbortController();
  #settleEnded: (end: SessionEnd) => void = () => undefined;
  readonly #connection: Connection;
  readonly #setUp: SetUp;
  readonly #receipts = new InputReceipts((done, total) => this.#options.log.progress?.(done, total));
  #paused = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.sessionId = options.sessionId;
    this.#limits = options.limits ?? limitsAlone();
    this.#memory = this.#limits.memory.share(() => this.#giveUp());
    this.#channel = new Channel(options, options.clock.random, this.#limits.ahead);
    this.#alarm = new Alarm(options.clock, () => this.#tick());
    this.output = new ByteQueue(() => this.#regulate());
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
    const { aws, log, clock, resume, requestDataKey, streamUrl, token } = options;
    this.#setUp = new SetUp({
      ...{ clock, over: this.#over.signal, requestDataKey },
      answer: (key) => this.#answerKey(key),
      fail: (end) => this.#finish(end),
    });
    this.#connection = new Connection({
      ...{ aws, log, clock, resume, ticket: { sessionId: this.sessionId, streamUrl, token } },
      ...{ signal: this.#over.signal, cancel: options.cancel },
      onOpen: (current) => {
        const probing = this.#channel.open(this.#now(), current);
        this.#step();
        return probing ? "acknowledgement" : "none-yet";
      },
      onFrame: (frame) => this.#receive(frame),
      onGone: (why, cause) => this.#finish({ kind: "lost", why, cause }),
    });
  }

  get isSetUp(): boolean {
    return this.#setUp.isComplete;
  }

  get cuts(): number {
    return this.#connection.mended;
  }

  async connect(): Promise<void> {
    const { signal } = this.#options;
    await this.#connection.open(signal ?? this.#over.signal);
    this.resize(SIZE.cols, SIZE.rows);
    const close = (): void => void this.close();
    signal?.addEventListener("abort", close, { once: true });
    void this.ended.then(() => signal?.removeEventListener("abort", close));
    if (signal?.aborted) close();
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#over.signal.aborted) return Promise.reject(this.#notDelivered());
    const position = this.#channel.send(bytes, this.#now());
    const delivered = this.#receipts.until(position);
    this.#step();
    return delivered;
  }

  resize(cols: number, rows: number): void {
    this.#channel.resize(cols, rows, this.#now());
    this.#step();
  }

  async close(): Promise<void> {
    this.#finish({ kind: "closed-here" });
    await this.#connection.close();
  }

  #receive(frame: Frame): void {
    this.#options.trace?.(`< ${describeFrame(frame)}`);
    this.#channel.receive(frame, this.#now());
    this.#step();
  }

  #tick(): void {
    this.#channel.tick(this.#now());
    this.#step();
  }

  /** To be called after every call of the channel: sends its frames, handles its events, sets the alarm. */
  #step(): void {
    for (const frame of this.#channel.takeFrames()) {
      this.#options.trace?.(`> ${describeFrame(frame)}`);
      this.#connection.send(frame);
    }
    for (const event of this.#channel.takeEvents()) this.#handle(event);
    if (this.#over.signal.aborted) return;
    if (this.#channel.isHandshakeAnswered) this.#setUp.limit();
    this.#regulate();
    this.#alarm.set(this.#channel.deadline());
  }

  #handle(event: ChannelEvent): void {
    const { log } = this.#options;
    this.heard ||= OF_THE_AGENT.has(event.kind);
    switch (event.kind) {
      case "output":
        this.received += event.bytes.length;
        this.output.push(event.bytes);
        if (this.output.size > MOST_WAITING_BYTES) this.#giveUp();
        break;
      case "reached":
        this.#connection.acknowledged();
        break;
      case "stalled":
        // A paused session reads no acknowledgements.
        if (!this.#paused)
          this.#connection.abandon(`the agent acknowledged no input for ${Math.round(event.ms / 1000)} s`);
        break;
      case "acked":
        this.#receipts.reached(event.position);
        break;
      case "data-key-wanted":
        void this.#setUp.fetchDataKey(event);
        break;
      case "closed":
        this.#finish(this.#setUp.refusal ?? { kind: "closed", text: event.text && clipText(event.text) });
        break;
      case "failed":
        this.#finish({ kind: "lost", why: event.why, cause: this.#causeOf(event) });
        break;
      case "handshake-complete":
        this.#setUp.complete();
        log.debug(
          [`Session '${this.sessionId}' is set up.`, event.customerMessage].filter(Boolean).join(" "),
        );
        break;
      case "paused":
      case "resumed":
        log.debug(`Session '${this.sessionId}' was ${event.kind} by the gateway.`);
        break;
      case "note":
        log.debug(event.text);
        break;
      case "problem":
        log.debug(`Session '${this.sessionId}': ${event.why}`);
        break;
    }
  }

  #causeOf({ why, cause }: Extract<ChannelEvent, { kind: "failed" }>): unknown {
    return cause instanceof EncryptionMismatch ? encryptionMismatch(this.sessionId, why, cause) : cause;
  }

  #answerKey(key: DataKey | undefined): void {
    if (key !== undefined) this.#channel.provideDataKey(key, this.#now());
    else this.#channel.refuseDataKey("The client has no data key.", this.#now());
    this.#step();
  }

  #finish(end: SessionEnd): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#alarm.stop();
    this.#memory.close();
    this.output.end();
    this.#receipts.fail(this.#notDelivered());
    this.#settleEnded(end);
    void this.#connection.close();
  }

  /** Another session goes on at the last byte that was read. */
  #giveUp(): void {
    this.output.drop();
    this.#finish({ kind: "lost", why: "the agent sends without end and acknowledges nothing" });
  }

  /** Back-pressure, except while input is unacknowledged: a caller that waits for `send` may read only after it. */
  #regulate(): void {
    if (this.#over.signal.aborted) return;
    this.#memory.hold(this.output.size);
    const paused = this.output.size > this.#limits.unread && !this.#receipts.hasPending;
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (!paused) this.#channel.excuse(this.#now());
    this.#connection.pause(paused);
  }

  #notDelivered(): Error {
    return sessionLost(this.sessionId, "It ended before the agent had acknowledged the input.");
  }

  #now(): number {
    return this.#options.clock.now();
  }
}
