import { factsOf, type Failure, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { RELAY_LIMITS, typedRelay } from "../../payload/forward.ts";
import type { Session } from "../session.ts";
import { type Client, Clients } from "./clients.ts";
import { forwardBusy, forwardLost, isPassing, logTooLong, pythonNotFound } from "./failures.ts";
import { type Opening, OpeningReader } from "./opening.ts";
import { Damage, ESCAPE, Lines, Violation } from "./packets.ts";
import { Relay, type RelayOptions } from "./relay.ts";
import type { OpenedSession, SessionRequest } from "./session-request.ts";
import { SILENCE_MS, watchSilence } from "./silence.ts";
import type { StreamEvent, TerminalSize } from "./streams.ts";

/** After such a time without the relay its connections are reset. The relay itself gives up 15 s later. */
const LONGEST_CUT_MS = 60_000;
/** The time for the relay to end its session at a bye. */
const BYE_MS = 2_000;
/** A forward that has carried connections waits for so long until a session can be opened again. */
const LONGEST_AWAY_MS = 600_000;
const READY_LOOK_MS = 50;
/** The agent keeps the output of a logged session on the task's disk until the session ends. */
const MOST_LOGGED = 2 ** 30;
/** A relay that is not heard any more has ended after this time, from the last word of it. */
const RELAY_ENDS_MS = SILENCE_MS + RELAY_LIMITS.silence * 1000 + 5_000;
/** Bytes that the agent has not acknowledged. More would only make others wait. */
const MOST_IN_FLIGHT = 49_152;
/** The most sessions in a row whose relay spoke for no longer than this. */
const MOST_SHORT = 12;
const SHORT_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

export interface TunnelOptions extends RelayOptions {
  /** Opens a session that runs `forwardCommand`. */
  readonly open: (request: SessionRequest) => Promise<OpenedSession>;
  /** Whether the sessions are logged, as far as that is known. */
  readonly isLogged: () => boolean;
  /** The most bytes of a logged session. */
  readonly mostLogged?: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What a forward has to say at its end. */
export interface TunnelCounts {
  readonly connections: number;
  readonly sent: number;
  readonly received: number;
  /** Those that a session has outlived, and those that have ended one. */
  readonly cuts: number;
  /** Connections that were open when their relay was lost. */
  readonly reset: number;
}

/**
 * Carries connections through sessions of ECS Exec, one session after the other. Open connections go on at the byte when a new session
 * comes within `LONGEST_CUT_MS`, else they are reset.
 */
export class Tunnel {
  readonly #counts = { connections: 0, sent: 0, received: 0, cuts: 0, reset: 0 };
  readonly #options: TunnelOptions;
  #relay: Relay;
  #session: Session | undefined;
  /** The ID of the last session. */
  #last: string | undefined;
  #inFlight = 0;
  #heard: number;
  #shortSessions = 0;
  #refusal: Failure | undefined;
  /** When a relay was heard last; undefined before the first word. */
  #carriedAt: number | undefined;
  /** When the last relay, which was given up, has ended for certain. */
  #freeAt = 0;
  /** What ends the forward, though no line of the container told it. */
  #fault: Failure | undefined;
  /** A session that comes now is not used any more. */
  #isClosed = false;
  readonly #clients = new Clients();

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#relay = new Relay(options);
    this.#heard = options.clock.now();
  }

  get counts(): TunnelCounts {
    return { ...this.#counts, cuts: this.#counts.cuts + (this.#session?.cuts ?? 0) };
  }

  #isOver(): boolean {
    return this.#options.signal.aborted;
  }

  /** Whether a connection can be opened now. */
  get isReady(): boolean {
    return this.#relay.link.isGreeted;
  }

  /**
   * Keeps the tunnel up until the signal aborts. Rejects with a `Failure` when the container can't have a relay, or when no session can
   * be opened for ten minutes; at the begin for a minute.
   */
  async run(): Promise<void> {
    const { clock, signal, log } = this.#options;
    const stop = clock.every(1_000, () => this.#move());
    try {
      for (let pause = FIRST_PAUSE_MS; !this.#isOver();) {
        const why = await this.#runSession().catch((error: unknown) => this.#lossOf(error));
        if (this.#isOver()) break;
        if (this.#fault) throw this.#fault;
        if (why === undefined) continue;
        log.info(`The session of the forward is lost: ${why}.`);
        this.#counts.cuts += 1;
        if (this.#shortSessions === MOST_SHORT) throw forwardLost(why);
        if (this.#shortSessions === 0) pause = FIRST_PAUSE_MS;
        await clock.sleep(pause * (0.5 + clock.random.fraction() / 2), signal).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    } finally {
      stop();
      this.#clients.reset();
    }
  }

  /** Opens a connection to a target of the list. Undefined when there are too many, or when the tunnel is not ready. */
  connect(target: number, client: Client): number | undefined {
    const of = this.isReady ? this.#relay.streams.open(target) : undefined;
    if (of === undefined) return undefined;
    if (client.isProbe !== true) this.#counts.connections += 1;
    this.#clients.add(of, client);
    this.#move();
    return of;
  }

  /** Waits until the tunnel is ready, at most so long. False when it isn't then. */
  async untilReady(ms: number, lost?: AbortSignal): Promise<boolean> {
    const { clock, signal } = this.#options;
    for (const until = clock.now() + ms; !this.isReady;) {
      if (signal.aborted || lost?.aborted === true || clock.now() >= until) return false;
      await clock.sleep(READY_LOOK_MS, signal).catch(() => undefined);
    }
    return true;
  }

  /** This connection has bytes to send, or an end. */
  ready(): void {
    this.#move();
  }

  /** The client has taken so many of the bytes that it got. */
  consumed(of: number, count: number): void {
    this.#relay.streams.consumed(of, count);
    this.#forgetIfOver(of);
    this.#move();
  }

  resize(of: number, size: TerminalSize): void {
    this.#relay.streams.resize(of, size);
    this.#move();
  }

  reset(of: number): void {
    this.#clients.delete(of);
    this.#relay.streams.reset(of);
    this.#move();
  }

  /** Ends the relay, as far as it can be reached soon. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.isReady) {
      this.#relay.streams.bye();
      this.#move();
      const told = new AbortController();
      const late = this.#options.clock.sleep(BYE_MS, told.signal).catch(() => undefined);
      await Promise.race([this.#session?.ended, late]);
      told.abort();
    }
    await this.#session?.close();
  }

  /** Why a session was lost, when another may go on. Undefined when the next one has to be elsewhere. Throws what ends the forward. */
  #lossOf(error: unknown): string | undefined {
    if (this.#isOver()) return "";
    if (error === this.#refusal) return undefined;
    if (!(error instanceof Damage)) throw error;
    if (this.#isLate) this.#giveRelayUp();
    return messageOf(error);
  }

  get #isLate(): boolean {
    return this.#options.clock.now() - this.#heard > LONGEST_CUT_MS;
  }

  get #isGivenUp(): boolean {
    const at = this.#carriedAt;
    return at === undefined ? this.#isLate : this.#options.clock.now() - at > LONGEST_AWAY_MS;
  }

  /** Throws `Damage` when a cut explains that there is no session. */
  async #open(): Promise<Session> {
    const { open, signal } = this.#options;
    try {
      const { session, isElsewhere } = await open({
        ...{ lost: this.#last, refusal: this.#refusal, hasCarried: this.#carriedAt !== undefined, signal },
        onGone: () => this.#startAnew(),
      });
      if (isElsewhere) this.#startAnew();
      return session;
    } catch (error) {
      if (!isPassing(error) || this.#refusal !== undefined || this.#isGivenUp) throw error;
      throw new Damage(factsOf(error).replace(/\.$/, ""), { cause: error });
    } finally {
      this.#refusal = undefined;
    }
  }

  async #runSession(): Promise<string> {
    const { clock, isLogged, mostLogged = MOST_LOGGED } = this.#options;
    const session = await this.#open();
    if (this.#isClosed || this.#isOver()) return await session.close().then(() => "");
    this.#shortSessions += 1;
    this.#last = session.sessionId;
    this.#session = session;
    this.#inFlight = 0;
    const lines = new Lines();
    const opening = new OpeningReader();
    const begun = clock.now();
    let isOpen = false;
    const stop = watchSilence(clock, () => (this.isReady ? this.#heard : undefined), {
      onSilent: () => void session.close(),
    });
    try {
      for await (const bytes of session.output) {
        let rest: Uint8Array = bytes;
        if (!isOpen) {
          const read = opening.read(bytes);
          if (read === undefined) continue;
          isOpen = true;
          rest = read.rest;
          this.#begin(read.opening);
        }
        for (const line of lines.cut(rest)) this.#take(line);
        if (this.isReady && clock.now() > begun + SHORT_MS) this.#shortSessions = 0;
        this.#move();
        if (session.received > mostLogged && isLogged()) {
          await this.close();
          throw logTooLong(mostLogged);
        }
      }
      if (this.#isLate) this.#giveRelayUp();
      const end = await session.ended;
      if (end.kind === "closed-here") return "its container says nothing";
      return end.kind === "lost" ? end.why : `it was closed${end.text ? `: ${end.text}` : ""}`;
    } finally {
      stop();
      this.#counts.cuts += session.cuts;
      this.#session = undefined;
      this.#relay.link.pause();
      await session.close();
    }
  }

  #begin(opening: Opening): void {
    if (opening.kind === "no-python") throw pythonNotFound(opening.path);
    if (opening.kind === "gone") throw new Damage("the container has no relay");
    this.#write(typedRelay(this.#relay.order()));
    this.#relay.link.begin();
    this.#move();
  }

  #take(line: Buffer): void {
    const { clock } = this.#options;
    if (line[0] === ESCAPE) this.#obeyMark(line.toString("latin1"));
    try {
      this.#relay.streams.receive(line, clock.now());
    } catch (error) {
      if (error instanceof Violation) throw forwardLost(error.message);
      throw error;
    }
    this.#heard = clock.now();
    this.#relay.isStarted = true;
    this.#carriedAt = this.#heard;
    for (const event of this.#relay.streams.takeEvents()) this.#tell(event);
  }

  /** The program that was typed has no relay to attach to, or may not start one. */
  #obeyMark(mark: string): void {
    if (mark.includes(";busy")) {
      if (this.#options.clock.now() < this.#freeAt) throw new Damage("its last relay has not ended yet");
      throw (this.#refusal = forwardBusy());
    }
    if (!mark.includes(";gone")) return;
    this.#startAnew();
    throw new Damage("its relay has ended");
  }

  #tell(event: StreamEvent): void {
    if (event.kind === "bye") throw forwardLost(event.text);
    if (event.kind === "data" && !this.#clients.isProbe(event.stream))
      this.#counts.received += event.bytes.length;
    this.#clients.tell(event);
    this.#forgetIfOver(event.stream);
  }

  #forgetIfOver(of: number): void {
    if (!this.#relay.streams.isOpen(of)) this.#clients.delete(of);
  }

  /** Takes what the clients have, as far as the link has room, and writes what the session takes. */
  #move(): void {
    const { link } = this.#relay;
    if (link.isOverfull) {
      this.#fault ??= forwardLost("the container acknowledges nothing");
      void this.#session?.close();
      return;
    }
    link.tick(this.#options.clock.now());
    while (this.#session !== undefined && this.#inFlight < MOST_IN_FLIGHT) {
      const line = link.take();
      if (line !== undefined) this.#write(line);
      else if (!link.hasRoom || !this.#pull()) return;
    }
  }

  /** Takes a piece of the next client that has one, in turn. False when none has. */
  #pull(): boolean {
    const { streams } = this.#relay;
    const next = this.#clients.pull((of) => streams.allowed(of));
    if (next === undefined) return false;
    const { of, piece } = next;
    if (piece === "end") {
      streams.end(of);
      this.#forgetIfOver(of);
    } else {
      this.#counts.sent += piece.length;
      streams.send(of, piece);
    }
    return true;
  }

  #write(bytes: Buffer): void {
    const session = this.#session;
    this.#inFlight += bytes.length;
    session?.send(bytes).then(
      () => {
        if (this.#session !== session) return;
        this.#inFlight -= bytes.length;
        this.#move();
      },
      () => undefined, // the session has ended, which its output tells
    );
  }

  /** The relay was not heard for so long that it ends by itself. */
  #giveRelayUp(): void {
    if (this.#relay.isStarted) this.#freeAt = this.#heard + RELAY_ENDS_MS;
    this.#startAnew();
  }

  /** From now on another relay carries new connections. The open ones are lost with the last one. */
  #startAnew(): void {
    const [{ log }, { size }] = [this.#options, this.#clients];
    if (size > 0) log.info(`Open connections of the forward that were reset: ${size}. New ones are carried.`);
    this.#counts.reset += size;
    this.#clients.reset();
    this.#relay = new Relay(this.#options);
    this.#heard = this.#options.clock.now();
  }
}
