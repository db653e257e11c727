import type { Clock } from "../../clock.ts";

/** A container keeps the directory of a job for ten minutes after its end (`payload/container/job.sh`). Two of them are for a session that waits in line. */
const OPEN_MS = 480_000;

/**
 * The time in which a session may bring what starts a job, though an earlier one may have started it: the container still has the job then, and starts no
 * second one. Later it might have ended and forgotten the job, while the runner was held up.
 */
export class StartWindow {
  readonly #clock: Pick<Clock, "now">;
  /** When the job could have begun first, in milliseconds since the epoch. */
  #since: number | undefined;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** To be called before what starts the job is typed. */
  open(): void {
    this.#since ??= this.#clock.now();
  }

  get isOver(): boolean {
    return this.#since !== undefined && this.#clock.now() - this.#since > OPEN_MS;
  }
}
