import type { ActiveSession } from "../aws/ssm.ts";
import type { LostRuns } from "./claim-steps.ts";
import { QueueMember, type WaitOptions } from "./queue-member.ts";
import type { ClaimName } from "./claim.ts";
import { lookAtSessions, waitForForeignSessions } from "./foreign-sessions.ts";
import { endLostSession } from "./lost-session.ts";
import type { Seat, SeatClaim, SeatOptions } from "./seat.ts";
import type { Failure } from "../errors.ts";
import { seatWaitLog } from "./queue.ts";
import { runWords, holderClause } from "./wait-log.ts";

/** For how long the last look at the container's sessions counts as new. */
const LOOK_LASTS_MS = 1_000;

interface SeatInQueueOptions extends SeatOptions {
  readonly claim: ClaimName;
  readonly onClaim: (claim: SeatClaim | undefined) => void;
}

/** A seat that is taken by a claim in the queue in the bucket. */
export class SeatInQueue implements Seat {
  readonly isHeld = true;
  readonly #options: SeatInQueueOptions;
  readonly #member: QueueMember;
  /** How long the run waits for a seat each time that it queues, in milliseconds. */
  readonly #patience: number;
  #isBesideOthers = false;
  #saysDenied = true;
  #released: Promise<void> | undefined;

  constructor(options: SeatInQueueOptions) {
    const { origin, matrix, shares = Promise.resolve(false), aws } = options;
    this.#options = options;
    this.#patience = options.deadline - options.clock.now();
    this.#member = new QueueMember({
      ...options,
      ...{ shares, s3: aws.s3 },
      earlier: origin.earlier,
      hasBegun: () => options.attaches === true || (options.own?.length ?? 0) > 0,
      names: { url: origin.url, job: origin.variables["GITHUB_JOB"], matrix },
    });
  }

  get isBesideOthers(): boolean {
    return this.#isBesideOthers;
  }

  get isWanted(): boolean {
    return this.#member.hasOthers;
  }

  /**
   * Waits in line, and then for the end of sessions that no run in the queue has opened. After a failure the seat has to
   * be released.
   */
  async take(deadline = this.#options.clock.now() + this.#patience): Promise<void> {
    const { clock, signal } = this.#options;
    const waitLog = seatWaitLog({ ...this.#options, deadline });
    let looking: Promise<readonly ActiveSession[] | undefined> = Promise.resolve(undefined);
    let lookedAt = -Infinity;
    const waiting: WaitOptions = {
      deadline,
      signal,
      onWait: ({ number, holder }) => {
        // The last look is old: the holder may open sessions until its seat is free.
        lookedAt = -Infinity;
        waitLog.tell({ held: holderClause(holder), goal: `for its seat as number ${number} in line` });
      },
      beforeTaking: () => {
        // When another run has written the claims first, the run gets here again at once.
        if (clock.now() - lookedAt < LOOK_LASTS_MS) return;
        lookedAt = clock.now();
        looking = lookAtSessions(this.#looks);
      },
    };
    const lost = await this.#member.take(waiting);
    if (lost.length > 0) {
      await this.#endSessions(lost);
      looking = lookAtSessions(this.#looks);
    }
    const { isBesideOthers, canList } = await waitForForeignSessions({
      ...{ ...this.#options, ...this.#looks, deadline, looking, waitLog },
      hasOtherHolders: this.#member.hasOtherHolders,
      ours: () => [...this.#member.knownSessions, ...(this.#options.own ?? [])],
      past: () => this.#member.pastSessions,
      refresh: () => this.#member.refresh(),
    });
    // A run may share only if it can see the session of a run whose claim was lost.
    if (!canList && !(await this.#member.stopSharing())) {
      await this.take(deadline);
      return;
    }
    signal?.throwIfAborted();
    this.#isBesideOthers = isBesideOthers;
    waitLog.end();
  }

  async isWaitedFor(): Promise<boolean> {
    try {
      await this.#member.refresh();
      return this.#member.hasWaiting;
    } catch {
      return false;
    }
  }

  onSession(sessionId: string): void {
    this.#member.name(sessionId);
  }

  share(): void {
    this.#member.share();
  }

  async waitToReplace(lostSessionId: string): Promise<void> {
    const { aws, sessionTarget, signal } = this.#options;
    const isOver = async (): Promise<boolean> => {
      const sessions = await aws.ssm.listActiveSessions(sessionTarget).catch(() => undefined);
      return sessions?.every(({ id }) => id !== lostSessionId) ?? false;
    };
    if (!(await this.#member.waitToReplace(isOver, signal))) await this.take();
  }

  /** Stops renewing a claim that may not be given back. */
  async abandon(): Promise<void> {
    await this.#member.stop();
  }

  async postpone(freeAt: number): Promise<void> {
    await this.#member.stop();
    this.#options.onClaim({ ...this.#options.claim, freeAt });
  }

  async release(): Promise<void> {
    await (this.#released ??= this.#leave());
  }

  async #leave(): Promise<void> {
    if (await this.#member.leave()) this.#options.onClaim(undefined);
  }

  get #looks() {
    const { aws, sessionTarget, clock, log } = this.#options;
    return {
      ssm: aws.ssm,
      sessionTarget,
      clock,
      log,
      onDenied: (denied: Failure) => this.#sayDenied(denied),
    };
  }

  /** Says once that the sessions of others can't be seen. */
  #sayDenied({ failed }: Failure): void {
    if (this.#saysDenied)
      this.#options.log.info(
        `The container's sessions can't be seen, so the job may run beside sessions of others, and the session of a lost run ends by itself. ${failed}`,
      );
    this.#saysDenied = false;
  }

  async #endSessions(lost: LostRuns): Promise<void> {
    for (const { claim, silentFor } of lost) {
      this.#options.log.info(
        `Took the seat of ${runWords(claim)}, which did not renew its claim for ${Math.round(silentFor / 1000)} s.`,
      );
      if (claim.session !== undefined) await endLostSession(claim.session, this.#looks);
    }
  }
}
