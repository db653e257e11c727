import type { MemoryShare, SharedMemory } from "../../shared-memory.ts";
import { ITEM_BYTES } from "../step-budget.ts";
import type { OutputItem } from "../../carriers/stream/items.ts";
import type { JobArtifacts } from "./artifacts.ts";
import type { ScriptFiles } from "./script-files.ts";

/** What a file of the script or the artifacts consist of. */
export type FileItem = Extract<
  OutputItem,
  { kind: "file-command" | "file-left-out" | "artifact-bytes" | "artifact-fact" }
>;

/** How many facts about artifacts wait, and how many characters they have together. */
export interface WaitingFacts {
  readonly count: number;
  readonly chars: number;
}

export interface FileReaders {
  readonly files?: ScriptFiles | undefined;
  readonly artifacts?: JobArtifacts | undefined;
}

const NO_FACTS: WaitingFacts = { count: 0, chars: 0 };

/**
 * Keeps the files of a script and the artifacts as long as they may have to come again. `settle` passes on what is certain, and `rollBack`
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
      else this.#readers.files?.take(item);
    }
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
    const { files, artifacts } = this.#readers;
    const isArtifact = ({ kind }: FileItem): boolean => kind === "artifact-bytes" || kind === "artifact-fact";
    const [hasArtifacts, hasFiles] = [
      this.#items.some(isArtifact),
      this.#items.some((each) => !isArtifact(each)),
    ];
    if (hasArtifacts) {
      this.#items = this.#items.filter((each) => !isArtifact(each));
      artifacts?.giveUp();
    }
    // What the files have so far counts as it is: after their end they take nothing that comes again.
    this.settle();
    if (hasFiles) files?.giveUp();
  }
}
