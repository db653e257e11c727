import type { ItemResult, SharedRun } from "../../report/item-results.ts";
import { endOfProgram } from "../../report/outcome.ts";

/**
 * Where an item is. `waiting`: nobody has it. `stock`: a holder has it. `hand`: a worker has taken it. `lost`: its holder is gone, and its end is not
 * known. `over`: it has its end.
 */
export type ItemState = "waiting" | "stock" | "hand" | "lost" | "over";

/** What is known of the last run of an item. */
interface LastRun {
  readonly outcome: "succeeded" | "failed" | "stopped" | "unknown";
  readonly task: number;
  readonly worker?: number;
  readonly beganAt?: number;
  readonly endedAt?: number;
  readonly exitCode?: number;
  readonly seconds?: number;
  readonly batch?: SharedRun | undefined;
}

export interface ItemOptions {
  readonly index: number;
  readonly text: string;
  /** Its place in the order of handing out. */
  readonly place: number;
  /** How long it is likely to take, in a unit that all items share. */
  readonly weight: number;
  /** The weight is a guess. */
  readonly isGuess: boolean;
}

/** An item of the list, and what has become of it. */
export class Item {
  readonly index: number;
  readonly text: string;
  readonly bytes: number;
  readonly place: number;
  readonly weight: number;
  readonly isGuess: boolean;
  state: ItemState = "waiting";
  /** The first index of the batch with which it was given to a holder last. */
  batch: number | undefined;
  /** How often it has begun. */
  begins = 0;
  /** How often it may have begun unheard. */
  losses = 0;
  last: LastRun | undefined;

  constructor({ index, text, place, weight, isGuess }: ItemOptions) {
    this.index = index;
    this.text = text;
    this.bytes = Buffer.byteLength(text);
    this.place = place;
    this.weight = weight;
    this.isGuess = isGuess;
  }

  /** How many attempts are spent. */
  get spent(): number {
    return this.begins + this.losses;
  }

  /** `lastLinesOf` has the last lines that are kept for the item with this index. */
  result(
    stoppedAs: "cancelled" | "timed-out",
    lastLinesOf: (index: number) => readonly string[],
  ): ItemResult {
    const { last, index, text } = this;
    const end = this.#end(stoppedAs);
    return {
      ...{ index, item: text, ...end, attempts: this.begins },
      ...{ task: last?.task, worker: last?.worker, beganAt: last?.beganAt },
      ...(last?.batch !== undefined && { batch: last.batch }),
      lastLines: end.exitCode === undefined || end.exitCode === 0 ? [] : lastLinesOf(index),
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
