import type { AwsClients } from "../aws/clients.ts";
import type { SessionTicket } from "../aws/ecs.ts";
import { Channel } from "../channel/channel.ts";
import { describeFrame } from "../channel/message.ts";
import type { ChannelEvent, DataKey, DataKeyWanted, Frame } from "../channel/types.ts";
import type { Clock } from "../clock.ts";
import { sessionLost, sessionNotOpened } from "../errors.ts";
import type { Log } from "../log.ts";
import { Alarm } from "./alarm.ts";
import { ByteQueue } from "./byte-queue.ts";
import { Deliveries } from "./deliveries.ts";
import { signUpgrade } from "./sign.ts";
import type { Socket } from "./socket.ts";
import { connect, NotConnected } from "./socket.ts";

/** What session-manager-plugin reports when its output is no terminal. */
const SIZE = { cols: 300, rows: 100 } as const;
/** Output that may wait for its reader before the agent has to. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** For the agent to close a session whose data key we could not get. */
const REFUSAL_MS = 2_000;

export type SessionEnd =
  /** The other side ended it; `text` is its reason, empty after a normal end. */
  | { readonly kind: "closed"; readonly text: string }
  /** It can't go on: the connection or the protocol failed. The command may still run. */
  | { readonly kind: "lost"; readonly why: string; readonly cause?: unknown }
  /** We left, by `close` or the signal. The command may still run. */
  | { readonly kind: "left" };

export interface Session {
  readonly sessionId: string;
  /**
   * What the command's terminal shows, for one reader. Finishes when the session has ended, however that was. While
   * more than 1 MiB waits, and no input waits for its acknowledgement, the agent is kept from sending.
   */
  readonly output: AsyncIterable<Uint8Array>;
  /** Never rejects. */
  readonly ended: Promise<SessionEnd>;
  /** Resolves once the agent has all these bytes. Rejects with `session-lost` when the session ends before. */
  send(bytes: Uint8Array): Promise<void>;
  resize(cols: number, rows: number): void;
  /** Leaves the session, which ends nothing in the container; resolves when the socket is closed. */
  close(): Promise<void>;
}

/** The ticket is ExecuteCommand's; its URL is used byte for byte. */
export interface SessionOptions extends SessionTicket {
  /** `ecs:<cluster name>_<task id>_<container runtime id>`. */
  readonly targetId: string;
  readonly aws: Pick<AwsClients, "region" | "credentials" | "proxy">;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** Asks KMS, when the cluster encrypts its sessions. Without it such a session is refused. */
  readonly wantDataKey?: ((wanted: DataKeyWanted) => Promise<DataKey>) | undefined;
  /** A line for each frame, in and out. */
  readonly trace?: ((line: string) => void) | undefined;
}

/**
 * Connects to the session that ExecuteCommand made. Rejects with `session-refused` when the gateway answers with
 * anything but an upgrade, `session-lost` when there is no connection to it, or the signal's reason.
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const session = new DataSession(options);
  await session.connect();
  return session;
}

/** Channel × socket × clock. */
class DataSession implements Session {
  readonly sessionId: string;
  readonly output: ByteQueue;
  readonly ended: Promise<SessionEnd>;
  readonly #options: SessionOptions;
  readonly #channel: Channel;
  readonly #alarm: Alarm;
  readonly #over = new AbortController();
  #settleEnded: (end: SessionEnd) => void = () => undefined;
  #socket: Socket | undefined;
  readonly #deliveries = new Deliveries();
  /** Set when there is no data key: the reason of the end, whatever the agent will call it. */
  #refusal: SessionEnd | undefined;
  #paused = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.sessionId = options.sessionId;
    this.#channel = new Channel(options);
    this.#alarm = new Alarm(options.clock, () => this.#tick());
    this.output = new ByteQueue(() => this.#regulate());
    this.ended = new Promise((resolve) => (this.#settleEnded = resolve));
  }

  async connect(): Promise<void> {
    const { streamUrl, token, clock, signal } = this.#options;
    const headers = await this.#sign();
    const agent = await this.#options.aws.proxy();
    try {
      this.#socket = await connect({
        url: streamUrl,
        headers,
        agent,
        clock,
        signal,
        onFrame: (frame) => this.#receive(frame),
        onLost: (why, cause) => this.#lost(`the connection ${why}`, cause),
      });
    } catch (error) {
      if (!(error instanceof NotConnected)) throw error;
      throw sessionNotOpened(this.sessionId, new URL(streamUrl).host, error.message, error.status, error);
    }
    this.#channel.open(clock.now(), token);
    this.resize(SIZE.cols, SIZE.rows);
    const leave = (): void => void this.close();
    signal?.addEventListener("abort", leave, { once: true });
    void this.ended.then(() => signal?.removeEventListener("abort", leave));
    if (signal?.aborted) leave();
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#over.signal.aborted) return Promise.reject(this.#notDelivered());
    const position = this.#channel.send(bytes, this.#now());
    const delivered = this.#deliveries.until(position);
    this.#step();
    return delivered;
  }

