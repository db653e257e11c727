import { Failure } from "../errors.ts";
import { logFailure } from "../log.ts";
import type { Session } from "../session/session.ts";
import type { EndOfJob, Gap } from "./stream/items.ts";
import type { SpoolEvent } from "./stream/spool-events.ts";
import type { Carrier, CarrierEvent, Loss } from "./carrier.ts";
import { CarrierSet, type MainCarrier } from "./carrier-set.ts";
import { DetachTime } from "./detach-time.ts";
import { restIsLost, sessionGoesOn } from "./failures.ts";
import type { FollowedJob, FollowJobOptions } from "./follow-options.ts";
import type { JobEnd } from "./job-end.ts";
import { NextSession } from "./next-session.ts";
import type { PiecesCarrier } from "./pieces-carrier.ts";
import type { SessionCarrier } from "./session-carrier.ts";
import type { StepEvent } from "./step-event.ts";
import { TaskWatch } from "./task-watch.ts";

/** The time in which a container surely learns of a renewal: it reads `control` each half minute. */
const RENEWAL_MS = 60_000;
const BY_S3 = "how-it-works.md#output-by-s3";

/**
 * Follows the job to its end through one carrier after another: as many sessions as that takes, and S3 when that
 * works. Each carrier goes on at the byte where the last one was. The task monitor runs beside them, and the end
 * of the task counts before the end of a carrier. Never rejects: a failure is an end of kind `impossible`.
 */
export async function followJob(options: FollowJobOptions): Promise<FollowedJob> {
  return await new Following(options).run();
}

class Following {
  readonly #options: FollowJobOptions;
  readonly #carriers: CarrierSet;
  readonly #next: NextSession;
  readonly #detachTime: DetachTime;
  readonly #task: TaskWatch;
  /** Aborts when nothing more is to come of the job. Its last words may still be said. */
  readonly #over = new AbortController();
  /** Aborts when they have been said, too. */
  readonly #closed = new AbortController();
  #mustDetach = false;
  /** Resolves when the container knows that the job is detached. */
  #detaching: Promise<void> | undefined;
  /** The byte at which the last session began. */
  #from = 0;
  /** True while no session was heard. A session that has shown the job and was then released counts. */
  #isFirst = true;
  #attachedAt: number | undefined;
  /** What S3 has had to do with the end. */
  #ways = { byPieces: false, hasOthers: false };

