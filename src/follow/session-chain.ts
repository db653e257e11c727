import { asFailure, Failure, type FailureCode } from "../errors.ts";
import type { SessionEnd } from "../session/end.ts";
import type { Session } from "../session/session.ts";
import type { Gap } from "../stream/items.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Extractor } from "../stream/extract.ts";
import { describeGap } from "./failures.ts";
import type { CarrierEnd } from "./job-end.ts";
import { describeEnd, isFinal, sessionEndReason } from "./session-end.ts";

/** The pause after a cut. It doubles with each cut that follows without output in between. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** The most sessions in a row that end before they show the job. */
const MOST_IN_VAIN = 8;

/** Failures that may pass. */
const TRANSIENT: ReadonlySet<FailureCode> = new Set(["session-lost", "aws-unreachable", "throttled"]);

/** The sessions of a job, one after the other. */
export interface SessionSource {
  /** When to give up, in milliseconds since the epoch. */
  readonly until: number;
  /**
   * Opens a session that goes on at this byte of the spool. Queues for a place in the container when the job has none.
   * Rejects when there can't be a session.
   */
  attach(at: number): Promise<Session>;
  /** How long the agent may take to open the first session, in milliseconds from now. */
  opening(): number;
  /** How many more milliseconds to wait for the first session, when `opening` is over. */
  moreTime(sessionId: string): Promise<number>;
  /** Whether the policies of the task's role prove that the agent never opens a session. Rejects for a cancel. */
  canNeverOpen(): Promise<boolean>;
  /** Explains why the agent has not opened the first session. */
  whyUnopened(sessionId: string): Promise<Failure>;
  /** Ends a session that was lost, so that its place in the container is free. Never rejects. */
  terminate(sessionId: string): Promise<void>;
  /** Called when the container has the payload. */
  onAttached(): void;
  /** Resolves when another run waits for the place in the container. Rejects when `over` aborts. */
  untilWanted(over: AbortSignal): Promise<void>;
  /**
   * Called when no session is needed for now: gives the place in the container back. `closing` is the session through
   * which the job's status has arrived, and which is about to be closed.
   */
  releasePlace(closing?: Session): void;
  /** Stops the job by a command of its own. Resolves with whether the command has reached the container; never rejects. */
  stop(): Promise<boolean>;
}

/** A session that has ended, and how. */
export interface EndedSession {
  readonly sessionId: string;
  readonly end: CarrierEnd;
  /** True when it has brought output. */
  readonly progress: boolean;
}

export interface SessionChainOptions {
  readonly sessions: SessionSource;
  readonly extractor: Extractor;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/** Opens one session after the other, with growing pauses, until a further one would be in vain. */
export class SessionChain {
  readonly #options: SessionChainOptions;
  #inVain = 0;
  #gaps = 0;
  #pause = FIRST_PAUSE_MS;

  constructor(options: SessionChainOptions) {
    this.#options = options;
  }

  /** Whether another session may still tell the job's end. */
  async mayGoOn({ sessionId, end, progress }: EndedSession): Promise<boolean> {
    const { cancel, clock, sessions } = this.#options;
    // An attached session counts even without output: a job may be silent for hours, and a connection lasts one hour.
    this.#inVain = progress || (end.kind === "ended" && end.attached) ? 0 : this.#inVain + 1;
    if (end.kind === "ended" && isMismatch(end.end)) await sessions.terminate(sessionId);
    const isOver = cancel.aborted || this.#inVain >= MOST_IN_VAIN || clock.now() >= sessions.until;
    return !isOver && !isFinal(end);
  }

  /** Logs why another session is needed. Ends this one if it may still be open. */
  async release({ sessionId, end, progress }: EndedSession): Promise<void> {
    const { extractor, log, sessions } = this.#options;
    this.#pause = progress ? FIRST_PAUSE_MS : longer(this.#pause);
    if (end.kind === "gap") {
      // Only the first gap is an annotation: a peer that causes one after the other must not fill the page.
      log[this.#gaps++ === 0 ? "warning" : "info"](notWhole(sessionId, end));
      await sessions.terminate(sessionId);
    } else if (end.kind === "ended") {
      const why = describeEnd(end.end);
      log.info(`Session ${sessionId} was cut: ${why} Attaching again at byte ${extractor.offset}.`);
      if (end.end.kind === "lost") await sessions.terminate(sessionId);
    }
  }

  /** Opens another session. Tries again after a transient failure; returns any other one. */
  async next(): Promise<Session | Failure> {
    const { sessions, cancel, clock, extractor, log } = this.#options;
    for (let pause = this.#pause; ; pause = longer(pause)) {
      await clock.sleep(pause * (0.5 + clock.random.fraction() / 2), cancel);
      extractor.restart();
      try {
        return await sessions.attach(extractor.offset);
      } catch (error) {
        cancel.throwIfAborted();
        const failure = asFailure(error);
        if (!TRANSIENT.has(failure.code) || clock.now() >= sessions.until) return failure;
        log.info(`No session yet: ${failure.seen}`);
      }
    }
  }
}

function longer(pause: number): number {
  return Math.min(pause * 2, LONGEST_PAUSE_MS);
}

/**
 * True when the action gave the session up before it typed anything, because its encryption is not the cluster's.
 */
function isMismatch(end: SessionEnd): boolean {
  const reason = sessionEndReason(end);
  return reason.kind === "given-up" && reason.failure.code === "encryption-mismatch";
}

function notWhole(sessionId: string, gap: Gap): string {
  return (
    `The output of session ${sessionId} did not arrive as it was sent: ${describeGap(gap)} Something else wrote into ` +
    `its terminal, or bytes were lost. What it showed after byte ${gap.offset} can't be trusted and comes again.`
  );
}
