import type { OutputItem } from "../../carriers/stream/items.ts";
import type { NamedBatch } from "./facts.ts";
import type { ItemArchive, ItemRun } from "./item-archive.ts";
import type { ItemDirectories } from "./item-directories.ts";

/** Takes what items have written, from facts about items that are certain. */
export interface ItemFactReader {
  /** Whether it needs this fact. Called when it comes, though it may come again. */
  admits(text: string): boolean;
  take(text: string): void;
  /** Facts that were admitted are lost. */
  giveUp(): void;
}

/** A run of this job that has begun, and of whose directory not all has come for certain. */
interface Run {
  readonly run: ItemRun;
  /** Where the first line of the packer stands in the spool, once it has come. What has come may come again. */
  at: number | undefined;
  archive: ItemArchive | undefined;
}

/** A line of the packer, of the run that this order gave; and the end of a run. */
const PACK = /^pack (\d{1,9}) (\d{1,9}) ([af].*)$/s;
const END = /^end (\d{1,9}) (\d{1,9})[ ,]/;

/**
 * Takes what the runs of one job have written, from its facts: `pack ORDER INDEX LINE` before the `end` of the run. A container brings only what
 * belongs to runs that it has begun.
 */
export class JobDirectories implements ItemFactReader {
  readonly #all: ItemDirectories;
  readonly #runOf: (named: NamedBatch) => ItemRun | undefined;
  readonly #runs = new Map<string, Run>();

  /** `runOf`: the run that another step has heard to begin. */
  constructor(all: ItemDirectories, runOf: (named: NamedBatch) => ItemRun | undefined = () => undefined) {
    this.#all = all;
    this.#runOf = runOf;
  }

  /** The order has given these items, and their run has begun. It may be told twice. */
  begin(named: NamedBatch, run: ItemRun): void {
    const name = nameOf(named);
    if (!this.#runs.has(name)) this.#runs.set(name, { run, at: undefined, archive: undefined });
  }

  /** The run has ended. When nothing of its directory has come, it had nothing. Returns whether something has come, or does. */
  end(named: NamedBatch): boolean {
    const name = nameOf(named);
    const run = this.#runs.get(name);
    if (run !== undefined && run.at === undefined) this.#runs.delete(name);
    return run?.at !== undefined;
  }

  /** Notes that something has come, though it may come again. `at`: where it stands in the spool. */
  note(shown: OutputItem, at: number): void {
    const named = shown.kind === "item-fact" ? packOf(shown.text) : undefined;
    if (named === undefined) return;
    const known = this.#runs.get(nameOf(named));
    const run = known === undefined ? this.#runOf(named) : undefined;
    if (known !== undefined) known.at ??= at;
    else if (run !== undefined) this.#runs.set(nameOf(named), { run, at, archive: undefined });
  }

  /** Where the first directory begins of which not all has come for certain. */
  get openSince(): number | undefined {
    const all = [...this.#runs.values()].flatMap(({ at }) => at ?? []);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  admits(text: string): boolean {
    const named = packOf(text) ?? endOf(text);
    return named !== undefined && this.#runs.get(nameOf(named))?.at !== undefined;
  }

  take(text: string): void {
    const packed = packOf(text);
    const named = packed ?? endOf(text);
    const name = named === undefined ? "" : nameOf(named);
    const run = this.#runs.get(name);
    if (run === undefined) return;
    run.archive ??= this.#all.archive(run.run);
    if (packed !== undefined) run.archive.take(packed.line);
    else this.#unpack(name, run.archive);
  }

  giveUp(): void {
    for (const run of this.#runs.values()) {
      if (run.at === undefined) continue;
      run.archive ??= this.#all.archive(run.run);
      run.archive.lose("more of them came than a step keeps while they are not confirmed");
    }
  }

  async drained(): Promise<void> {
    await this.#all.drained();
  }

  /** The job is over, or left to another step, which then gets these directories from their beginning. What has come of runs without an end is all. */
  close({ isLeft }: { readonly isLeft: boolean }): void {
    for (const [name, { archive }] of this.#runs) {
      if (archive === undefined) continue;
      if (isLeft) {
        archive.close();
      } else {
        archive.lose("its task was lost before that");
        this.#unpack(name, archive);
      }
    }
    this.#runs.clear();
  }

  #unpack(name: string, archive: ItemArchive): void {
    this.#runs.delete(name);
    this.#all.unpack(archive);
  }
}

function nameOf({ order, index }: NamedBatch): string {
  return `${order} ${index}`;
}

function packOf(text: string): (NamedBatch & { readonly line: string }) | undefined {
  const [, order, index, line] = PACK.exec(text) ?? [];
  return line === undefined ? undefined : { order: Number(order), index: Number(index), line };
}

function endOf(text: string): NamedBatch | undefined {
  const [, order, index] = END.exec(text) ?? [];
  return index === undefined ? undefined : { order: Number(order), index: Number(index) };
}
