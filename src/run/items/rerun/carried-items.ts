import type { Task } from "../../../aws/task.ts";
import type { Inputs } from "../../../inputs/inputs.ts";
import type { Log } from "../../../log.ts";
import type { ItemResult } from "../../../report/item-results.ts";
import { countNouns } from "../../../report/item-words.ts";
import type { Target } from "../../../targets/target.ts";
import {
  type EarlierRun,
  type ItemEnd,
  type ItemMemory,
  type Program,
  programOf,
  type Success,
  whatChanged,
} from "./earlier-runs.ts";

import { definitionFile } from "./key.ts";

export interface CarriedItemsOptions {
  readonly memory: ItemMemory;
  readonly inputs: Pick<Inputs, "where">;
  /** The key of these items. */
  readonly keyOf: (items: readonly string[]) => string;
  readonly log: Log;
}

/** Finds which items need not run, because they have succeeded in an earlier run, and keeps the ends of those that run for a later one. */
export class CarriedItems {
  readonly #options: CarriedItemsOptions;
  #runs: readonly EarlierRun[] = [];
  #why: string | undefined;
  #recalled: Promise<void> | undefined;

  constructor(options: CarriedItemsOptions) {
    this.#options = options;
  }

  get mayHaveEarlier(): boolean {
    return this.#options.memory.mayHaveEarlier;
  }

  /** Asks what earlier runs of these items have left, the first time that it is called. Never rejects. */
  async recall(items: readonly string[]): Promise<void> {
    await (this.#recalled ??= this.#recall(items));
  }

  async #recall(items: readonly string[]): Promise<void> {
    const { memory, keyOf } = this.#options;
    const { runs, why } = await memory.recall(keyOf(items), items.length);
    this.#runs = runs;
    this.#why = why;
  }

  /** Whether an earlier run has left something, so that it matters what the items run in now. */
  get hasEarlier(): boolean {
    return this.#runs.some(
      ({ program, ended }) =>
        program !== undefined && [...ended.values()].some((success) => success !== undefined),
    );
  }

  /** How many items are left if they run in the same program as the last time. */
  leftOf(total: number): number {
    const program = this.#lastKnown?.program;
    return total - (program === undefined ? 0 : this.#successesIn(program).length);
  }

  /**
   * The results of items that need not run in this program, by their indices. Undefined: what they run in is not known. Says why all run, when an
   * earlier run was to be expected. From now on ends are kept. Rejects as `ItemMemory.begin` does.
   */
  async begin(
    list: readonly string[],
    program: Program | undefined,
  ): Promise<ReadonlyMap<number, ItemResult>> {
    const { memory, log } = this.#options;
    const successes = program === undefined ? [] : this.#successesIn(program);
    if (program !== undefined) memory.ranIn(program);
    const refusal = await memory.begin(successes, list);
    const why = refusal ?? this.#why ?? (successes.length === 0 ? this.#whyNone(program) : undefined);
    if (why !== undefined) {
      log.info(`All ${countNouns(list.length, "item")} run: ${why}.`);
      return new Map();
    }
    if (successes.length > 0) log.info(this.#carriedLine(successes, list.length));
    return new Map(successes.map((success) => [success.index, resultOf(success, list)]));
  }

  /** What items run in in this container; undefined while it is not known. */
  programOf(task: Task, target: Pick<Target, "container" | "revision">): Program | undefined {
    return programOf(task, target, definitionFile(this.#options.inputs.where) !== undefined);
  }

  /** ECS has described a task of the step. */
  sees(task: Task, target: Pick<Target, "container" | "revision">): void {
    const program = this.programOf(task, target);
    if (program !== undefined) this.#options.memory.ranIn(program);
  }

  note(end: ItemEnd): void {
    this.#options.memory.note(end);
  }

  /** `failedBy`: as of an `ItemMemory`. */
  async close(failedBy?: string): Promise<void> {
    await this.#options.memory.close(failedBy);
  }

  get #lastKnown(): (EarlierRun & { readonly program: Program }) | undefined {
    for (const { program, ...run } of this.#runs.toReversed())
      if (program !== undefined) return { ...run, program };
    return undefined;
  }

  #successesIn(program: Program): readonly Success[] {
    const ended = new Map<number, Success | undefined>();
    for (const run of this.#runs)
      for (const [index, success] of run.ended)
        // An end in this program counts. An item may have failed in it, too, when it is not known in what.
        if (
          run.program === undefined ? success === undefined : whatChanged(run.program, program) === undefined
        )
          ended.set(index, success);
    return [...ended.values()].filter((one) => one !== undefined);
  }

  #whyNone(program: Program | undefined): string | undefined {
    if (!this.hasEarlier) return this.mayHaveEarlier ? "none is known to have succeeded before" : undefined;
    const last = this.#lastKnown;
    if (last === undefined) return undefined;
    if (program === undefined) return "it is not known in which image they run now, or it is not one";
    const changed = whatChanged(last.program, program);
    return changed === undefined
      ? undefined
      : `${changed} than in ${this.#options.memory.nameOf(last.number)}`;
  }

  #carriedLine(successes: readonly Success[], total: number): string {
    const { memory } = this.#options;
    const runs = [...new Set(successes.map(({ run }) => run))].sort((one, other) => one - other);
    const [only = 0, ...more] = runs;
    const where = more.length === 0 ? memory.nameOf(only) : "earlier runs";
    return `${successes.length} of ${countNouns(total, "item")} succeeded in ${where}, and are not run again.`;
  }
}

function resultOf({ run, ...success }: Success, list: readonly string[]): ItemResult {
  return {
    ...success,
    ...{ item: list[success.index] ?? "", outcome: "succeeded", exitCode: 0, carriedFrom: run },
    ...{ beganAt: undefined, endedAt: undefined, lastLines: [] },
  };
}
