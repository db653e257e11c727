import { closeSync, writeSync } from "node:fs";
import type { Clock } from "../../clock.ts";
import type { Directory } from "../../inputs/beneath/directory.ts";
import { readChunks } from "../../inputs/beneath/read-chunks.ts";

/** The most files that hold bytes at the same time. Each takes two descriptors. */
const MOST_FILES = 256;

export interface ShelfOptions {
  /** The most bytes that all archives keep in memory. */
  readonly memory: number;
  /** Makes the directory for files, and opens it. */
  readonly open: () => Directory;
  readonly clock: Pick<Clock, "turn" | "random">;
}

/** Where the archives of items wait until they have come whole: in memory while that is little, else in files that have no name. */
export class ArchiveShelf {
  readonly clock: ShelfOptions["clock"];
  readonly #open: () => Directory;
  #free: number;
  #files = 0;

  constructor({ memory, open, clock }: ShelfOptions) {
    this.#open = open;
    this.#free = memory;
    this.clock = clock;
  }

  bytes(): ShelvedBytes {
    return new ShelvedBytes(this);
  }

  /** Counts bytes in memory; false when there are too many. */
  keep(bytes: number): boolean {
    if (bytes > this.#free) return false;
    this.#free -= bytes;
    return true;
  }

  release(bytes: number): void {
    this.#free += bytes;
  }

  /** Makes a file without a name. Throws when that fails, or when there are too many. */
  makeFile(): ShelfFile {
    if (this.#files >= MOST_FILES) throw new Error("more came at once than a step keeps");
    const directory = this.#open();
    try {
      const name = `.fargate-exec-${this.clock.random.bytes(8).toString("hex")}`;
      const write = directory.createFile(name, 0o600);
      const read = directory.openFile(name);
      directory.remove(name);
      this.#files += 1;
      return { write, read };
    } finally {
      directory.close();
    }
  }

  closeFile({ write, read }: ShelfFile): void {
    this.#files -= 1;
    closeSync(write);
    closeSync(read);
  }
}

interface ShelfFile {
  readonly write: number;
  readonly read: number;
}

/** Bytes that wait until they are read once. */
export class ShelvedBytes {
  readonly #shelf: ArchiveShelf;
  #held: Buffer[] = [];
  #inMemory = 0;
  #file: ShelfFile | undefined;
  length = 0;

  constructor(shelf: ArchiveShelf) {
    this.#shelf = shelf;
  }

  /** Keeps these bytes, and not a copy. Throws when the disk does not take them. */
  push(bytes: Buffer): void {
    this.length += bytes.length;
    if (this.#file === undefined && this.#shelf.keep(bytes.length)) {
      this.#held.push(bytes);
      this.#inMemory += bytes.length;
      return;
    }
    const { write } = (this.#file ??= this.#shelf.makeFile());
    for (const each of this.#held) writeAll(write, each);
    this.#forget();
    writeAll(write, bytes);
  }

  async *read(): AsyncGenerator<Buffer> {
    if (this.#file === undefined) yield* this.#held;
    else yield* readChunks(this.#file.read, this.#shelf.clock);
  }

  /** The bytes are not wanted any more. */
  close(): void {
    this.#forget();
    if (this.#file !== undefined) this.#shelf.closeFile(this.#file);
    this.#file = undefined;
  }

  #forget(): void {
    this.#shelf.release(this.#inMemory);
    this.#held = [];
    this.#inMemory = 0;
  }
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, null);
}
