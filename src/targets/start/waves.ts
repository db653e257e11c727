import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Target } from "../target.ts";

/** The first and the longest pause between two tries. */
const FIRST_PAUSE_MS = 3_000;
const LONGEST_PAUSE_MS = 30_000;
/** StopTask is answered before the task gives its vCPUs back, so the tries after it follow each other as soon for this long. */
const STOPPING_MS = 60_000;

export interface WavesOptions {
  readonly clock: Pick<Clock, "now" | "sleep" | "random">;
  readonly log: Pick<Log, "info" | "debug">;
  readonly signal: AbortSignal | undefined;
  /** For how long to wait after the last of the run's own jobs has ended, in milliseconds. */
  readonly patience: number;
}

/**
 * A fan-out beyond what the account may run at once. RunTask's refusal begins the waves: from then on a task is stopped as soon as its
 * job has ended, and the next one is started in its place. While a job of this run is under way its task may give its vCPUs back, so
 * the wait goes on; after the last end it goes on for `patience`, since other tasks of the account may end, too.
 */
export class Waves {
  readonly #options: WavesOptions;
  /** Tasks whose jobs have ended while nothing was refused. */
  readonly #idle: Target[] = [];
  #jobs = 0;
  #lastEnd: number;
  #pause = FIRST_PAUSE_MS;
  #soonUntil = 0;
  #hasBegun = false;
  #ended = new AbortController();

  constructor(options: WavesOptions) {
    this.#options = options;
    this.#lastEnd = options.clock.now();
  }

  /** A task was given to a job. */
  jobBegins(): void {
    this.#jobs += 1;
  }

  /** A job has ended. `stoppable`: its task, unless that is kept. Returns the tasks to stop now. */
  jobEnds(stoppable: Target | undefined): readonly Target[] {
    this.#jobs -= 1;
    this.#lastEnd = this.#options.clock.now();
    if (stoppable !== undefined) this.#idle.push(stoppable);
    return this.#hasBegun ? this.#takeIdle() : [];
  }

  /** Begins the waves. Returns the tasks to stop now. */
  begin(seen: string): readonly Target[] {
    if (!this.#hasBegun)
      this.#options.log.info(
        `ECS starts no further task for this account now, so each further one is started when another task has ended. ${seen}`,
      );
    this.#hasBegun = true;
    return this.#takeIdle();
  }

  /** A task was started after a refusal. */
  refusalIsOver(): void {
    this.#pause = FIRST_PAUSE_MS;
  }

  /** Wakes the waiting try, since a task was stopped. */
  taskStops(): void {
    this.#pause = FIRST_PAUSE_MS;
    this.#soonUntil = this.#options.clock.now() + STOPPING_MS;
    this.#ended.abort();
    this.#ended = new AbortController();
  }

  /** Waits until another try makes sense. False when the time is over. An abort of `over` throws its reason. */
  async next(over: AbortSignal | undefined): Promise<boolean> {
    const { clock, signal, patience } = this.#options;
    const left = this.#jobs > 0 ? Infinity : this.#lastEnd + patience - clock.now();
    // Jobs that meet the same refusal spread out.
    const ms = this.#pause * (1 + clock.random.fraction() / 2);
    if (left < ms) return false;
    if (clock.now() >= this.#soonUntil) this.#pause = Math.min(LONGEST_PAUSE_MS, this.#pause * 2);
    const { signal: ended } = this.#ended;
    const aborts = [over ?? signal, ended].filter((one) => one !== undefined);
    await clock.sleep(ms, AbortSignal.any(aborts)).catch((error: unknown) => {
      if (!ended.aborted) throw error;
    });
    (over ?? signal)?.throwIfAborted();
    return true;
  }

  #takeIdle(): readonly Target[] {
    return this.#idle.splice(0);
  }
}
