import { asFailure, Failure, type FailureCode } from "../errors.ts";
import { type Log, loggedFailure } from "../log.ts";
import type { Session, SessionEnd } from "../session/session.ts";
import type { Gap } from "../stream/extract.ts";
import { tellWaiting } from "../waiting.ts";
import { enoughShown } from "./backlog.ts";
import { describeEnd, sessionEndReason, isFinal } from "./session-end.ts";
import type { Expiry } from "./expiry.ts";
import { describeGap } from "./failures.ts";
import { type FollowContext, followSession } from "./follow-session.ts";
import type { CarrierEnd, JobEnd } from "./job-end.ts";
import { lookAtTask, monitorTask, type TaskMonitorOptions } from "./task-monitor.ts";

/** The pause after a cut. It doubles with each cut that follows without output in between. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** The most sessions in a row that end before they show the job. */
const MOST_IN_VAIN = 8;
/** The time for the last output of a task that has ended. */
const LAST_WORDS_MS = 1_000;

/** Failures that may pass. */
const TRANSIENT: ReadonlySet<FailureCode> = new Set(["session-lost", "aws-unreachable", "throttled"]);

/** The sessions of a job, one after the other. */
export interface SessionSource {
  /** When to give up, in milliseconds since the epoch. */
  readonly until: number;
  /** Opens a session that goes on at this byte of the spool. Rejects when there can't be one. */
  attach(at: number): Promise<Session>;
  /** How long the agent may take to open the first session, in milliseconds from now. */
  opening(): number;
  /** How many more milliseconds to wait for the first session, when `opening` is over. */
  moreTime(sessionId: string): Promise<number>;
  /** Explains why the agent has not opened the first session. */
  whyUnopened(sessionId: string): Promise<Failure>;
  /** Ends a session that was lost, so that its place in the container is free. Never rejects. */
  terminate(sessionId: string): Promise<void>;
  /** Called when the container has the payload. */
  releasePayload(): void;
}

export interface FollowJobOptions extends FollowContext {
  readonly sessions: SessionSource;
  readonly ecs: TaskMonitorOptions["ecs"];
  readonly target: TaskMonitorOptions["target"];
  readonly log: Log;
  /** What happens when AWS refuses the credentials. */
  readonly expiry?: Expiry | undefined;
  /** When the credentials end, in milliseconds since the epoch, where that is known. */
  readonly credentialsEnd?: number | undefined;
}

/** The outcome of following a job. */
export interface FollowedJob {
  readonly end: JobEnd;
  /** True when the script may have run. */
  readonly attached: boolean;
}

/**
 * Follows the job to its end through as many sessions as that takes. After a cut the next session goes on at the byte
 * where the last one was. The task monitor runs beside the sessions, and the end of the task counts before the end of
 * a session. Never rejects: a failure is an end of kind `impossible`.
 */
export async function followJob(options: FollowJobOptions): Promise<FollowedJob> {
  return await new JobFollower(options).run();
}

/** A session that has ended, and how. */
interface EndedSession {
  readonly sessionId: string;
  readonly end: CarrierEnd;
  /** True when it has brought output. */
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
    const { sessions, cancel, clock, extractor, log } = this.#options;
    const each = { ...this.#options, enough: enoughShown(cancel, clock, this.#over.signal) };
    const onAttached = (): void => {
      if (!this.#attached) log.phase();
      this.#attached = true;
      sessions.releasePayload();
    };
    try {
      let session = (this.#session = await sessions.attach(0));
      this.#monitor();
      this.#closeAfter(sessions.until - clock.now()).catch(() => undefined); // the job ended in time
      for (let first = true; ;) {
        const from = extractor.offset;
        const { sessionId } = session;
        const stopTelling = tellWaiting(() => whatStarts(session), { clock, log });
        const end = await followSession(session, {
          ...{ ...each, first, opening: sessions.opening() },
          moreTime: () => sessions.moreTime(sessionId),
          onAttached: () => {
            stopTelling();
            onAttached();
          },
        });
        stopTelling();
        first &&= !session.heard;
        if (end.kind === "unopened") return await this.#unopened(session);
        const ended = { sessionId, end, progress: extractor.offset > from };
        const reached = await this.#reached(ended);
        if (reached !== undefined) return reached;
        await this.#replaceSession(ended);
        const next = await this.#nextSession();
        if (next instanceof Failure) return { kind: "impossible", failure: next };
        session = this.#session = next;
      }
    } finally {
      this.#over.abort();
    }
  }

  /** Monitors the task. Soon after its container has ended, detaches from the session. */
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
    // The session may still be in the agent's queue.
    await sessions.terminate(sessionId);
    return { kind: "impossible", failure };
  }

  /** The job's end; undefined where another session may still tell it. */
  async #reached({ sessionId, end, progress }: EndedSession): Promise<JobEnd | undefined> {
    const { cancel, clock, sessions } = this.#options;
    if (end.kind !== "ended" && end.kind !== "gap") return end;
    const look = await lookAtTask(this.#monitoring);
    if (look.kind === "gone") this.#gone ??= look.failure;
    if (this.#gone !== undefined) return { kind: "impossible", failure: this.#gone };
    // An attached session counts even without output: a job may be silent for hours, and its sessions last one hour.
    this.#inVain = progress || (end.kind === "ended" && end.attached) ? 0 : this.#inVain + 1;
    if (end.kind === "ended" && isMismatch(end.end)) await sessions.terminate(sessionId);
    const isOver = cancel.aborted || this.#inVain >= MOST_IN_VAIN || clock.now() >= sessions.until;
    return isOver || isFinal(end) ? end : undefined;
  }

  /** Logs why another session is needed, and frees the place of this one. */
  async #replaceSession({ sessionId, end, progress }: EndedSession): Promise<void> {
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

/** What has to come before a session shows the job. */
function whatStarts({ heard, sessionId }: Session): string {
  return heard
    ? "the container to fetch the script and to start it"
    : `the exec agent to open session ${sessionId}`;
}

function longer(pause: number): number {
  return Math.min(pause * 2, LONGEST_PAUSE_MS);
}

/**
 * True where the action gave the session up before it typed anything, because its encryption is not the cluster's.
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
