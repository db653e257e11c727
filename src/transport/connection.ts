import type { SessionTicket } from "../aws/ecs.ts";
import type { Frame } from "../channel/types.ts";
import type { Failure } from "../errors.ts";
import { unlessLate } from "../bounded.ts";
import type { DialOptions } from "./dial.ts";
import { dial } from "./dial.ts";
import { gatewayUntrusted, proxyRefused, sessionNotOpened } from "./failures.ts";
import type { Socket } from "./socket.ts";
import { ConnectionError } from "./socket.ts";
import { Tickets } from "./tickets.ts";
import { wrongStreamUrl } from "./stream-url.ts";
import { type Proof, Trial } from "./trial.ts";

/** For the first connection, signature included. */
const CONNECT_MS = 30_000;
/**
 * After a cut: as many tries as session-manager-plugin makes (`src/config/config.go`), over a longer time. Whatever
 * takes longer to mend is left to a new session.
 */
const MAX_TRIES = 5;
const RECONNECT_MS = 15_000;
/** For one try, from its signature to the upgrade. With less time left than the shorter none begins. */
const TRY_MS = 5_000;
const SHORTEST_TRY_MS = 2_000;
/** For the proof that the new socket leads to the agent. */
const PROOF_MS = 5_000;
/** For ResumeSession, before the token that is held is tried in its place. */
const RENEW_MS = 3_000;
/** Before the first try, and how it grows; jitter adds up to as much again. */
const FIRST_DELAY_MS = 100;
const DELAY_GROWTH = 2.5;

export interface ConnectionOptions extends Pick<DialOptions, "aws" | "log" | "clock" | "onFrame"> {
  readonly ticket: SessionTicket;
  /** ResumeSession; without it only the ticket's own token is tried again. */
  readonly resume: (() => Promise<SessionTicket | undefined>) | undefined;
  /** Once aborted nothing more is tried or told. */
  readonly signal: AbortSignal;
  /** A socket stands, the first or another: the channel is to be opened on it. Answers what will show that it holds. */
  readonly onOpen: (token: string) => Proof;
  /** It was cut and could not be mended. `why` tells all that was tried. */
  readonly onGone: (why: string, cause: unknown) => void;
}

/**
 * The way to the gateway, over one socket after another: when one is lost the next is made, with the ways of
 * `Tickets`. What is sent while there is none is lost.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #tickets: Tickets;
  #socket: Socket | undefined;
  #trial: Trial | undefined;
  #paused = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { ticket: first, aws, log, resume } = options;
    const wrongUrl = (url: string): string | undefined =>
      wrongStreamUrl(url, aws.region, aws.gatewayEndpoints());
    this.#tickets = new Tickets({ first, region: aws.region, log, resume, wrongUrl });
  }

  /** Once. Rejects with `session-refused`, `session-lost` or the reason of `signal`. */
  async open(signal: AbortSignal): Promise<void> {
    const { ticket, aws, onOpen } = this.#options;
    const onLost = (why: string, cause: unknown): void => this.#lost(why, cause);
    try {
      this.#socket = await dial({ ...this.#options, ticket, signal, patience: CONNECT_MS, onLost });
    } catch (error) {
      throw error instanceof ConnectionError ? notOpened(ticket, aws.region, error) : error;
    }
    onOpen(ticket.token);
  }

  send(frame: Frame): void {
    this.#socket?.send(frame);
  }

  /** The agent has acknowledged something that was sent over the newest socket. */
  acknowledged(): void {
    this.#trial?.acknowledged();
  }

  /** The socket stands and leads nowhere: it is cut from here, and mended as if it had been cut elsewhere. */
  abandon(why: string): void {
    // One that is on trial has its own time.
    if (this.#trial === undefined) this.#socket?.abandon(why);
  }

  /** Stops reading, so that the other side has to wait; or goes on. */
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
      const delay = FIRST_DELAY_MS * DELAY_GROWTH ** count * (1 + Math.random());
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
        log.info(`Session '${ticket.sessionId}' was cut (${cut}); connected again after ${elapsed()}.`);
        return;
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
        last = error;
        tried.push(`${way.how}: ${error.message}`);
      }
    }
    tried.push(...this.#tickets.refusals);
    onGone(`${cut}, and for ${elapsed()} no other could be made: ${counted(tried)}`, last);
  }

  /** Resolves when a new socket has shown that it holds. Otherwise nothing of the try is left. */
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
    // Not before: while the socket is paused no answer to a ping can be heard.
    if (this.#paused) socket.pause();
  }
}

/** Node's codes for a certificate that it does not believe. */
const UNTRUSTED = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_CERT_)/;
const PROXY_AUTHENTICATION_REQUIRED = 407;

function notOpened({ sessionId, streamUrl }: SessionTicket, region: string, error: ConnectionError): Failure {
  const { host } = new URL(streamUrl);
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  if (typeof code === "string" && UNTRUSTED.test(code))
    return gatewayUntrusted(sessionId, host, `${code}: ${error.message}`, error);
  if (error.status === PROXY_AUTHENTICATION_REQUIRED)
    return proxyRefused(sessionId, host, error.message, error);
  const { status, message: seen } = error;
  return sessionNotOpened({ sessionId, host, region, seen, status, cause: error });
}

/** Equal texts once, with their number. */
function counted(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`)).join("; ");
}
