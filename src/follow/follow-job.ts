import { asFailure, Failure, type FailureCode } from "../errors.ts";
import { type Log, loggedFailure } from "../log.ts";
import type { Session, SessionEnd } from "../session/session.ts";
import type { Gap } from "../stream/extract.ts";
import { enoughShown } from "./backlog.ts";
import { describeEnd, sessionEndReason, isFinal } from "./session-end.ts";
import type { Expiry } from "./expiry.ts";
import { describeGap } from "./failures.ts";
import { type FollowContext, followSession } from "./follow-session.ts";
import type { CarrierEnd, JobEnd } from "./job-end.ts";
import { lookAtTask, monitorTask, type TaskMonitorOptions } from "./task-monitor.ts";

/** After the first cut; doubled for each one that follows without any output in between. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** Sessions in a row that did not even come to show the job. */
const MOST_IN_VAIN = 8;
/** For the last output of a task that has ended. */
const LAST_WORDS_MS = 1_000;

/** Failures that a moment may mend. */
const TRANSIENT: ReadonlySet<FailureCode> = new Set(["session-lost", "aws-unreachable", "throttled"]);

/** The sessions of a job, one after the other. */
export interface SessionSource {
  /** When to give up, in milliseconds since the epoch. */
  readonly until: number;
  /** A new session that goes on at this byte of the spool; rejects when there can't be one. */
  attach(at: number): Promise<Session>;
  /** How long the agent may take to open the first session, in milliseconds from now on. */
  opening(): number;
  /** For how many milliseconds more it is waited for, when that is over. */
  moreTime(sessionId: string): Promise<number>;
  /** Why the agent does not open the first session. */
  whyUnopened(sessionId: string): Promise<Failure>;
  /** Ends a session that was lost, so that it gives its place in the container back. Best effort. */
  terminate(sessionId: string): Promise<void>;
  /** The container has the payload. */
  releasePayload(): void;
}

export interface FollowJobOptions extends FollowContext {
  readonly sessions: SessionSource;
  readonly ecs: TaskMonitorOptions["ecs"];
  readonly target: TaskMonitorOptions["target"];
  readonly log: Log;
  /** What happens when AWS takes the credentials no more. */
  readonly expiry?: Expiry | undefined;
  /** When the credentials end, as far as that is known, in milliseconds since the epoch. */
  readonly credentialsEnd?: number | undefined;
}

/** What following a job came to. */
export interface FollowedJob {
  readonly end: JobEnd;
  /** The script may have run. */
  readonly attached: boolean;
}

/**
 * Follows the job to its end through as many sessions as that takes. A session that is cut costs nothing: the next
 * one goes on at the byte where this one was. Meanwhile the task is monitored, and its end says more than that of a
 * session. Never rejects: what keeps the job from being followed is an end, too.
 */
export async function followJob(options: FollowJobOptions): Promise<FollowedJob> {
  return await new JobFollower(options).run();
}

/** A session that has ended, and how. */
interface EndedSession {
  readonly sessionId: string;
  readonly end: CarrierEnd;
  /** It has brought output. */
  readonly progress: boolean;
}

class JobFollower {
  readonly #options: FollowJobOptions;
  readonly #monitoring: TaskMonitorOptions;
  readonly #over = new AbortController();
  #session: Session | undefined;
  #attached = false;
  /** Why the container has ended, once the task monitor knows. */
  #gone: Failure | undefined;
  #inVain = 0;
  #gaps = 0;
  #pause = FIRST_PAUSE_MS;

  constructor(options: FollowJobOptions) {
    this.#options = options;
    const { ecs, target, clock, log, expiry, credentialsEnd } = options;
    const onRefused = (refusal: Failure): void => expiry?.onRefused(refusal);
    this.#monitoring = { ecs, target, clock, log, onRefused, credentialsEnd, signal: this.#over.signal };
  }

