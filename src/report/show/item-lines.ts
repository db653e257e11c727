import type { OutputItem } from "../../carriers/stream/items.ts";
import { linesOf } from "./lines.ts";
import { findLabel } from "./worker-ends.ts";

/** The most lines and bytes that are kept of what a worker prints for an item. */
const MOST_LINES = 20;
export const MOST_ITEM_BYTES = 4 * 1024;
/** Of how many failed items the last lines are kept. */
const MOST_ITEMS = 50;

/** What a worker has printed for its item. The texts are bytes in latin1, because a piece of a buffer would keep all of it in memory. */
interface Printed {
  /** The last lines that have ended. */
  readonly lines: readonly string[];
  /** The lines that have begun and not ended, by their source. */
  readonly open: ReadonlyMap<string, string>;
}

interface InHand {
  now: Printed;
  certain: Printed;
  /** The number of `confirmed`s before the last change. */
  changedAfter: number;
}

const NOTHING: Printed = { lines: [], open: new Map() };

/** Keeps the last lines that each worker of a task prints for the item that it has in hand, without the labels of the workers. */
export class ItemLines {
  readonly #workers: number;
  readonly #limit: number;
  readonly #inHand = new Map<number, InHand>();
  #keeps = 0;

  /** `limit` bytes are kept of each item in hand. */
  constructor(workers: number, limit = MOST_ITEM_BYTES) {
    this.#workers = workers;
    this.#limit = limit;
  }

  /** The worker begins an item. */
  begin(worker: number): void {
    this.#inHand.set(worker, { now: NOTHING, certain: NOTHING, changedAfter: this.#keeps });
  }

  /** The worker has ended its item. Returns the last lines that it printed for it. */
  end(worker: number): readonly string[] {
    const { now } = this.#inHand.get(worker) ?? { now: NOTHING };
    this.#inHand.delete(worker);
    const open = [...now.open.values()].filter((text) => text !== "");
    return this.#lastOf([...now.lines, ...open]).map((line) =>
      Buffer.from(line, "latin1").toString("utf8").replace(/\r$/, ""),
    );
  }

  /** Takes the output of the job, as `Printer` does. */
  print(shown: OutputItem): void {
    if (shown.kind === "confirmed") this.#keeps += 1;
    else if (shown.kind === "gap") this.#rollBack();
    else if (shown.kind === "text") this.#push(shown);
  }

  #rollBack(): void {
    for (const kept of this.#inHand.values()) if (kept.changedAfter === this.#keeps) kept.now = kept.certain;
  }

  #push({ source, bytes, ends }: Extract<OutputItem, { kind: "text" }>): void {
    if (this.#workers === 1) this.#add(0, source, this.#linesIn(bytes), ends);
    // The tag has the worker's number behind the letter of the stream.
    else if (source !== "") this.#addLabelled(Number(source.slice(1)), source, bytes, ends);
    else for (const [worker, lines] of this.#linesOfWorkers(bytes)) this.#add(worker, source, lines, true);
  }

  /** Whole lines of standard output, by the worker that stands in the label of each. */
  #linesOfWorkers(bytes: Buffer): ReadonlyMap<number, readonly string[]> {
    const lines = new Map<number, string[]>();
    for (const line of linesOf(bytes)) {
      const label = findLabel(line);
      if (label === undefined || !this.#inHand.has(label.worker)) continue;
      const of = lines.get(label.worker) ?? [];
      if (of.length === MOST_LINES) of.shift();
      of.push(this.#endOf(line.subarray(label.length)));
      lines.set(label.worker, of);
    }
    return lines;
  }

  #addLabelled(worker: number, source: string, bytes: Buffer, ends: boolean): void {
    const continues = this.#inHand.get(worker)?.now.open.has(source) === true;
    const label = continues ? undefined : findLabel(bytes);
    const text = bytes.subarray(label?.worker === worker ? label.length : 0);
    this.#add(worker, source, [this.#endOf(text)], ends);
  }

  /** The last lines in these bytes. */
  #linesIn(bytes: Buffer): readonly string[] {
    const lines: string[] = [];
    for (let end = bytes.length; end >= 0 && lines.length < MOST_LINES;) {
      const before = end === 0 ? -1 : bytes.lastIndexOf(LF, end - 1);
      lines.unshift(this.#endOf(bytes.subarray(before + 1, end)));
      end = before;
    }
    return lines;
  }

  #endOf(line: Buffer): string {
    return line.toString("latin1", Math.max(0, line.length - this.#limit));
  }

  /** Adds lines. The first goes on with the open line of this source; the last stays open unless it `ends`. */
  #add(worker: number, source: string, [first = "", ...more]: readonly string[], ends: boolean): void {
    const kept = this.#inHand.get(worker);
    if (kept === undefined) return;
    if (kept.changedAfter !== this.#keeps) kept.certain = kept.now;
    kept.changedAfter = this.#keeps;
    const { lines, open } = kept.now;
    const all = [((open.get(source) ?? "") + first).slice(-this.#limit), ...more];
    const rest = new Map(open);
    rest.delete(source);
    const last = ends ? undefined : all.pop();
    if (last !== undefined) rest.set(source, last);
    kept.now = { lines: this.#lastOf([...lines, ...all]), open: rest };
  }

  /** The last lines, each of them whole unless it alone is too long. */
  #lastOf(lines: readonly string[]): readonly string[] {
    let room = this.#limit;
    let from = lines.length;
    for (; from > 0 && lines.length - from < MOST_LINES; from -= 1) {
      room -= (lines[from - 1]?.length ?? 0) + 1;
      if (room < -1) break;
    }
    return lines.slice(Math.min(from, lines.length - 1));
  }
}

const LF = 10;

/** The last lines of those failed items that come first in the list. */
export class FailedItemLines {
  readonly #lines = new Map<number, readonly string[]>();

  /**
   * Keeps the last lines of a run that has ended so, in place of those of earlier runs of its items: with the first item of the list that has not
   * succeeded and does not run again, else with the first that has not succeeded.
   */
  keepOf(
    ends: readonly {
      readonly item: { readonly index: number };
      readonly outcome: string;
      readonly runsAgain: boolean;
    }[],
    lines: readonly string[],
  ): void {
    const [first] = ends
      .filter(({ outcome }) => outcome !== "succeeded")
      .toSorted(
        (one, other) => Number(one.runsAgain) - Number(other.runsAgain) || one.item.index - other.item.index,
      );
    for (const { item } of ends) this.#lines.delete(item.index);
    if (first !== undefined) this.#lines.set(first.item.index, lines);
    if (this.#lines.size > MOST_ITEMS) this.#lines.delete(Math.max(...this.#lines.keys()));
  }

  of(index: number): readonly string[] {
    return this.#lines.get(index) ?? [];
  }
}
