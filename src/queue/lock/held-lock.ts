import type { Clock } from "../../clock.ts";
import type { Failure } from "../../errors.ts";
import type { QueueMember } from "../queue-member.ts";
import { lockLost } from "./failures.ts";
import { TRUST_MS } from "../leases.ts";

/** The pause between two tries to confirm the lock. */
const CONFIRM_PAUSE_MS = 1_000;

export interface HeldLockOptions {
  readonly name: string;
  readonly member: Pick<QueueMember, "renew" | "stop" | "leave">;
  readonly clock: Clock;
  /** Called once when the lock may be lost: the job has to be ended. */
  readonly onLost: (why: Failure) => void;
}

/**
 * The trust in a lock, from the moment before it is taken. A renewal counts from its beginning, and a timer measures how old it is. So
 * neither a wrong clock nor a pause of the process alone makes the lock seem fresher than it is.
 *
 * A suspension of the whole machine does: the timers of Node.js go by the monotonic clock, which stands still on a suspended Linux
 * (clock_gettime(2)). Two things protect then: `confirm` renews the lock before a job begins, and the container stops a job that hears no sign
 * (leases.ts).
 */
export class HeldLock {
  readonly #options: HeldLockOptions;
  readonly #over = new AbortController();
  #trust = new AbortController();
  #isTaken = false;
  /** True when the trust that began with a write has ended, and that write has not taken the lock yet. */
  #isStale = false;
  #lost: Failure | undefined;

  constructor(options: HeldLockOptions) {
    this.#options = options;
  }

  /** Why the lock may be lost; undefined while it is this run's. */
  get lost(): Failure | undefined {
    return this.#lost;
  }

  /** To be called just before each write that may take the lock. */
  begin(): void {
    const former = this.#trust;
    this.#isStale = false;
    this.#trust = this.#beginTrust();
    former.abort();
  }

  /** To be called once the lock is taken. */
  keep(): void {
    this.#isTaken = true;
    if (this.#isStale) this.#expire();
  }

  /**
   * Makes certain that the lock is this run's, by a renewal. To be called when a container is ready to begin the job: the
   * container then counts the time without a sign (leases.ts). Fails with `lock-lost`.
   */
  async confirm(): Promise<void> {
    for (;;) {
      if (this.#lost !== undefined) throw this.#lost;
      try {
        await this.renew(() => this.#options.member.renew());
        if (this.lost === undefined) return;
      } catch {
        await this.#options.clock.sleep(CONFIRM_PAUSE_MS, this.#over.signal);
      }
    }
  }

  /** Stops renewing the lock, so that it ends by itself unless a later step gives it back. */
  async abandon(): Promise<void> {
    this.#stop();
    await this.#options.member.stop();
  }

  /** Gives the lock to the next run. Never rejects; false when the claim may still be there. */
  async release(): Promise<boolean> {
    this.#stop();
    return await this.#options.member.leave();
  }

  #stop(): void {
    this.#over.abort();
    this.#trust.abort();
  }

  /** Renews the lock by this write, which is false when another run has it. Fails as the write does. */
  async renew(write: () => Promise<boolean>): Promise<void> {
    const trust = this.#beginTrust();
    try {
      const isOurs = await write();
      if (!isOurs)
        this.#lose(lockLost(this.#options.name, "Another run holds it: this one did not renew it in time."));
    } catch (error) {
      trust.abort();
      throw error;
    }
    this.#trust.abort();
    this.#trust = trust;
    if (this.#over.signal.aborted || this.#lost !== undefined) trust.abort();
  }

  /** Begins a time in which the lock is trusted. It is aborted when a later one has begun. */
  #beginTrust(): AbortController {
    const trust = new AbortController();
    this.#options.clock.sleep(TRUST_MS, trust.signal).then(
      () => this.#expire(),
      () => undefined, // renewed, or given back
    );
    return trust;
  }

  #expire(): void {
    if (this.#isTaken)
      this.#lose(lockLost(this.#options.name, `It could not be renewed for ${TRUST_MS / 1000} s.`));
    else this.#isStale = true;
  }

  #lose(why: Failure): void {
    if (this.#lost !== undefined) return;
    this.#lost = why;
    this.#trust.abort();
    void this.#options.member.stop();
    if (!this.#over.signal.aborted) this.#options.onLost(why);
  }
}
