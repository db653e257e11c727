import type { MemoryShare, SharedMemory } from "../../shared-memory.ts";
import { ITEM_BYTES } from "../step-budget.ts";
import type { OutputItem } from "../../carriers/stream/items.ts";
import type { ItemFactReader } from "../items/job-directories.ts";
import type { JobArtifacts } from "./artifacts.ts";
import type { ScriptFiles } from "./script-files.ts";

/** What a file of the script, the artifacts or what items have written consist of. */
export type FileItem = Extract<
  OutputItem,
  { kind: "file-command" | "file-left-out" | "artifact-bytes" | "artifact-fact" | "item-fact" }
>;

/** How many facts about artifacts wait, and how many characters they have together. */
export interface WaitingFacts {
  readonly count: number;
  readonly chars: number;
}

export interface FileReaders {
  readonly files?: ScriptFiles | undefined;
  readonly artifacts?: JobArtifacts | undefined;
  readonly items?: ItemFactReader | undefined;
}

const NO_FACTS: WaitingFacts = { count: 0, chars: 0 };

/**
 * Keeps the files of a script, the artifacts and what items have written as long as they may have to come again. `settle` passes on what is certain, and `rollBack`
 * drops the rest: a carrier brings it again. So its readers get each byte once.
 */
export class Unsettled {
  readonly #readers: FileReaders;
  readonly #memory: MemoryShare;
  #items: FileItem[] = [];
  #bytes = 0;
  #facts = NO_FACTS;

  /** `memory` bounds what all jobs of a step keep together. */
  constructor(memory: SharedMemory, readers: FileReaders) {
    this.#readers = readers;
    this.#memory = memory.share(() => this.#giveUp());
  }

  take(item: OutputItem): void {
    switch (item.kind) {
      case "confirmed":
        this.settle();
        break;
      case "gap":
        this.rollBack();
        break;
      case "file-command":
        // A copy, so that the waiting bytes neither keep a frame alive nor change with it.
        this.#hold({ ...item, bytes: Buffer.from(item.bytes) }, item.bytes.length);
        break;
      case "file-left-out":
        this.#hold(item, 0);
        break;
      case "artifact-bytes":
        if (this.#readers.artifacts?.admits(item, this.#facts)) this.#hold(item, item.bytes.length);
        break;
      case "artifact-fact":
        if (!this.#readers.artifacts?.admits(item, this.#facts)) break;
        this.#facts = { count: this.#facts.count + 1, chars: this.#facts.chars + item.text.length };
        this.#hold(item, item.text.length);
        break;
      case "item-fact":
        if (this.#readers.items?.admits(item.text) === true) this.#hold(item, item.text.length);
        break;
    }
  }

  /** All that has come is certain. */
  settle(): void {
    const items = this.#items;
    if (items.length === 0) return;
    this.#forget();
    for (const item of items) {
      if (item.kind === "artifact-bytes" || item.kind === "artifact-fact")
        this.#readers.artifacts?.take(item);
      else if (item.kind === "item-fact") this.#readers.items?.take(item.text);
      else this.#readers.files?.take(item);
    }
  }

  /**
   * Nothing more comes, and no status says that all is certain. What items have written is passed on, because each archive of it has a checksum. The
   * rest is dropped.
   */
  settleItems(): void {
    this.#items = this.#items.filter(({ kind }) => kind === "item-fact");
    this.settle();
  }

  /** What is not certain comes again. */
  rollBack(): void {
    this.#forget();
  }

  #forget(): void {
    this.#items = [];
    this.#bytes = 0;
    this.#facts = NO_FACTS;
    this.#memory.hold(0);
  }

  #hold(item: FileItem, size: number): void {
    this.#bytes += size + ITEM_BYTES;
    this.#items.push(item);
    this.#memory.hold(this.#bytes);
  }

  /** This job keeps most of what waits in the step, and that is too much: what it belongs to is lost. */
  #giveUp(): void {
    const { files, artifacts, items } = this.#readers;
    const kinds = new Set(this.#items.map(({ kind }) => kind));
    const isFile = ({ kind }: FileItem): boolean => kind === "file-command" || kind === "file-left-out";
    const hasFiles = this.#items.some(isFile);
    this.#items = this.#items.filter(isFile);
    if (kinds.has("artifact-bytes") || kinds.has("artifact-fact")) artifacts?.giveUp();
    if (kinds.has("item-fact")) items?.giveUp();
    // What the files have so far counts as it is: after their end they take nothing that comes again.
    this.settle();
    if (hasFiles) files?.giveUp();
  }
}