  constructor(options: FollowJobOptions) {
    const { signal } = this.#over;
    this.#options = options;
    this.#carriers = new CarrierSet(options, signal);
    this.#next = new NextSession(options);
    this.#detachTime = new DetachTime(options, signal, () => this.#carriers.put({ kind: "detach" }));
    this.#task = new TaskWatch(options, this.#closed.signal, (event) => {
      this.#carriers.put(event);
      if (event.kind === "gone" && signal.aborted) this.#leaveGone();
    });
  }

  async run(): Promise<FollowedJob> {
    const { items, log } = this.#options;
    items?.onChange(() => this.#carriers.say({ itemOrders: items.pending }));
    const end = await this.#follow().catch((error: unknown): JobEnd => ({
      kind: "impossible",
      failure: logFailure(error, log),
    }));
    const attachedAt = this.#attachedAt;
    const isClosed = this.#carriers.session?.isClosed ?? false;
    this.#over.abort();
    this.#closed.abort();
    await this.#carriers.close();
    return { end, attached: attachedAt !== undefined, attachedAt, ...this.#ways, isClosed };
  }

  async #follow(): Promise<JobEnd> {
    const reached = await this.#begin();
    if (reached !== undefined) return reached;
    for await (const [from, event] of this.#carriers.inbox) {
      const end = await this.#handle(from, event);
      if (end !== undefined) return end;
    }
    throw new Error("a job without an end");
  }

  /** What happens in each case. Returns the job's end. */
  async #handle(from: Carrier | undefined, event: CarrierEvent | StepEvent): Promise<JobEnd | undefined> {
    const { main, session } = this.#carriers;
    switch (event.kind) {
      case "gone":
        main?.finish();
        return;
      case "overdue":
        // A step that attaches may have waited for its seat.
        if (this.#options.sessions.until > this.#options.clock.now()) this.#task.watchTime();
        else void main?.close();
        return;
      case "expired":
        this.#expire(event.refusal);
        return;
      case "detach":
        if (this.#options.cancel.aborted) return;
        // Pieces that are proven bring the rest, also to the next step.
        this.#mustDetach = true;
        if (session?.isReleasing !== true) this.#detaching ??= main?.close("detach");
        return;
      case "wanted":
        if (session !== main) void session?.close("away"); // another session may have followed the released one
        return;
      case "ordered":
        this.#carriers.order(event);
        if (event.order === undefined && !event.over.aborted) this.#detachTime.decide();
        return;
      case "note":
        this.#options.note(event.text);
        return;
      case "proven":
        if (!this.#carriers.isOrdered(from) || this.#mustDetach) return;
        // The session brings the end of a cancelled job sooner.
        if (this.#options.cancel.aborted) return;
        this.#carriers.releaseSession();
        this.#detachTime.decide();
        return;
      case "released":
        if (from === main) this.#usePieces(this.#carriers.useOrdered());
        return;
      case "lost":
        if (from === main && main !== undefined) return await this.#lose(main, event.why);
        if (from === session) void this.#carriers.noteReleasedOver(event.why);
        if (!this.#carriers.isOrdered(from)) return;
        this.#detachTime.decide();
        this.#carriers.orderAgain(event.why);
        return;
      default:
        return from === main && main !== undefined ? await this.#take(main, event) : undefined;
    }
  }

  /** Finds the first carrier: the pieces of a job that runs already, or a session. */
  async #begin(): Promise<JobEnd | undefined> {
    const { running, clock } = this.#options;
    if (running === undefined) {
      await this.#openSession();
      this.#task.monitor();
      return;
    }
    this.#attachedAt = clock.now();
    if ((await this.#task.look()) === undefined) this.#task.monitor();
    const pieces = running.pieces && (await this.#carriers.resume(running.pieces));
    if (pieces === undefined) {
      if (this.#task.gone === undefined) await this.#openSession();
      return this.#task.end;
    }
    this.#usePieces(pieces);
    this.#detachTime.decide();
    this.#options.sessions.noteAttached();
    this.#showJob();
    // Without a renewal in time the container stops uploading. A session can give it a new order.
    if (clock.now() >= running.writableUntil - RENEWAL_MS) pieces.finish();
    return;
  }

  async #openSession(): Promise<void> {
    const { sessions, spool } = this.#options;
    this.#useSession(await sessions.attach(spool.offset));
  }

  #useSession(session: Session): void {
    this.#from = this.#options.spool.offset;
    this.#carriers.useSession(session, this.#isFirst);
  }

  #usePieces(pieces: PiecesCarrier | undefined): void {
    if (this.#task.gone !== undefined) pieces?.finish();
    if (this.#mustDetach) this.#detaching ??= pieces?.close("detach");
  }

  /** The job is there. */
  #showJob(): void {
    if (this.#detachTime.hasBegun) return;
    this.#options.log.phase();
    this.#detachTime.begin();
  }

  /** Takes what the main carrier brings of the spool. */
  async #take(main: MainCarrier, event: SpoolEvent): Promise<JobEnd | undefined> {
    const { spool, show, sessions, clock } = this.#options;
    const end = spool.deliver(event, show);
    if (end?.kind === "gap") return await this.#lose(main, end);
    if (end !== undefined) return await this.#end(main, end);
    if (event.kind === "confirmed") this.#carriers.say({ confirmed: spool.confirmed });
    if (event.kind !== "attached" || main.kind !== "session") return;
    this.#attachedAt ??= clock.now();
    this.#isFirst = false;
    this.#carriers.noteShown();
    this.#showJob();
    sessions.noteAttached();
    return;
  }

  async #end(main: MainCarrier, end: EndOfJob): Promise<EndOfJob> {
    const { sessions } = this.#options;
    // There is nothing left to stop.
    this.#finish();
    if (main.kind === "session" && end.kind === "status") sessions.releaseSeat(main.session);
    await main.close("taken");
    if (main.kind === "session") return end;
    this.#ways = { byPieces: true, hasOthers: main.hasOthers };
    await this.#carriers.closeReleased("taken");
    return end;
  }

  /** Nothing more is to come of the job. */
  #finish(): void {
    this.#over.abort();
    if (this.#task.gone !== undefined) this.#leaveGone();
  }

  /** A container that has ended hears no last word, so no session is kept open for it. */
  #leaveGone(): void {
    void this.#carriers.session?.close();
  }

  /** Whether the step has left the job. A job that a cancel has told to stop meanwhile is not left: its container may have heard only one of the two. */
  get #isDetached(): boolean {
    return this.#detaching !== undefined && !this.#options.cancel.aborted;
  }

  /** The main carrier brings nothing more: another one goes on, unless the job's end is known. */
  async #lose(main: MainCarrier, why: Loss | Gap): Promise<JobEnd | undefined> {
    if (main.kind === "session") return await this.#loseSession(main, why);
    const { spool, log } = this.#options;
    await this.#detaching;
    if (this.#isDetached) {
      this.#finish();
      await this.#carriers.closeReleased("detach");
      return { kind: "detached", writableUntil: main.writableUntil };
    }
    switch (why.kind) {
      case "closed":
        await this.#carriers.closeReleased();
        return this.#task.end ?? { kind: "ended", end: { kind: "closed-here" }, attached: true };
      case "exhausted":
        await main.close();
        // The access that another step has given has ended, so the container uploads no more.
        if (this.#task.gone === undefined) {
          await this.#openSession();
          return;
        }
        this.#ways = { ...this.#ways, byPieces: true };
        await this.#carriers.closeReleased();
        log.warning(restIsLost(spool.confirmed), BY_S3);
        return this.#task.end;
      default:
        await main.close("attach");
        await this.#carriers.giveWay();
        log.warning(sessionGoesOn(why, spool.offset), BY_S3);
        return this.#task.end ?? (await this.#openNext());
    }
  }

  async #loseSession(main: SessionCarrier, why: Loss | Gap): Promise<JobEnd | undefined> {
    const { sessions, spool } = this.#options;
    const { session } = main;
    const { sessionId } = session;
    this.#carriers.leaveSession();
    this.#isFirst &&= !session.heard;
    if (this.#isDetached) return { kind: "detached", writableUntil: this.#carriers.writableUntil };
    if (why.kind === "gap") await main.close();
    else if (why.kind !== "cut") {
      const failure = this.#task.gone ?? (await sessions.whyUnopened(sessionId));
      // The session may still be in the agent's queue.
      await sessions.terminate(sessionId);
      return { kind: "impossible", failure };
    }
    const end = why.kind === "gap" ? why : ({ ...why, kind: "ended" } as const);
    const gone = await this.#task.look();
    if (gone !== undefined) return gone;
    const { heard } = session;
    const isDue = await this.#next.isDue({ sessionId, end, heard, progress: spool.offset > this.#from });
    if (isDue) return await this.#openNext();
    return end.kind === "ended" && this.#attachedAt !== undefined ? { ...end, attached: true } : end;
  }

  async #openNext(): Promise<JobEnd | undefined> {
    const next = await this.#next.open();
    if (next instanceof Failure) return { kind: "impossible", failure: next };
    this.#useSession(next);
    return;
  }

  #expire(refusal: Failure): void {
    const { expiry } = this.#options;
    expiry?.refuse(refusal, this.#carriers.session?.isOpen === true);
    if (expiry !== undefined) this.#carriers.stop("expired", expiry.mustEndTask);
  }
}
