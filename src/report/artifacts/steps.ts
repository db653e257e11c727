import type { Clock } from "../../clock.ts";
import { Refusal } from "./refusal.ts";

/** The steps that each archive may take, and the steps that it may take more for each of its members. */
const STEPS = 10_000;
const STEPS_OF_MEMBER = 64;
/** The steps that are taken after a cancel: a second or two of work. */
const STEPS_AFTER_CANCEL = 20_000;
/** For how long other work of this process waits, in milliseconds. */
const BUSY_MS = 10;

/**
 * Counts the steps on all ways to what the members of an archive name. A step looks at a name or opens a directory. A few bytes of an archive may name
 * hundreds of directories, so the steps are bounded by the number of members, and not by the length of their names.
 */
export class Steps {
  readonly #cancel: AbortSignal | undefined;
  #taken = 0;
  #most = STEPS;
  #mostAfterCancel: number | undefined;
  readonly #clock: Pick<Clock, "now" | "turn">;
  #since: number;

  constructor(cancel: AbortSignal | undefined, clock: Pick<Clock, "now" | "turn">) {
    this.#cancel = cancel;
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** One more member has come. */
  addMember(): void {
    this.#most += STEPS_OF_MEMBER;
  }

  /** Counts a step. Throws a `Refusal` instead when there were too many. */
  take(): void {
    if (this.#cancel?.aborted === true) this.#mostAfterCancel ??= this.#taken + STEPS_AFTER_CANCEL;
    if (this.#taken >= this.#most) throw new Refusal("the ways in the archive are too long together");
    if (this.#taken >= (this.#mostAfterCancel ?? Infinity))
      throw new Refusal("the run was cancelled, and unpacking takes too long");
    this.#taken += 1;
  }

  /** To be awaited before each member: lets other work of this process go on, such as a cancel. */
  async letOthersGoOn(): Promise<void> {
    // The time of the machine may be set back meanwhile.
    if (Math.abs(this.#clock.now() - this.#since) < BUSY_MS) return;
    await this.#clock.turn();
    this.#since = this.#clock.now();
  }
}
