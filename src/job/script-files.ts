import type { MemoryShare, SharedMemory } from "../shared-memory.ts";
import { Bytes } from "../stream/bytes.ts";
import type { OutputItem } from "../stream/items.ts";
import type { WrittenFile } from "../report/file-commands.ts";

/** The most bytes of all files of a kind. The container leaves out the files that would exceed it. */
const MOST_BYTES = 1024 * 1024;
const LF = Buffer.from("\n");

/** Collects what the workers of one job have written into GITHUB_OUTPUT and GITHUB_STEP_SUMMARY. */
export class ScriptFiles {
  readonly #output = new FilesOfKind();
  readonly #summary = new FilesOfKind();
  readonly #memory: MemoryShare;

  /** `memory` bounds what all jobs of a step keep together. */
  constructor(memory: SharedMemory) {
    this.#memory = memory.share(() => {
      for (const files of [this.#output, this.#summary]) files.giveUp();
    });
  }

  take(item: OutputItem): void {
    switch (item.kind) {
      case "file-command":
        this.#of(item.file).push(item.worker, item.bytes);
        if (item.ends) this.#of(item.file).push(item.worker, LF);
        this.#memory.hold(this.#output.held + this.#summary.held);
        break;
      case "file-left-out":
        this.#of(item.file).leaveOut(item.worker, item.size);
        break;
      case "confirmed":
        for (const files of [this.#output, this.#summary]) files.keep();
        break;
      case "gap":
        for (const files of [this.#output, this.#summary]) files.rollBack();
        break;
    }
  }

  /** The files, in the order of the workers, without those that have no content. */
  written(): { readonly output: readonly WrittenFile[]; readonly summary: readonly WrittenFile[] } {
    return { output: this.#output.written(), summary: this.#summary.written() };
  }

  /** Drops the files. */
  close(): void {
    for (const files of [this.#output, this.#summary]) files.giveUp();
    this.#memory.close();
  }

  #of(file: "output" | "summary"): FilesOfKind {
    return file === "output" ? this.#output : this.#summary;
  }
}

interface WorkerFile {
  readonly bytes: Bytes;
  /** The size of a file that did not come as a whole. */
  readonly leftOut: number | undefined;
}

class FilesOfKind {
  #files = new Map<number, WorkerFile>();
  #size = 0;
  /** The bytes of the files that are not left out. */
  #kept = 0;
  #certain: { readonly files: readonly (readonly [number, Buffer, number | undefined])[]; size: number } = {
    files: [],
    size: 0,
  };

  push(worker: number, bytes: Buffer): void {
    const file = this.#files.get(worker) ?? { bytes: new Bytes(), leftOut: undefined };
    this.#size += bytes.length;
    if (file.leftOut !== undefined) {
      this.leaveOut(worker, this.#size);
      return;
    }
    // An honest container sends no more than MOST_BYTES.
    if (this.#size > MOST_BYTES) this.leaveOut(worker, this.#size);
    else {
      file.bytes.push(bytes);
      this.#kept += bytes.length;
    }
    if (!this.#files.has(worker)) this.#files.set(worker, file);
  }

  /** The bytes of memory that the files take. The buffer of growing bytes is up to twice as large. */
  get held(): number {
    return 2 * this.#kept;
  }

  /** Leaves out all files, also those that are certain. */
  giveUp(): void {
    for (const [worker, { bytes, leftOut }] of this.#files) this.leaveOut(worker, leftOut ?? bytes.length);
    this.keep();
  }

  leaveOut(worker: number, size: number): void {
    this.#kept -= this.#files.get(worker)?.bytes.length ?? 0;
    this.#files.set(worker, { bytes: new Bytes(), leftOut: size });
  }

  /** All that has come is certain. */
  keep(): void {
    const files = [...this.#files].map(
      ([worker, { bytes, leftOut }]) => [worker, bytes.view(), leftOut] as const,
    );
    this.#certain = { files, size: this.#size };
  }

  /** Drops what is not certain: it comes again. */
  rollBack(): void {
    this.#size = this.#certain.size;
    this.#kept = this.#certain.files.reduce((sum, [, bytes]) => sum + bytes.length, 0);
    this.#files = new Map(
      this.#certain.files.map(([worker, certain, leftOut]) => {
        const bytes = new Bytes();
        bytes.push(certain);
        return [worker, { bytes, leftOut }];
      }),
    );
  }

  written(): readonly WrittenFile[] {
    return [...this.#files]
      .sort(([a], [b]) => a - b)
      .map(([worker, { bytes, leftOut }]) => ({ worker, text: bytes.view().toString("utf8"), leftOut }));
  }
}
