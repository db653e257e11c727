import { artifactsBudget } from "../../carriers/pieces/budget.ts";
import { messageOf } from "../../errors.ts";
import { type Fact, parseFact } from "../../report/artifacts/facts.ts";
import { MissingArtifacts } from "../../report/missing-artifacts.ts";
import type { MemoryShare, SharedMemory } from "../../shared-memory.ts";
import { ITEM_BYTES } from "../step-budget.ts";
import type { ArchiveShelf, ShelvedBytes } from "./archive-shelf.ts";

/** One run of the script for items. */
export interface ItemRun {
  /** The number of the task in this step. */
  readonly task: number;
  /** The items, of which the first names the run. */
  readonly indices: readonly number[];
  /** 1 for its first run. */
  readonly attempt: number;
}

/** What a run may bring back: the most files, links and directories, and the most bytes. The container packs no more (items.sh). */
export const OF_ITEM = { maxCount: 1_000, maxBytes: 16 * 1024 * 1024 };
export const ITEM_BUDGET = artifactsBudget(OF_ITEM);

const TOO_MUCH = "the container sends more than an item may bring back";

/** What one run has written into its directory, as it comes from the packer in the container, line by line. */
export class ItemArchive {
  readonly run: ItemRun;
  readonly missing = new MissingArtifacts({
    ...{ globs: [], maxCount: OF_ITEM.maxCount, notWhole: "Its directory did not come whole" },
    limits: `at most ${OF_ITEM.maxCount} come of an item, with ${OF_ITEM.maxBytes} bytes`,
  });
  readonly #bytes: ShelvedBytes;
  readonly #memory: MemoryShare;
  #facts = { count: 0, chars: 0 };
  /** Nothing more of it is taken. */
  #isOver = false;

  constructor(run: ItemRun, shelf: ArchiveShelf, memory: SharedMemory) {
    this.run = run;
    this.#bytes = shelf.bytes();
    this.#memory = memory.share(() => {
      this.missing.forgetNames();
      this.#noteHeld();
    });
  }

  /** The bytes of the archive that wait. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Takes a line: `a` and bytes in base64, or `f` and a fact. */
  take(line: string): void {
    if (this.#isOver) return;
    try {
      if (line.startsWith("a")) this.#push(Buffer.from(line.slice(1), "base64"));
      else if (line.startsWith("f")) this.#takeFact(line.slice(1));
    } catch (error) {
      this.lose(messageOf(error));
    }
  }

  /** It can't come whole. What has come so far is unpacked. */
  lose(why: string): void {
    this.#isOver = true;
    this.missing.noteLoss(why);
  }

  /** The bytes, to be read once. */
  read(): AsyncGenerator<Buffer> {
    return this.#bytes.read();
  }

  close(): void {
    this.#bytes.close();
    this.#memory.close();
  }

  #push(bytes: Buffer): void {
    if (this.length + bytes.length > ITEM_BUDGET.packed) this.lose(TOO_MUCH);
    else this.#bytes.push(bytes);
  }

  #takeFact(text: string): void {
    const { count, chars } = this.#facts;
    this.#facts = { count: count + 1, chars: chars + text.length };
    const fact = parseFact(text);
    if (count >= ITEM_BUDGET.facts || chars + text.length > ITEM_BUDGET.factChars) this.lose(TOO_MUCH);
    else if (fact !== undefined && !isOfArtifacts(fact)) this.missing.take(fact);
    this.#isOver ||= fact?.kind === "end";
    this.#noteHeld();
  }

  #noteHeld(): void {
    const { chars, count } = this.missing.held;
    this.#memory.hold(chars + count * ITEM_BYTES);
  }
}

/** Of parts there are none here, and of globs only that for the whole directory, which may hold nothing that can be packed. */
function isOfArtifacts(fact: Fact): fact is Extract<Fact, { kind: "part" | "no-part" | "none" }> {
  return fact.kind === "part" || fact.kind === "no-part" || fact.kind === "none";
}
