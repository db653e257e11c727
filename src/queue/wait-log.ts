import { type Clock, timeOfDay } from "../clock.ts";
import type { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { TELL_EVERY_MS } from "../waiting.ts";
import type { Claim } from "./queue-state.ts";

export interface WaitLogOptions {
  /** What the run waits for, as in "Container 'app' of task 0123". */
  readonly subject: string;
  /** As in "The seat in container 'app' is free". */
  readonly got: string;
  /** The failure at the deadline; `held` is that of the last `WaitReason`. */
  readonly busy: (seconds: number, held: string) => Failure;
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly clock: Pick<Clock, "now">;
  readonly log: Pick<Log, "info">;
}

/** Why a run waits for a container's seat, or for a lock. */
export interface WaitReason {
  /** As in "in use by session X since 12:00:00 UTC". */
  readonly held: string;
  /** What stands after "waiting", as in "for its end". */
  readonly goal: string;
}

/** Says what the run waits for: at once, and then every 30 s. */
export class WaitLog {
  readonly #options: WaitLogOptions;
  readonly #begun: number;
  #toldAt: number | undefined;

  constructor(options: WaitLogOptions) {
    this.#options = options;
    this.#begun = options.clock.now();
  }

  /** Fails at the deadline. */
  tell({ held, goal }: WaitReason): void {
    const { subject, busy, deadline, clock, log } = this.#options;
    const now = clock.now();
    const left = deadline - now;
    if (left <= 0) throw busy(this.#seconds(), held);
    if (this.#toldAt !== undefined && now - this.#toldAt < TELL_EVERY_MS) return;
    log.info(
      this.#toldAt === undefined
        ? `${subject} is ${held}; waiting ${goal}, for at most ${durationWords(left)} ('queue-timeout').`
        : `${subject} is still ${held}; waiting ${goal} (${this.#seconds()} s), for at most ${durationWords(left)} more ('queue-timeout').`,
    );
    this.#toldAt = now;
  }

  /** To be called once the run has the seat or the lock. */
  end(): void {
    const { got, log } = this.#options;
    if (this.#toldAt !== undefined) log.info(`${got} (${this.#seconds()} s).`);
  }

  #seconds(): number {
    return Math.round((this.#options.clock.now() - this.#begun) / 1000);
  }
}

/** As in "in use by job 'test' (3 of 40) of https://… since 12:00:00 UTC". */
export function holderClause(holder: Claim | undefined, verb: "in use" | "held" = "in use"): string {
  // First in line, and it has not confirmed yet.
  if (holder?.holds === false) return "about to be given to another run";
  return [verb, "by", runWords(holder), ...sinceWords(holder?.since)].join(" ");
}

/** The run of a claim in words, as far as the claim names it. */
export function runWords(claim: Claim | undefined): string {
  const { url, job, matrix } = claim ?? {};
  // A run without an address is a forward, a shell or one of the command line.
  if (job === undefined) return url ?? "another run, forward or shell";
  const run = url ?? "an unknown run";
  return `job '${job}'${matrix === undefined ? "" : ` (${matrix.index + 1} of ${matrix.total})`} of ${run}`;
}

/** As in "since 12:00:00 UTC", word by word; nothing for a time that is not known. */
export function sinceWords(ms: number | undefined): readonly string[] {
  return ms === undefined ? [] : ["since", timeOfDay(ms)];
}

/** As in "60 s" or "10 min". Rounded up, since it is the most that something takes. */
export function durationWords(ms: number): string {
  return ms < 120_000 ? `${Math.ceil(ms / 1000)} s` : `${Math.ceil(ms / 60_000)} min`;
}
