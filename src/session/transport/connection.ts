import type { SessionTicket } from "../../aws/ecs.ts";
import type { ResumedSession } from "../../aws/ssm.ts";
import type { Frame } from "../channel/types.ts";
import type { Failure } from "../../errors.ts";
import { codeOf } from "../../values.ts";
import { unlessLate } from "../../waiting.ts";
import type { DialOptions } from "./dial.ts";
import { dial } from "./dial.ts";
import { gatewayUntrusted, proxyRefused, sessionNotOpened } from "./failures.ts";
import type { Socket } from "./socket.ts";
import { ConnectionError } from "./socket.ts";
import { Tickets } from "./tickets.ts";
import { wrongStreamUrl } from "./stream-url.ts";
import { type Proof, Trial } from "./trial.ts";

/** The time for the first connection, with all tries and their signatures. */
const CONNECT_MS = 30_000;
/**
 * The tries after a cut, and after a first one that found no gateway: as many as session-manager-plugin makes (`src/config/config.go`), over a longer time. After
 * a longer outage a new session is opened instead.
 */
const MAX_TRIES = 5;
const RECONNECT_MS = 15_000;
/** The time for one try, from its signature to the upgrade. */
const TRY_MS = 5_000;
/** No try begins with less of `CONNECT_MS` or `RECONNECT_MS` left. */
const SHORTEST_TRY_MS = 2_000;
/** The time for the proof that the new socket leads to the agent. */
const PROOF_MS = 5_000;
/** The time for ResumeSession, before the present token is tried again. */
const RENEW_MS = 3_000;
/** The delay before the first try, and the factor by which it grows. Jitter at most doubles it. */
const FIRST_DELAY_MS = 100;
const DELAY_GROWTH = 2.5;

export interface ConnectionOptions extends Pick<DialOptions, "aws" | "log" | "clock" | "onFrame"> {
  readonly ticket: SessionTicket;
  /** ResumeSession. Without it only the ticket's own token is tried again. */
  readonly resume: (() => Promise<ResumedSession | undefined>) | undefined;
  /** After an abort nothing is tried, and no callback is called. */
  readonly signal: AbortSignal;
  /** After an abort a first socket that could not be opened is not tried again: a cancelled run has no time for that. */
  readonly cancel?: AbortSignal | undefined;
  /**
   * Called when a socket is open, the first or a later one: opens the channel on it. Returns what will prove that the
   * socket works.
   */
  readonly onOpen: (token: string) => Proof;
  /** Called when the connection was cut and no other could be made. `why` tells all that was tried. */
  readonly onGone: (why: string, cause: unknown) => void;
}

