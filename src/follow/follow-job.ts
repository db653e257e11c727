import { Failure } from "../errors.ts";
import { type Log, logFailure } from "../log.ts";
import type { Session } from "../session/session.ts";
import { tellWaiting } from "../waiting.ts";
import { enoughShown } from "./backlog.ts";
import type { Expiry } from "./expiry.ts";
import type { PieceStore } from "../pieces/store.ts";
import type { PieceFollower } from "./follow-pieces.ts";
import { type FollowContext, followSession } from "./follow-session.ts";
import type { CarrierEnd, DetachedJob, JobEnd } from "./job-end.ts";
import { type ReleasedSession, NO_SESSION } from "./released-session.ts";
import { MonitoredCarrier } from "./monitored-carrier.ts";
import { PieceCarriers, type PieceFolders } from "./piece-carriers.ts";
import { type EndedSession, SessionChain, type SessionSource } from "./session-chain.ts";
import type { TaskMonitorOptions } from "./task-monitor.ts";
import type { UnopenedSession } from "./unopened-session.ts";

/** The time in which a container surely learns of a renewal: it reads `control` each half minute. */
const RENEWAL_MS = 60_000;

export interface FollowJobOptions extends FollowContext {
  readonly sessions: SessionSource;
  /** The folders for the output in S3; undefined when S3 may not carry it. */
  readonly folders?: PieceFolders | undefined;
  readonly ecs: TaskMonitorOptions["ecs"];
  readonly target: TaskMonitorOptions["target"];
  readonly log: Log;
  /** What happens when AWS refuses the credentials. */
  readonly expiry?: Expiry | undefined;
  /** When the credentials end, in milliseconds since the epoch, if known. */
  readonly credentialsEnd?: number | undefined;
  /** Aborts when the job is to be detached at once. */
  readonly detachNow?: AbortSignal | undefined;
  /** How long the job is followed before it is detached, in milliseconds; undefined: to its end. */
  readonly detachAfter?: number | undefined;
  /** Whether the script has ended and its artifacts come. The job is then followed to its end: the next step would lack the artifacts' beginning. */
  readonly isEnding?: (() => boolean) | undefined;
  /** The job, when another step has detached from it; undefined when this step starts it. */
  readonly running?: RunningJob | undefined;
}

/** A job that runs already. */
export interface RunningJob {
  /** The folder into which the container uploads its output; undefined when it uploads none. */
  readonly pieces: PieceStore | undefined;
  /** Until when the container may write there, as far as that is known, in milliseconds since the epoch. */
  readonly writableUntil: number;
}

/** The outcome of following a job. */
export interface FollowedJob {
  readonly end: JobEnd;
  /** True when the script may have run. */
  readonly attached: boolean;
  /** When a session first showed the job, or this step resumed it, in milliseconds since the epoch; else undefined. */
  readonly attachedAt: number | undefined;
  /** True when S3 carried the output to the job's end, so that the container uploads no more. */
  readonly byPieces: boolean;
  /** True when the container has closed the last session itself. With the status in it, the attacher had ended the uploads before that. */
  readonly isClosed: boolean;
}

/**
 * Follows the job to its end through one carrier after another: as many sessions as that takes, and S3 when that
 * works. Each carrier goes on at the byte where the last one was. The task monitor runs beside the sessions, and the end
 * of the task counts before the end of a session. Never rejects: a failure is an end of kind `impossible`.
 */
export async function followJob(options: FollowJobOptions): Promise<FollowedJob> {
  return await new JobFollower(options).run();
}

class JobFollower {
  readonly #options: FollowJobOptions;
  readonly #carrier: MonitoredCarrier;
  readonly #chain: SessionChain;
  readonly #enough: AbortSignal;
  readonly #pieces: PieceCarriers | undefined;
  readonly #over = new AbortController();
  readonly #detach = new AbortController();
  /** The open session. The action may have released it. */
  #session: Session | undefined;
  #attachedAt: number | undefined;
  #hasBegun = false;
  #isByPieces = false;
  #isClosed = false;