  async run(): Promise<FollowedJob> {
    const { log } = this.#options;
    const end = await this.#follow().catch((error: unknown): JobEnd => ({
      kind: "impossible",
      failure: loggedFailure(error, log),
    }));
    return { end, attached: this.#attached };
  }

  async #follow(): Promise<JobEnd> {
    const { sessions, cancel, clock, extractor } = this.#options;
    const each = {
      ...this.#options,
      enough: enoughShown(cancel, clock, this.#over.signal),
      onAttached: () => {
        this.#attached = true;
        sessions.releasePayload();
      },
    };
    try {
      let session = (this.#session = await sessions.attach(0));
      this.#monitor();
      this.#closeAfter(sessions.until - clock.now()).catch(() => undefined); // it ended in time
      for (let first = true; ;) {
        const from = extractor.offset;
        const { sessionId } = session;
        const end = await followSession(session, {
          ...{ ...each, first, opening: sessions.opening() },
          moreTime: () => sessions.moreTime(sessionId),
        });
        first &&= !session.heard;
        if (end.kind === "unopened") return await this.#unopened(session);
        const ended = { sessionId, end, progress: extractor.offset > from };
        const reached = await this.#reached(ended);
        if (reached !== undefined) return reached;
        await this.#leaveBehind(ended);
        const next = await this.#nextSession();
        if (next instanceof Failure) return { kind: "impossible", failure: next };
        session = this.#session = next;
      }
    } finally {
      this.#over.abort();
    }
  }

  /** Detaches from the session soon after the container has ended. */
  #monitor(): void {
    monitorTask(this.#monitoring)
      .then((failure) => {
        this.#gone = failure;
        return this.#closeAfter(LAST_WORDS_MS);
      })
      .catch(() => undefined); // the job is over
  }

  async #closeAfter(ms: number): Promise<void> {
    await this.#options.clock.sleep(Math.max(0, ms), this.#over.signal);
    await this.#session?.close();
  }

  async #unopened({ sessionId }: Session): Promise<JobEnd> {
    const { sessions } = this.#options;
    const failure = this.#gone ?? (await sessions.whyUnopened(sessionId));
    // It may still be in the agent's queue.
    await sessions.terminate(sessionId);
    return { kind: "impossible", failure };
  }

  /** The job's end, unless another session may still tell of it. */
  async #reached({ sessionId, end, progress }: EndedSession): Promise<JobEnd | undefined> {
    const { cancel, clock, sessions } = this.#options;
    if (end.kind !== "ended" && end.kind !== "gap") return end;
    this.#gone ??= (await lookAtTask(this.#monitoring)).gone;
    if (this.#gone !== undefined) return { kind: "impossible", failure: this.#gone };
    // A job may be silent for hours, and its sessions cut once in an hour.
    this.#inVain = progress || (end.kind === "ended" && end.attached) ? 0 : this.#inVain + 1;
    if (end.kind === "ended" && isMismatch(end.end)) await sessions.terminate(sessionId);
    const isOver = cancel.aborted || this.#inVain >= MOST_IN_VAIN || clock.now() >= sessions.until;
    return isOver || isFinal(end) ? end : undefined;
  }

  /** Says why another session is needed, and frees the place of this one. */
  async #leaveBehind({ sessionId, end, progress }: EndedSession): Promise<void> {
    const { extractor, log, sessions } = this.#options;
    this.#pause = progress ? FIRST_PAUSE_MS : longer(this.#pause);
    if (end.kind === "gap") {
      // One annotation says it; a peer that does it again and again must not fill the page with them.
      log[this.#gaps++ === 0 ? "warning" : "info"](notWhole(sessionId, end));
      await sessions.terminate(sessionId);
    } else if (end.kind === "ended") {
      const why = describeEnd(end.end);
      log.info(`Session ${sessionId} was cut: ${why} Attaching again at byte ${extractor.offset}.`);
      if (end.end.kind === "lost") await sessions.terminate(sessionId);
    }
  }

  /** Another session, tried while it is the network that refuses it; a refusal that is final is returned. */
  async #nextSession(): Promise<Session | Failure> {
    const { sessions, cancel, clock, extractor, log } = this.#options;
    for (let pause = this.#pause; ; pause = longer(pause)) {
      await clock.sleep(pause * (0.5 + Math.random() / 2), cancel);
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

/** Its encryption is not the cluster's: it was given up before anything was typed. */
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
