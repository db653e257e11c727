/** The most characters of a fact about batches that are given back. */
const LONGEST_BACK = 3_900;

/** Where the processes of a job tell of its items. */
export interface FactSink {
  readonly tell: (text: string, kept?: () => void) => void;
}

/** What one run of the script is for. */
export interface Batch {
  /** The order that has given it. */
  readonly order: number;
  /** As the order names it. */
  readonly word: string;
  readonly indices: readonly number[];
  /** 1 for its first run. */
  readonly attempt: number;
}

/** The items of a job that are given to its workers: what is there, who has claimed what, and which orders were obeyed. */
export class Stock {
  /** All items of the step. */
  readonly items: readonly string[];
  readonly facts: FactSink;
  /** The batches in the order in which they came, also those that were claimed. `end`: nothing more comes. */
  readonly entries: (Batch | "end")[] = [];
  readonly obeyed = new Set<number>();
  /** The facts of all ends, and what scripts have reported of single items. */
  readonly ends: string[] = [];
  /** Orders may come. */
  isWanting = true;
  readonly #claimed = new Set<string>();

  constructor(items: readonly string[], facts: FactSink) {
    this.items = items;
    this.facts = facts;
  }

  /** Tells the texts of all items, and all ends once more: a step that attaches has no list, and may not have heard of earlier ends. */
  tellAgain(): void {
    for (const [index, text] of this.items.entries())
      this.facts.tell(`text ${index} ${text.slice(0, 1_001)}`);
    for (const end of this.ends) this.facts.tell(end);
  }

  /** Tells a fact that a step which attaches hears again. */
  tellEnd(fact: string, kept?: () => void): void {
    this.ends.push(fact);
    this.facts.tell(fact, kept);
  }

  /** True for the first that wants it. */
  claim(batch: Batch): boolean {
    const name = nameOf(batch);
    if (this.#claimed.has(name)) return false;
    this.#claimed.add(name);
    return true;
  }

  /** A word that names the first batch that no worker has taken, nor one behind it; empty when there is none. */
  get unbegun(): string {
    const batches = this.entries.filter((entry) => entry !== "end");
    const last = batches.findLastIndex((batch) => this.#claimed.has(nameOf(batch)));
    const [first] = batches.slice(last + 1);
    return first === undefined ? "" : `@${nameOf(first)} `;
  }

  give(order: number, words: readonly string[]): void {
    for (const word of words) if (/^[\d,@]+$/.test(word)) this.entries.push(parseBatch(order, word));
  }

  /** Claims all that nobody has claimed, and tells what that is. Returns how many batches that are. */
  giveBack(order: number): number {
    let names = "";
    let count = 0;
    for (const entry of this.entries) {
      if (entry !== "end" && this.claim(entry)) {
        names += ` ${nameOf(entry)}`;
        count += 1;
      }
      if (names.length > LONGEST_BACK) {
        this.facts.tell(`back ${order}${names}`);
        names = "";
      }
    }
    this.facts.tell(`back ${order}${names}`);
    return count;
  }
}

function nameOf({ order, indices }: Batch): string {
  return `${order}.${indices[0] ?? NaN}`;
}

function parseBatch(order: number, word: string): Batch {
  const [indices = "", attempt = "1"] = word.split("@");
  return { order, word, indices: indices.split(",").map(Number), attempt: Number(attempt) };
}
