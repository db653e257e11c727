import type { Outcome } from "./result.ts";

/**
 * How an item ended. `not-started`: it never began. `unknown`: it may have begun in a task that was lost. `timed-out` and `cancelled`: it was in
 * hand when the job was stopped.
 */
export type ItemOutcome = Exclude<Outcome, "detached">;

export interface ItemResult {
  /** Its place in the list, from 0. */
  readonly index: number;
  readonly item: string;
  readonly outcome: ItemOutcome;
  /** Of its last run; undefined unless that has ended. */
  readonly exitCode: number | undefined;
  /** How long its last run took; undefined unless that has ended. */
  readonly seconds: number | undefined;
  /** How often it has begun, as far as that is known. */
  readonly attempts: number;
  /** Where its last run began: the number of the task in this step, and that of the worker. */
  readonly task: number | undefined;
  readonly worker: number | undefined;
  /** When the step heard of the begin and of the end of its last run, in milliseconds since the epoch. */
  readonly beganAt: number | undefined;
  readonly endedAt: number | undefined;
  /** The last lines that its worker printed for it, as the log shows them; empty unless it failed. */
  readonly lastLines: readonly string[];
}

/** The results of all items, in the order of the list. */
export interface ItemResults {
  readonly items: readonly ItemResult[];
  /** How many workers each task had that took items. */
  readonly workers: readonly number[];
}
