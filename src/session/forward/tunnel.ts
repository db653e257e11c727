import { factsOf, type Failure, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { typedRelay } from "../../payload/forward.ts";
import type { Session } from "../session.ts";
import type { Client } from "./clients.ts";
import { Exchange, type ExchangeCounts } from "./exchange.ts";
import { CutTimes } from "./cut-times.ts";
import { forwardBusy, forwardLost, isPassing, logTooLong, pythonNotFound } from "./failures.ts";
import { type Opening, OpeningReader } from "./opening.ts";
import { Damage, ESCAPE, Lines } from "./packets.ts";
import type { RelayOptions } from "./relay.ts";
import type { OpenedSession, SessionRequest } from "./session-request.ts";
import { watchSilence } from "./silence.ts";
import type { TerminalSize } from "./streams.ts";

/** The time for the relay to end its session at a bye. */
const BYE_MS = 2_000;
const READY_LOOK_MS = 50;
/** The agent keeps the output of a logged session on the task's disk until the session ends. */
const MOST_LOGGED = 2 ** 30;
/** Bytes that the agent has not acknowledged. More would only make others wait. */
const MOST_IN_FLIGHT = 49_152;

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
export interface TunnelCounts extends ExchangeCounts {
  /** Those that a session has outlived, and those that have ended one. */
  readonly cuts: number;
}

/**
 * Carries connections through sessions of ECS Exec, one session after the other. Open connections go on at the byte when a new session
 * comes within a minute, else they are reset.
 */
export class Tunnel {
  readonly #options: TunnelOptions;
  readonly #exchange: Exchange;
  readonly #times: CutTimes;
  #session: Session | undefined;
  /** The ID of the last session. */
  #last: string | undefined;
  #inFlight = 0;
  #cuts = 0;
  #refusal: Failure | undefined;
  /** What ends the forward, though no line of the container told it. */
  #fault: Failure | undefined;
  /** A session that comes now is not used any more. */
  #isClosed = false;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#exchange = new Exchange(options);
    this.#times = new CutTimes(options.clock);
  }

  get counts(): TunnelCounts {
    return { ...this.#exchange.counts, cuts: this.#cuts + (this.#session?.cuts ?? 0) };
  }

  #isOver(): boolean {
    return this.#options.signal.aborted;
  }

  /** Whether a connection can be opened now. */
  get isReady(): boolean {
    return this.#exchange.link.isGreeted;
  }

  /**
   * Keeps the tunnel up until the signal aborts. Rejects with a `Failure` when the container can't have a relay, or when no session can
   * be opened for ten minutes; at the begin for a minute.
   */
  async run(): Promise<void> {
    const { clock, signal, log } = this.#options;
    const stop = clock.every(1_000, () => this.#move());
    try {
      while (!this.#isOver()) {
        const why = await this.#runSession().catch((error: unknown) => this.#lossOf(error));
        if (this.#isOver()) break;
        if (this.#fault) throw this.#fault;
        if (why === undefined) continue;
        log.info(`The session of the forward is lost: ${why}.`);
        this.#cuts += 1;
        if (this.#times.isInVain) throw forwardLost(why);
        await clock.sleep(this.#times.nextPause(), signal).catch(() => undefined);
      }
    } finally {
      stop();
      this.#exchange.resetClients();
    }
  }

  /** Opens a connection to a target of the list. Undefined when there are too many, or when the tunnel is not ready. */
  connect(target: number, client: Client): number | undefined {
    const of = this.#exchange.connect(target, client);
    if (of !== undefined) this.#move();
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
    this.#exchange.consumed(of, count);
    this.#move();
  }

  resize(of: number, size: TerminalSize): void {
    this.#exchange.resize(of, size);
    this.#move();
  }

  reset(of: number): void {
    this.#exchange.reset(of);
    this.#move();
  }

  /** Ends the relay, as far as it can be reached soon. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.isReady) {
      this.#exchange.bye();
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
    if (this.#times.isLate) this.#giveRelayUp();
    return messageOf(error);
  }

  /** Throws `Damage` when a cut explains that there is no session. */
  async #open(): Promise<Session> {
    const { open, signal } = this.#options;
    try {
      const { session, isElsewhere } = await open({
        ...{ lost: this.#last, refusal: this.#refusal, hasCarried: this.#times.hasCarried, signal },
        onGone: () => this.#startAnew(),
      });
      if (isElsewhere) this.#startAnew();
      return session;
    } catch (error) {
      if (this.#refusal !== undefined || !isPassing(error, this.#times)) throw error;
      throw new Damage(factsOf(error).replace(/\.$/, ""), { cause: error });
    } finally {
      this.#refusal = undefined;
    }
  }

  async #runSession(): Promise<string> {
    const { clock, isLogged, mostLogged = MOST_LOGGED } = this.#options;
    const session = await this.#open();
    if (this.#isClosed || this.#isOver()) return await session.close().then(() => "");
    this.#times.beginSession();
    this.#last = session.sessionId;
    this.#session = session;
    this.#inFlight = 0;
    const lines = new Lines();
    const opening = new OpeningReader();
    let isOpen = false;
    const stop = watchSilence(clock, () => (this.isReady ? this.#times.heard : undefined), {
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
        if (this.isReady) this.#times.carry();
        this.#move();
        if (session.received > mostLogged && isLogged()) {
          await this.close();
          throw logTooLong(mostLogged);
        }
      }
      if (this.#times.isLate) this.#giveRelayUp();
      const end = await session.ended;
      if (end.kind === "closed-here") return "its container says nothing";
      return end.kind === "lost" ? end.why : `it was closed${end.text ? `: ${end.text}` : ""}`;
    } finally {
      stop();
      this.#cuts += session.cuts;
      this.#session = undefined;
      this.#exchange.link.pause();
      await session.close();
    }
  }

  #begin(opening: Opening): void {
    if (opening.kind === "no-python") throw pythonNotFound(opening.path);
    if (opening.kind === "gone") throw new Damage("the container has no relay");
    this.#write(typedRelay(this.#exchange.order()));
    this.#exchange.link.begin();
    this.#move();
  }

  #take(line: Buffer): void {
    if (line[0] === ESCAPE) this.#obeyMark(line.toString("latin1"));
    this.#exchange.receive(line, this.#options.clock.now());
    this.#times.hear();
  }

  /** The program that was typed has no relay to attach to, or may not start one. */
  #obeyMark(mark: string): void {
    if (mark.includes(";busy")) {
      this.#exchange.noteBusy();
      if (this.#times.mayLinger) throw new Damage("its last relay has not ended yet");
      throw (this.#refusal = forwardBusy());
    }
    if (!mark.includes(";gone")) return;
    this.#startAnew();
    throw new Damage("its relay has ended");
  }

  /** Takes what the clients have, as far as the link has room, and writes what the session takes. */
  #move(): void {
    // The next session may wait for its seat for longer than the open connections are kept.
    if (this.#session === undefined && this.#exchange.isStarted && this.#times.isLate) this.#giveRelayUp();
    const { link } = this.#exchange;
    if (link.isOverfull) {
      this.#fault ??= forwardLost("the container acknowledges nothing");
      void this.#session?.close();
      return;
    }
    link.tick(this.#options.clock.now());
    while (this.#session !== undefined && this.#inFlight < MOST_IN_FLIGHT) {
      const line = link.take();
      if (line !== undefined) this.#write(line);
      else if (!link.hasRoom || !this.#exchange.pull()) return;
    }
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
    const { isStarted, mayRun } = this.#exchange;
    if (mayRun) this.#times.giveRelayUp(isStarted);
    this.#startAnew();
  }

  /** From now on another relay carries new connections. The open ones are lost with the last one. */
  #startAnew(): void {
    const lost = this.#exchange.startAnew();
    if (lost > 0)
      this.#options.log.info(
        `Open connections of the forward that were reset: ${lost}. New ones are carried.`,
      );
    this.#times.startAnew();
  }
}