  resize(cols: number, rows: number): void {
    this.#channel.resize(cols, rows, this.#now());
    this.#step();
  }

  async close(): Promise<void> {
    this.#finish({ kind: "left" });
    await this.#socket?.close();
  }

  /** A signature that cannot be made is no reason to give up: gateways have taken unsigned requests for years. */
  async #sign(): Promise<Record<string, string>> {
    const { streamUrl, aws, log, signal } = this.#options;
    try {
      const { region, credentials } = aws;
      return await signUpgrade({ url: streamUrl, region, credentials, now: this.#now() });
    } catch (error) {
      signal?.throwIfAborted();
      log.warning(
        `The request for session '${this.sessionId}' goes unsigned: it could not be signed (${words(error)}).`,
      );
      return {};
    }
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

  /** After every call of the channel: what it has to say goes where it belongs. */
  #step(): void {
    for (const frame of this.#channel.takeFrames()) {
      this.#options.trace?.(`> ${describeFrame(frame)}`);
      this.#socket?.send(frame);
    }
    for (const event of this.#channel.takeEvents()) this.#handle(event);
    if (this.#over.signal.aborted) return;
    this.#regulate();
    this.#alarm.set(this.#channel.deadline());
  }

  #handle(event: ChannelEvent): void {
    const { log } = this.#options;
    switch (event.kind) {
      case "output":
        this.output.push(event.bytes);
        break;
      case "acked":
        this.#deliveries.reached(event.position);
        break;
      case "data-key-wanted":
        void this.#fetchDataKey(event);
        break;
      case "closed":
        this.#finish(this.#refusal ?? { kind: "closed", text: event.text });
        break;
      case "failed":
        this.#finish({ kind: "lost", why: event.why, cause: event.cause });
        break;
      case "handshake-complete":
        log.debug(`Session '${this.sessionId}' is set up. ${event.customerMessage}`.trimEnd());
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

  async #fetchDataKey({ keyId, encryptionContext }: DataKeyWanted): Promise<void> {
    let key: DataKey;
    try {
      if (!this.#options.wantDataKey) throw new Error("this client was given no way to ask KMS");
      key = await this.#options.wantDataKey({ keyId, encryptionContext });
    } catch (cause) {
      this.#refuse({ kind: "lost", why: `there is no data key of '${keyId}': ${words(cause)}`, cause });
      return;
    }
    this.#channel.provideDataKey(key, this.#now());
    this.#step();
  }

  /** The agent is told, so that it closes the session and frees the place in its container. */
  #refuse(refusal: SessionEnd): void {
    this.#refusal = refusal;
    this.#channel.refuseDataKey("The client has no data key.", this.#now());
    this.#step();
    this.#options.clock.sleep(REFUSAL_MS, this.#over.signal).then(
      () => this.#finish(refusal),
      () => undefined, // the agent was quicker
    );
  }

  /** The one place that learns of a lost connection. The channel could be opened again on a new one. */
  #lost(why: string, cause: unknown): void {
    this.#finish({ kind: "lost", why, cause });
  }

  #finish(end: SessionEnd): void {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#alarm.stop();
    this.output.end();
    this.#deliveries.fail(this.#notDelivered());
    this.#settleEnded(end);
    void this.#socket?.close();
  }

  /** Back-pressure; but whoever waits for an ack may well not read until it is there. */
  #regulate(): void {
    const paused = this.output.size > MAX_WAITING_BYTES && !this.#deliveries.pending;
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#socket?.pause();
    else this.#socket?.resume();
  }

  #notDelivered(): Error {
    return sessionLost(this.sessionId, "It ended before the agent had acknowledged the input.");
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
