import type { ItemResult } from "../../report/item-results.ts";
import { endOfProgram } from "../../report/outcome.ts";

/**
 * Where a batch is. `waiting`: nobody has it. `stock`: a holder has it. `hand`: a worker has taken it. `lost`: its holder is gone, and its end is not
 * known. `over`: it has its end.
 */
export type BatchState = "waiting" | "stock" | "hand" | "lost" | "over";

/** What is known of the last run of a batch. */
interface LastRun {
  readonly outcome: "succeeded" | "failed" | "stopped" | "unknown";
  readonly task: number;
  readonly worker?: number;
  readonly beganAt?: number;
  readonly endedAt?: number;
  readonly exitCode?: number;
  readonly seconds?: number;
}

/** Items that one run of the script gets. They share its end. */
export class Batch {
  /** Its place in the order of handing out. */
  readonly place: number;
  readonly indices: readonly number[];
  state: BatchState = "waiting";
  /** The number of the order that has given it to its holder. */
  order = 0;
  /** Its holder has told that it begins. */
  hasBegun = false;
  /** Its exit code may make it run again. */
  repeats = false;
  /** How often it has begun. */
  begins = 0;
  /** How often it may have begun unheard. */
  losses = 0;
  last: LastRun | undefined;

  constructor(place: number, indices: readonly number[]) {
    this.place = place;
    this.indices = indices;
  }

  /** Names the batch. */
  get first(): number {
    return this.indices[0] ?? NaN;
  }

  /** How many attempts are spent. */
  get spent(): number {
    return this.begins + this.losses;
  }

  result(
    index: number,
    item: string,
    stoppedAs: "cancelled" | "timed-out",
    lastLinesOf: (first: number) => readonly string[],
  ): ItemResult {
    const { last, indices, first } = this;
    const end = this.#end(stoppedAs);
    return {
      ...{ index, item, ...end, attempts: this.begins },
      ...{ task: last?.task, worker: last?.worker, beganAt: last?.beganAt },
      ...(indices.length > 1 && { batch: first }),
      lastLines: end.exitCode === undefined || end.exitCode === 0 ? [] : lastLinesOf(first),
    };
  }

  #end(
    stoppedAs: "cancelled" | "timed-out",
  ): Pick<ItemResult, "outcome" | "exitCode" | "seconds" | "endedAt"> {
    const { state, last } = this;
    const none = { exitCode: undefined, seconds: undefined, endedAt: undefined };
    if (state === "stock" || state === "hand" || last?.outcome === "unknown")
      return { outcome: "unknown", ...none };
    const { exitCode, seconds, endedAt, outcome } = last ?? {};
    if (exitCode === undefined) return { outcome: "not-started", ...none };
    return { ...endOfProgram(exitCode, outcome === "stopped" ? stoppedAs : undefined), seconds, endedAt };
  }
}