/**
 * A connection to the gateway over one socket after another. When a socket is lost, the next one is opened by the
 * ways of `Tickets`. Frames that are sent while there is no socket are lost.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #tickets: Tickets;
  #socket: Socket | undefined;
  #trial: Trial | undefined;
  #paused = false;
  /** How often a cut was bridged by another socket. */
  mended = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { ticket: first, aws, log, resume } = options;
    const wrongUrl = (url: string): string | undefined =>
      wrongStreamUrl(url, aws.region, aws.gatewayEndpoints());
    this.#tickets = new Tickets({ first, region: aws.region, log, resume, wrongUrl });
  }

  /**
   * Opens the first socket; to be called once. Tries again while the network brings no answer. Rejects with `session-refused`, `session-lost`
   * or the reason of `signal` or `cancel`.
   */
  async open(signal: AbortSignal): Promise<void> {
    const { ticket, aws, cancel, clock, log, onOpen } = this.#options;
    const onLost = (why: string, cause: unknown): void => this.#lost(why, cause);
    const either = cancel === undefined ? signal : AbortSignal.any([signal, cancel]);
    const until = clock.now() + CONNECT_MS;
    for (let count = 0; this.#socket === undefined; count++) {
      const patience = until - clock.now();
      try {
        this.#socket = await dial({ ...this.#options, ticket, signal, patience, onLost });
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        const delay = this.#delayBefore(count);
        if (count === MAX_TRIES || !mayPass(error) || clock.now() + delay + SHORTEST_TRY_MS > until)
          throw notOpened(ticket, aws.region, error);
        if (count === 0)
          log.info(
            `Session '${ticket.sessionId}' has no connection yet (${error.message}); connecting again.`,
          );
        await clock.sleep(delay, either);
      }
    }
    onOpen(ticket.token);
  }

  send(frame: Frame): void {
    this.#socket?.send(frame);
  }

  /** Called when the agent has acknowledged a message that was sent over the newest socket. */
  acknowledged(): void {
    this.#trial?.acknowledged();
  }

  /** Cuts a socket that no longer leads to the agent. The next one is then opened as after any cut. */
  abandon(why: string): void {
    // A socket on trial has a limit of its own.
    if (this.#trial === undefined) this.#socket?.abandon(why);
  }

  /** Stops reading, so that the other side has to wait, or goes on. */
  pause(paused: boolean): void {
    this.#paused = paused;
    if (paused) this.#socket?.pause();
    else this.#socket?.resume();
  }

  /** To be called when the signal has been aborted. */
  async close(): Promise<void> {
    await this.#socket?.close();
  }

  #lost(why: string, cause: unknown): void {
    this.#socket = undefined;
    const cut = `the connection ${why}`;
    this.#mend(cut, cause).catch((error: unknown) => {
      if (!this.#options.signal.aborted) this.#options.onGone(cut, error);
    });
  }

  async #mend(cut: string, cause: unknown): Promise<void> {
    const { ticket, log, clock, signal, onGone } = this.#options;
    const started = clock.now();
    const elapsed = (): string => `${((clock.now() - started) / 1000).toFixed(1)} s`;
    const tried: string[] = [];
    let last = cause;
    const until = started + RECONNECT_MS;
    log.info(`Session '${ticket.sessionId}' was cut (${cut}); connecting again.`);
    this.#tickets.restart();
    for (let count = 0; count < MAX_TRIES; count++) {
      const delay = this.#delayBefore(count);
      if (clock.now() + delay + SHORTEST_TRY_MS > until) break;
      await clock.sleep(delay, signal);
      const renewed = {
        clock,
        signal,
        until: Math.min(clock.now() + RENEW_MS, until),
        late: () => undefined,
      };
      await unlessLate(this.#tickets.renew(), renewed);
      const way = this.#tickets.take();
      if (way.kind === "gone") {
        tried.push("ssm:ResumeSession: the session is over");
        break;
      }
      try {
        await this.#enter(way.ticket, until);
        this.#tickets.keep(way.ticket);
        this.mended += 1;
        log.info(`Session '${ticket.sessionId}' was cut (${cut}); connected again after ${elapsed()}.`);
        return;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        last = error;
        tried.push(`${way.how}: ${error.message}`);
      }
    }
    tried.push(...this.#tickets.refusals);
    onGone(`${cut}, and for ${elapsed()} no other could be made: ${joinCounted(tried)}`, last);
  }

  /** The pause before another try, after so many. */
  #delayBefore(count: number): number {
    return FIRST_DELAY_MS * DELAY_GROWTH ** count * (1 + this.#options.clock.random.fraction());
  }

  /** Resolves when a new socket is proven to work. Rejects otherwise, and closes the socket. */
  async #enter(ticket: SessionTicket, until: number): Promise<void> {
    const { clock, signal, onOpen, onFrame } = this.#options;
    const trial = new Trial();
    const now = { holds: false, lost: false };
    const within = (ms: number): number => Math.min(clock.now() + ms, until);
    const socket = await dial({
      ...this.#options,
      ticket,
      patience: within(TRY_MS) - clock.now(),
      onFrame: (frame) => {
        trial.frame();
        onFrame(frame);
      },
      onPong: () => trial.pong(),
      onLost: (why, cause) => {
        now.lost = true;
        if (now.holds) this.#lost(why, cause);
        else trial.lost(why, cause);
      },
    });
    this.#socket = socket;
    this.#trial = trial;
    try {
      const proof = onOpen(ticket.token);
      await trial.passed(proof, { clock, signal, until: within(PROOF_MS) });
      if (now.lost) throw new ConnectionError("opened, but was closed at once", undefined);
      now.holds = true;
    } catch (error) {
      this.#socket = undefined;
      void socket.close();
      throw error;
    } finally {
      this.#trial = undefined;
    }
    // Pause only now: a paused socket reads no answer to a ping.
    if (this.#paused) socket.pause();
  }
}

/** Node's codes for a certificate that it does not trust. */
const UNTRUSTED = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_)/;
const PROXY_AUTHENTICATION_REQUIRED = 407;

/** Whether another try may find the gateway: there was no answer, and neither the name nor the certificate is wrong. */
function mayPass(error: ConnectionError): boolean {
  const code = codeOf(error.cause);
  return (
    error.status === undefined && !(code === "ENOTFOUND" || (code !== undefined && UNTRUSTED.test(code)))
  );
}

function notOpened({ sessionId, streamUrl }: SessionTicket, region: string, error: ConnectionError): Failure {
  const { host } = new URL(streamUrl);
  const code = codeOf(error.cause);
  if (code !== undefined && UNTRUSTED.test(code))
    return gatewayUntrusted(sessionId, host, `${code}: ${error.message}`, error);
  if (error.status === PROXY_AUTHENTICATION_REQUIRED)
    return proxyRefused(sessionId, host, error.message, error);
  const { status, message: seen } = error;
  return sessionNotOpened({ sessionId, host, region, seen, status, cause: error });
}

/** Joins the texts. Equal texts stand once, with their number. */
function joinCounted(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`)).join("; ");
}
