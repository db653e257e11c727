import type { Clock } from "../clock.ts";
import { asFailure, Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { SESSION_OVER_MS } from "../payload/beat.ts";
import { type ClaimName, leaveQueue } from "./claim.ts";
import { type Line, type LostRuns, type OwnClaim, renewStep, replaceStep, takeStep } from "./claim-steps.ts";
import { leaseOf } from "./leases.ts";
import { type FoundQueue, QueueObject, type QueueS3 } from "./queue-object.ts";
import { type Claim, EMPTY, holders, type Queue } from "./queue-state.ts";

/** The pause between two looks of the next run in line. A run with a higher number has more time until its seat. */
const NEXT_PAUSE_MS = 200;
const PAUSE_A_NUMBER_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** The shortest pause, as a multiple of the answer time: an S3 that is slow or throttles gets fewer requests. */
const PAUSE_PER_ANSWER = 2;
/** How often a holder looks whether it may replace a session. */
const REPLACE_PAUSE_MS = 1_000;

const SEAT = "The claim on the container's seat";

export interface QueueMemberOptions {
  readonly claim: ClaimName;
  /** Former claims of this run, under other ids. One that could not be given back makes room for this one. */
  readonly earlier?: readonly string[] | undefined;
  /** Whether the run's job has begun in the container: by default not. */
  readonly hasBegun?: (() => boolean) | undefined;
  /** What the claim tells other runs about this one. */
  readonly names: Pick<Claim, "url" | "job" | "matrix">;
  /**
   * Resolves with true when another run that shares may hold a seat at the same time. Only for a run that releases its
   * session soon, that may list sessions, and whose sessions aren't logged. Until it resolves the run shares with no other.
   */
  readonly shares: Promise<boolean>;
  /** What the claim is on, for the log, and what a renewal has to be surrounded by; undefined for a claim on a seat. */
  readonly lock?: LockRenewal | undefined;
  readonly s3: QueueS3;
  readonly clock: Pick<Clock, "now" | "sleep" | "random">;
  readonly log: Log;
  readonly random?: (() => number) | undefined;
}

/** How the claim on a lock is renewed. */
export interface LockRenewal {
  /** As in "The lock 'deploy'". */
  readonly subject: string;
  /** Makes this renewal. Its result is that of `QueueMember.renew`. */
  readonly renew: (write: () => Promise<boolean>) => Promise<void>;
}

/** A run's part in the queue of a container: it waits in line, holds a seat, and leaves. */
export class QueueMember {
  readonly #options: QueueMemberOptions;
  readonly #queue: QueueObject;
  readonly #over = new AbortController();
  #renewing: Promise<void> = Promise.resolve();
  #sessions: string[] = [];
  #shares = false;
  #mayShare = true;
  #releasesSoon = false;
  #replacedAt = -Infinity;
  #holds = false;
  /** The queue as this run last saw it. */
  #seen: Queue = EMPTY;

  constructor(options: QueueMemberOptions) {
    this.#options = options;
    void options.shares.then((shares) => this.#learn(shares));
    const { bucket, owner, key, kmsKeyId } = options.claim;
    this.#queue = new QueueObject({ ...options, object: { bucket, owner, key }, kmsKeyId });
  }

  /** The sessions of this run and of the others in the queue. */
  get knownSessions(): readonly string[] {
    return [...this.#sessions, ...this.#seen.claims.flatMap(({ session }) => session ?? [])];
  }

  /** Whether other runs held seats when this one last read the queue. */
  get hasOtherHolders(): boolean {
    return holders(this.#seen).some(({ run }) => run !== this.#options.claim.run);
  }

  /** Whether other runs were in the queue when this one last read it. */
  get hasOthers(): boolean {
    return this.#seen.claims.some(({ run }) => run !== this.#options.claim.run);
  }

  /** Whether runs waited in the queue when this one, which holds its seat, last read it. */
  get hasWaiting(): boolean {
    return this.#seen.claims.some(({ holds }) => !holds);
  }

  /** The last sessions of runs that have left. */
  get pastSessions(): readonly string[] {
    return this.#seen.past;
  }

  /**
   * Waits in line until the run holds a seat. From then on it renews the claim. Returns the lost
   * runs whose seats it has taken over. A failure or an abort may leave a claim behind, so `leave` has to be called then.
   */
  async take(waiting: WaitOptions): Promise<LostRuns> {
    const { shares, clock, log } = this.#options;
    const { deadline, signal } = waiting;
    // A job that takes a seat for the second time knows already whether it shares. A promise that has settled tells `#learn` in one turn.
    await Promise.race([shares, Promise.resolve()]);
    let number = 1;
    for (let troubles = 0, isFirst = true; ; isFirst = false) {
      signal?.throwIfAborted();
      const began = clock.now();
      try {
        const step = this.#keepSeen((found) =>
          takeStep(found, this.#own, { ...waiting, mayJoin: clock.now() < deadline }),
        );
        const state = await this.#queue.change(step, {
          ...(isFirst && { assume: "absent" as const }),
          ...{ denied: "absent" as const, signal },
        });
        if (state.kind === "holds") {
          this.#holds = true;
          this.#renewing = this.#keepRenewing();
          return state.lost;
        }
        waiting.onWait(state.line);
        number = state.line.number;
        troubles = 0;
      } catch (error) {
        signal?.throwIfAborted();
        // A run that can't see the queue at its first look fails at once: it has no place in the line yet that it could lose.
        if (isFirst || !isTransient(error) || clock.now() >= deadline) throw error;
        if ((troubles += 1) === 1)
          log.info(`The queue for the container can't be seen: ${asFailure(error).seen}`);
      }
      const answer = (clock.now() - began) * PAUSE_PER_ANSWER;
      const pause = Math.min(LONGEST_PAUSE_MS, Math.max(answer, this.#pause(number) * 2 ** troubles));
      await clock.sleep(Math.min(pause, Math.max(0, deadline - clock.now())), signal);
    }
  }

  /** Names a session of the run, so that the run that takes the place over can end it, and others know it. */
  name(session: string): void {
    this.#sessions.push(session);
    this.#announce();
  }

  /** To be called when the run releases its session soon: others that share may then come in, if this one does. */
  share(): void {
    this.#releasesSoon = true;
    this.#announce();
  }

  /** From now on no other run may share the container. False: an earlier holder has it, and this run is in line again. Fails when that can't be written. */
  async stopSharing(): Promise<boolean> {
    this.#mayShare = false;
    if (!this.#shares) return true;
    this.#shares = false;
    return (this.#holds = await this.#renew());
  }

  /**
   * Waits until the run may open another session, after one that was lost. A run that has the container for itself
   * may do so at once. `isOver` tells whether the lost session has ended, as far as SSM knows. False when the claim
   * was lost to another run. An abort throws its reason.
   */
  async waitToReplace(isOver: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<boolean> {
    const { clock } = this.#options;
    if (!this.#shares) return true;
    const until = clock.now() + SESSION_OVER_MS;
    while (this.#holds) {
      const isOld = clock.now() >= until || (await isOver());
      const step = this.#keepSeen((found) => replaceStep(found, this.#own, isOld));
      const answer = await this.#queue.change(step, { denied: "fails", signal });
      if (answer === "lost") this.#holds = false;
      if (answer === "may") {
        this.#replacedAt = clock.now();
        return true;
      }
      await clock.sleep(REPLACE_PAUSE_MS, signal);
    }
    return false;
  }

  /** Reads the queue again, for the sessions of others. */
  async refresh(): Promise<void> {
    const step = this.#keepSeen(() => ({ result: undefined }));
    await this.#queue.change(step, { denied: "fails" });
  }

  /** Stops renewing the claim, so that it ends by itself if no run gives it back. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#renewing;
  }

  /** Gives the seat back, or leaves the line. Never rejects; false when the claim may still be there. */
  async leave(): Promise<boolean> {
    const { claim, log } = this.#options;
    await this.stop();
    this.#holds = false;
    try {
      await leaveQueue(this.#queue, claim.run, this.#sessions.at(-1));
      return true;
    } catch (error) {
      log.info(
        `The claim in s3://${claim.bucket}/${claim.key} was not given back. It ends by itself after ${leaseOf(this.#own.manner).lasts / 1000} s. ${asFailure(error).failed}`,
      );
      return false;
    }
  }

  #pause(number: number): number {
    const { clock, random = clock.random.fraction } = this.#options;
    return (NEXT_PAUSE_MS + (number - 1) * PAUSE_A_NUMBER_MS) * (0.8 + random() * 0.4);
  }

  #learn(shares: boolean): void {
    this.#shares = shares && this.#mayShare;
    this.#announce();
  }

  /**
   * Tells the queue that this run shares, and its session, so that others may come in. A short job spares the write while no
   * other run was seen in the queue.
   */
  #announce(): void {
    const isDue = this.#shares && this.#sessions.length > 0 && (this.#releasesSoon || this.hasOthers);
    if (isDue) void this.renew().catch(() => undefined); // the next renewal says it
  }

  get #own(): OwnClaim {
    const { claim, earlier = [], hasBegun, names, clock, lock } = this.#options;
    const isReplacing = clock.now() - this.#replacedAt < SESSION_OVER_MS;
    const manner = {
      shares: this.#shares,
      locks: lock !== undefined,
      sessions: isReplacing ? 2 : 1,
    } as const;
    return { run: claim.run, earlier, hasBegun: hasBegun?.() === true, names, manner };
  }

  /** A step that does the same, and also keeps the queue that it is given as the last one seen. */
  #keepSeen<Result>(
    step: (found: FoundQueue | undefined) => Result,
  ): (found: FoundQueue | undefined) => Result {
    return (found) => {
      this.#seen = found?.queue ?? EMPTY;
      return step(found);
    };
  }

  async #keepRenewing(): Promise<void> {
    const { clock, log, lock } = this.#options;
    for (let isFailing = false; this.#holds;) {
      try {
        await clock.sleep(leaseOf(this.#own.manner).renewedEvery, this.#over.signal);
      } catch {
        return; // given back
      }
      try {
        await (lock === undefined ? this.renew() : lock.renew(() => this.renew()));
        isFailing = false;
      } catch (error) {
        if (!isFailing && !this.#over.signal.aborted)
          log.info(`${lock?.subject ?? SEAT} was not renewed: ${asFailure(error).seen}`);
        isFailing = true;
      }
    }
  }

  async #renew(): Promise<boolean> {
    const step = this.#keepSeen((found) => renewStep(found, this.#own, this.#sessions.at(-1)));
    return await this.#queue.change(step, { denied: "fails", signal: this.#over.signal });
  }

  /** Renews the claim of a holder. False when the claim was lost to another run. Fails when that can't be written. */
  async renew(): Promise<boolean> {
    const isOurs = await this.#renew();
    if (isOurs || !this.#holds) return isOurs;
    this.#holds = false;
    // The result tells the holder of a lock, which ends its job.
    if (this.#options.lock === undefined)
      this.#options.log.info(`${SEAT} was lost to another run; this one goes on.`);
    return false;
  }
}

/** How a run waits in line. */
export interface WaitOptions {
  /** Milliseconds since the epoch. A run that may not wait does not join the line. */
  readonly deadline: number;
  /** Called after each look in vain. It throws when the waiting has to end. */
  readonly onWait: (line: Line) => void;
  /** Called just before the seat is taken. */
  readonly beforeTaking: () => void;
  readonly signal: AbortSignal | undefined;
}

function isTransient(error: unknown): boolean {
  return error instanceof Failure && (error.code === "throttled" || error.code === "aws-unreachable");
}
