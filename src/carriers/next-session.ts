import { asFailure, Failure, type FailureCode } from "../errors.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Session } from "../session/session.ts";
import type { Gap } from "./stream/items.ts";
import type { Spool } from "./stream/spool.ts";
import { describeGap } from "./failures.ts";
import type { CarrierEnd } from "./job-end.ts";
import { describeEnd, isFinal, isMismatch } from "./session-end.ts";
import type { SessionSource } from "./session-source.ts";

/** The pause after a cut. It doubles with each cut that follows without output in between. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/**
 * The longest pause behind a session that could not be opened, while the container counts the time to the stop of its job: a longer one would be a large
 * part of the 90 s for which the gateway may be away.
 */
const FENCED_PAUSE_MS = 5_000;
/** The most sessions in a row that end before they show the job. */
const MOST_IN_VAIN = 8;
/** So long the agent may open no session, as when others have blocked it for good. A container keeps the end of a job no longer. */
const LONGEST_UNOPENED_MS = 10 * 60_000;

/** Failures that may pass. */
const TRANSIENT: ReadonlySet<FailureCode> = new Set(["session-lost", "aws-unreachable", "throttled"]);

/** A session that has ended, and how. */
export interface EndedSession {
  readonly sessionId: string;
  readonly end: Extract<CarrierEnd, { kind: "ended" | "gap" }>;
  /** True when it has brought output. */
  readonly progress: boolean;
  /** True when the agent has opened it. */
  readonly heard: boolean;
}

export interface NextSessionOptions {
  readonly sessions: SessionSource;
  readonly spool: Pick<Spool, "offset">;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
  readonly isFenced?: boolean | undefined;
}

/** Whether another session may follow a job, and after which pause. */
export class NextSession {
  readonly #options: NextSessionOptions;
  #inVain = 0;
  /** How long the last sessions in a row have lasted that the agent did not open. */
  #unopenedMs = 0;
  #openedAt: number;
  #hasWarned = false;
  #pause = FIRST_PAUSE_MS;

  constructor(options: NextSessionOptions) {
    this.#options = options;
    this.#openedAt = options.clock.now();
  }

  /** Whether another session may still tell the job's end. If so, logs why, and ends this one if it may still be open. */
  async isDue({ sessionId, end, progress, heard }: EndedSession): Promise<boolean> {
    const { cancel, clock, sessions, log, spool } = this.#options;
    // An attached session counts even without output: a job may be silent for hours, and a connection lasts one hour.
    this.#inVain = progress || (end.kind === "ended" && end.attached) ? 0 : this.#inVain + 1;
    const now = clock.now();
    this.#unopenedMs = heard ? 0 : this.#unopenedMs + now - this.#openedAt;
    const isInVain = this.#inVain >= MOST_IN_VAIN || this.#unopenedMs >= LONGEST_UNOPENED_MS;
    const isOver = cancel.aborted || isInVain || now >= sessions.until;
    const goesOn = !isOver && !isFinal(end);
    if (goesOn) {
      this.#pause = progress ? FIRST_PAUSE_MS : longer(this.#pause);
      if (end.kind === "ended")
        log.info(
          `Session ${sessionId} was cut: ${describeEnd(end.end)} Attaching again at byte ${spool.offset}.`,
        );
      // Only the first gap is an annotation: a peer that causes one after the other must not fill the page.
      else log[this.#hasWarned ? "info" : "warning"](notWhole(sessionId, end));
      this.#hasWarned ||= end.kind === "gap";
    }
    const mayBeOpen = goesOn ? end.kind === "gap" || end.end.kind !== "closed" : isMismatch(end);
    if (mayBeOpen) await sessions.terminate(sessionId);
    return goesOn;
  }

  /** Opens another session. Tries again after a transient failure; returns any other one. */
  async open(): Promise<Session | Failure> {
    const { sessions, cancel, clock, spool, log, isFenced = false } = this.#options;
    const longest = isFenced ? FENCED_PAUSE_MS : LONGEST_PAUSE_MS;
    for (let pause = this.#pause; ; pause = Math.min(longer(pause), longest)) {
      await clock.sleep(pause * (0.5 + clock.random.fraction() / 2), cancel);
      try {
        const session = await sessions.attach(spool.offset);
        this.#openedAt = clock.now();
        return session;
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

function notWhole(sessionId: string, gap: Gap): string {
  return (
    `The output of session ${sessionId} did not arrive as it was sent: ${describeGap(gap)} Something else wrote into ` +
    `its terminal, or bytes were lost. What it showed after byte ${gap.offset} can't be trusted and comes again.`
  );
}
