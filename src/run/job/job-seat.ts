import { giveBack, SHORT_MS } from "../../queue/give-back.ts";
import { MachineLock } from "../../queue/machine-lock.ts";
import { estimateOtherUploads } from "../../queue/other-uploads.ts";
import type { Seat, SeatClaim } from "../../queue/seat.ts";
import { takeSeat } from "../../queue/take-seat.ts";
import { type LoggedSession, uploadMs, Uploads } from "../../queue/uploads.ts";
import type { SessionLogs } from "../../ready/session-logs.ts";
import { onceAfter } from "../../waiting.ts";
import type { JobContext } from "./context.ts";
import type { PreparedJob } from "./prepare.ts";

/** What a seat needs of the job, or of the forward, that takes it. */
export interface PlaceUser extends Pick<PreparedJob, "container" | "owner" | "setup"> {
  /** Undefined for a run that attaches to a job that runs already. */
  readonly start: unknown;
}

/** The interval of looks for other runs that wait, while the job holds its seat and needs no session. */
const WANTED_LOOK_MS = 3_000;
/** A look at the container's sessions is old after this time. A run opens its session a few milliseconds after the look. */
const OLD_LOOK_MS = 750;
/** A run that is held up again and again goes on after this many old looks. */
const MOST_LOOKS = 10;

/**
 * A job's seat in its container: the right to open sessions there, one at a time. The uploads of session logs keep it
 * occupied after the end of a session.
 */
export class JobSeat {
  readonly uploads: Uploads;
  readonly #job: PlaceUser;
  readonly #context: JobContext;
  /** Undefined while the job needs no session. */
  #seat: Seat | undefined;
  /** All sessions of the job. One of them may still be open when the job needs another. */
  readonly #own: string[] = [];
  /** Undefined when it is not known whether the sessions are logged. */
  #logs: SessionLogs | undefined;
  #waited = 0;
  #givingBack: Promise<void> = Promise.resolve();

  constructor(job: PlaceUser, context: JobContext) {
    this.uploads = new Uploads(context.clock);
    this.#job = job;
    this.#context = context;
  }

  /**
   * Queues for the seat unless the job holds it. True when this call has taken it. Fails with `container-busy` when no seat
   * is free within `queue-timeout`; at once while the job may still run in another container. An abort throws its reason, and leaves no claim.
   */
  async take(signal: AbortSignal = this.#context.cancel): Promise<boolean> {
    await this.#givingBack;
    if (this.#seat !== undefined) return false;
    const { container, owner, start } = this.#job;
    const { inputs, origin, target, aws, ledger, early, clock, log, queues } = this.#context;
    this.#seat = await takeSeat({
      target,
      sessionTarget: container.sessionTarget,
      shares: this.#shares(),
      isUnlogged: () => this.#isUnlogged(),
      attaches: start === undefined,
      own: this.#own,
      early: early?.take(container.sessionTarget),
      inputs,
      matrix: inputs.matrix,
      owner,
      origin,
      aws,
      onClaim: (claim?: SeatClaim) =>
        ledger.replace(["claim"], claim === undefined ? [] : [{ kind: "claim", ...claim }]),
      deadline: clock.now() + (queues || this.#own.length > 0 ? inputs.queueTimeout : 0),
      clock,
      log,
      signal,
    });
    return true;
  }

  /**
   * Opens a session by `open`. When a look at the container's sessions has given the seat, only one process of this runner at a time does
   * that. The run looks anew when its look is old, since the machine may have held up this process, or when another process of the
   * runner may have opened a session since. Fails like `take` and like `open`.
   */
  async openAlone<T>(open: () => Promise<T>): Promise<T> {
    const { cancel, clock, log, runner, machineLock } = this.#context;
    const { sessionTarget } = this.#job.container;
    const lock = new MachineLock({ sessionTarget, runner, clock, machineLock });
    let oldLooks = 0;
    while (this.#seat?.lookedAt !== undefined) {
      const answer = await lock.acquire(cancel);
      if (answer.kind === "none")
        log.info(`The job goes on without the machine's lock for sessions in this container: ${answer.why}.`);
      const isOld = clock.now() - this.#seat.lookedAt > OLD_LOOK_MS;
      if (answer.kind !== "waited") {
        if (!isOld || oldLooks === MOST_LOOKS) break;
        oldLooks += 1;
      }
      lock.release();
      this.#seat = undefined;
      await this.take();
    }
    try {
      const opened = await open();
      // Until then any process that looked before the session was in the list has to look anew. The lock also ends with this process, which
      // need not wait for that.
      onceAfter(OLD_LOOK_MS, clock, () => lock.release());
      return opened;
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /**
   * Whether the job shares the container with others that release their sessions soon, too. It does so when S3 may carry its output and no
   * upload of its session's log occupies the seat. The claim is made before this is known.
   */
  async #shares(): Promise<boolean> {
    try {
      const { pieceUse, logs } = await this.#job.setup;
      return pieceUse !== "never" && uploadMs(0, logs) === 0;
    } catch {
      return false;
    }
  }

  async #isUnlogged(): Promise<boolean> {
    return uploadMs(0, (await this.#job.setup).logs) === 0;
  }

  /** True when another session may delay the opening of this job's session. */
  get isBesideAnother(): boolean {
    return this.#seat?.isBesideOthers === true;
  }

  /** True when other runs use the container, or wait for it, as far as this one has seen. */
  get isWanted(): boolean {
    return this.#seat?.isWanted === true;
  }

  /** Resolves when another run waits for the seat. Rejects when `over` aborts. */
  async untilWanted(over: AbortSignal): Promise<void> {
    const { clock } = this.#context;
    do await clock.sleep(WANTED_LOOK_MS, over);
    while ((await this.#seat?.isWaitedFor()) !== true);
  }

  /** Called with each session of the job. */
  onSession(sessionId: string): void {
    this.#own.push(sessionId);
    this.#seat?.onSession(sessionId);
  }

  /** Called when the job is about to release its session. */
  share(): void {
    this.#seat?.share();
  }

  /** Waits until another session of the job may be opened, after this one was lost. An abort throws its reason. */
  async waitToReplace(lostSessionId: string): Promise<void> {
    await this.#seat?.waitToReplace(lostSessionId);
  }

  /** Called with each open session, and with the logs to which the agent uploads it, as far as they are known. */
  expectUpload(session: LoggedSession, logs: SessionLogs | undefined): void {
    this.#logs = logs;
    this.uploads.expect(session, logs);
  }

  /** For how many more milliseconds the uploads of other sessions' logs may delay the opening of this session. */
  async estimateOtherUploads(sessionTarget: string, sessionId: string): Promise<number> {
    const { aws, clock, log } = this.#context;
    const logged = uploadMs(0, this.#logs) > 0;
    const asked = { sessionTarget, sessionId, logged, waited: this.#waited };
    const ms = await estimateOtherUploads({ ...asked, ssm: aws.ssm, clock, log });
    this.#waited += ms;
    return ms;
  }

  /**
   * Gives the seat back while the session is being closed, when the upload of its log is short: the agent runs the
   * next session beside it.
   */
  giveBackSoon({ received }: LoggedSession): void {
    if (uploadMs(received, this.#logs) <= SHORT_MS) void this.giveBack();
  }

  /** Gives the seat to the next run. Never rejects; without a seat it does nothing. */
  async giveBack(): Promise<void> {
    const seat = this.#seat;
    this.#seat = undefined;
    if (seat !== undefined) this.#givingBack = giveBack(seat, this.uploads, this.#context);
    await this.#givingBack;
  }
}