  constructor(options: FollowJobOptions) {
    this.#options = options;
    this.#chain = new SessionChain(options);
    const { ecs, target, clock, log, expiry, credentialsEnd, folders, sessions } = options;
    const onRefused = (refusal: Failure): void => expiry?.onRefused(refusal, this.#session !== undefined);
    const signal = this.#over.signal;
    this.#carrier = new MonitoredCarrier({ ecs, target, clock, log, onRefused, credentialsEnd, signal });
    this.#enough = enoughShown(options.cancel, clock, signal);
    this.#pieces =
      folders && new PieceCarriers({ ...options, folders, credentialsEnd, stop: () => sessions.stop() });
  }

  async run(): Promise<FollowedJob> {
    const { log } = this.#options;
    const end = await this.#follow().catch((error: unknown): JobEnd => ({
      kind: "impossible",
      failure: logFailure(error, log),
    }));
    const attachedAt = this.#attachedAt;
    const ways = { byPieces: this.#isByPieces, isClosed: this.#isClosed };
    return { end, attached: attachedAt !== undefined, attachedAt, ...ways };
  }

  async #follow(): Promise<JobEnd> {
    const { sessions, extractor, running } = this.#options;
    try {
      const reached = running && (await this.#resume(running));
      if (reached !== undefined) return reached;
      let session = await sessions.attach(running === undefined ? 0 : extractor.offset);
      if (running === undefined) this.#monitor();
      for (let first = true; ;) {
        const from = extractor.offset;
        const end = await this.#followSession(session, first);
        first &&= !session.heard;
        if (end.kind === "unopened") return await this.#endUnopened(session);
        if (end.kind === "detached") return end;
        if (end.kind === "released") {
          const reached = await this.#followPieces(this.#pieces?.takeProven(), end);
          if (reached !== undefined) return reached;
        } else {
          const ended = { sessionId: session.sessionId, end, progress: extractor.offset > from };
          const reached = await this.#decideEnd(ended);
          if (reached !== undefined) return reached;
          await this.#chain.release(ended);
        }
        const next = await this.#chain.next();
        if (next instanceof Failure) return { kind: "impossible", failure: next };
        session = next;
      }
    } finally {
      this.#over.abort();
    }
  }

  /** Follows by its pieces a job that runs already. Resolves with undefined when the job needs a session. */
  async #resume({ pieces, writableUntil }: RunningJob): Promise<JobEnd | undefined> {
    const { clock } = this.#options;
    this.#attachedAt = clock.now();
    if ((await this.#carrier.look()) === undefined) this.#monitor();
    const follower = pieces && (await this.#pieces?.resume(pieces));
    if (follower === undefined) return this.#carrier.endOfTask;
    this.#carrier.use(follower);
    this.#begin();
    // Without a renewal in time the container stops uploading. A session can give it a new order.
    if (clock.now() >= writableUntil - RENEWAL_MS) follower.finish();
    return await this.#followPieces(follower, NO_SESSION);
  }

  /** Begins when the job is there. The job is detached only when it is known which carrier works, since another step resumes that one. */
  #begin(): void {
    const { clock, log, detachAfter, detachNow, cancel } = this.#options;
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    log.phase();
    if (detachAfter === undefined) return;
    const signal = this.#over.signal;
    if (detachNow?.aborted) this.#detach.abort();
    else detachNow?.addEventListener("abort", () => this.#detach.abort(), { once: true, signal });
    const isDecided = this.#carrier.isByPieces ? undefined : this.#pieces?.decided;
    Promise.all([clock.sleep(detachAfter, signal), isDecided]).then(
      () => {
        // A cancel stops the job, so there is nothing to leave.
        if (this.#options.isEnding?.() !== true && !cancel.aborted) this.#detach.abort();
      },
      () => undefined, // the job is over
    );
  }

  async #followSession(
    session: Session,
    first: boolean,
  ): Promise<CarrierEnd | UnopenedSession | ReleasedSession | DetachedJob> {
    const { sessions, clock, log } = this.#options;
    this.#carrier.use(session);
    this.#session = session;
    this.#isClosed = false;
    void session.ended.then(({ kind }) => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#isClosed = kind === "closed";
    });
    const stopTelling = tellWaiting(() => whatStarts(session), { clock, log });
    const end = await followSession(session, {
      ...this.#options,
      ...{ first, opening: sessions.opening(), handover: this.#pieces, detach: this.#detach.signal },
      enough: this.#enough,
      moreTime: () => sessions.moreTime(session.sessionId),
      canNeverOpen: () => sessions.canNeverOpen(),
      onStatus: () => sessions.releasePlace(session),
      onAttached: () => {
        stopTelling();
        this.#begin();
        this.#attachedAt ??= clock.now();
        sessions.onAttached();
      },
    });
    stopTelling();
    return end;
  }

  /** Follows the job after its session was released. Resolves with the job's end; undefined when a session has to follow it again. */
  async #followPieces(
    pieces: PieceFollower | undefined,
    released: ReleasedSession,
  ): Promise<JobEnd | undefined> {
    const { sessions, log, extractor } = this.#options;
    if (pieces === undefined) return undefined;
    this.#carrier.use(pieces);
    const detach = (): void => pieces.detach();
    if (this.#detach.signal.aborted) detach();
    else this.#detach.signal.addEventListener("abort", detach, { once: true });
    const level = this.#options.folders?.areAskedFor === true ? "info" : "debug";
    log[level](`The output comes by S3 from byte ${extractor.offset} on.`);
    const over = new AbortController();
    void released.over.then(() => {
      over.abort();
      sessions.releasePlace();
    });
    sessions.untilWanted(over.signal).then(
      () => released.giveWay(),
      () => undefined, // the session is over, or the job
    );
    if (this.#carrier.gone !== undefined) pieces.finish();
    const end = await pieces.follow();
    over.abort();
    switch (end.kind) {
      case "status":
      case "refused":
        this.#isByPieces = true;
        await released.take();
        return end;
      case "detached":
        await released.detach();
        return end;
      case "exhausted":
        if (this.#carrier.gone === undefined) return undefined;
        this.#isByPieces = true;
        await released.close();
        log.warning(restIsLost(end.position), BY_S3);
        return this.#carrier.endOfTask;
      case "closed":
        await released.close();
        return this.#carrier.endOfTask ?? { kind: "ended", end: { kind: "closed-here" }, attached: true };
      case "stalled":
        await released.close();
        log.warning(sessionGoesOn(end.seen, extractor.offset), BY_S3);
        return this.#carrier.endOfTask;
    }
  }

  #monitor(): void {
    const { sessions, clock } = this.#options;
    this.#carrier.monitor(sessions.until - clock.now());
  }

  async #endUnopened({ sessionId }: Session): Promise<JobEnd> {
    const { sessions } = this.#options;
    const failure = this.#carrier.gone ?? (await sessions.whyUnopened(sessionId));
    // The session may still be in the agent's queue.
    await sessions.terminate(sessionId);
    return { kind: "impossible", failure };
  }

  /** The job's end; undefined when another session may still tell it. */
  async #decideEnd(ended: EndedSession): Promise<JobEnd | undefined> {
    const { end } = ended;
    if (end.kind !== "ended" && end.kind !== "gap") return end;
    const gone = await this.#carrier.look();
    if (gone !== undefined) return gone;
    return (await this.#chain.mayGoOn(ended)) ? undefined : end;
  }
}

/** What has to come before a session shows the job. */
function whatStarts({ heard, sessionId }: Session): string {
  return heard
    ? "the container to fetch the script and to start it"
    : `the exec agent to open session ${sessionId}`;
}

const BY_S3 = "how-it-works.md#output-by-s3";

function restIsLost(position: number): string {
  return `The output came by S3 up to byte ${position}. What the job printed after that is lost.`;
}

function sessionGoesOn(why: string, offset: number): string {
  return `The output does not come by S3 any more: ${why}. A session goes on at byte ${offset}.`;
}
