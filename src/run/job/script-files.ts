import type { MemoryShare, SharedMemory } from "../../shared-memory.ts";
import { Bytes } from "../../session/bytes.ts";
import type { WrittenFile } from "../../report/file-commands.ts";
import type { FileCommandText, SpoolText } from "../../carriers/stream/records.ts";

/** The most bytes of all files of a kind. The container leaves out the files that would exceed it. */
const MOST_BYTES = 1024 * 1024;
const LF = Buffer.from("\n");

/** Collects what the workers of one job have written into GITHUB_OUTPUT and GITHUB_STEP_SUMMARY. Gets only what is certain. */
export class ScriptFiles {
  #output = new FilesOfKind();
  #summary = new FilesOfKind();
  readonly #memory: MemoryShare;

  /** `memory` bounds what all jobs of a step keep together. */
  constructor(memory: SharedMemory) {
    this.#memory = memory.share(() => this.giveUp());
  }

  take(item: FileCommandText | Extract<SpoolText, { kind: "file-left-out" }>): void {
    const files = this.#of(item.file);
    if (item.kind === "file-left-out") files.leaveOut(item.worker, item.size);
    else {
      files.push(item.worker, item.bytes);
      if (item.ends) files.push(item.worker, LF);
      this.#memory.hold(this.#output.held + this.#summary.held);
    }
  }

  /** Leaves out all files: the step keeps too much. */
  giveUp(): void {
    for (const files of [this.#output, this.#summary]) files.giveUp();
    this.#memory.hold(0);
  }

  /** The files, in the order of the workers, without those that have no content. */
  written(): { readonly output: readonly WrittenFile[]; readonly summary: readonly WrittenFile[] } {
    return { output: this.#output.written(), summary: this.#summary.written() };
  }

  /** Forgets the files: another step gets them. */
  drop(): void {
    [this.#output, this.#summary] = [new FilesOfKind(), new FilesOfKind()];
    this.#memory.hold(0);
  }

  /** Takes no more files. */
  close(): void {
    this.drop();
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
  readonly #files = new Map<number, WorkerFile>();
  #size = 0;
  /** The bytes of the files that are not left out. */
  #kept = 0;

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

  giveUp(): void {
    for (const [worker, { bytes, leftOut }] of this.#files) this.leaveOut(worker, leftOut ?? bytes.length);
  }

  leaveOut(worker: number, size: number): void {
    this.#kept -= this.#files.get(worker)?.bytes.length ?? 0;
    this.#files.set(worker, { bytes: new Bytes(), leftOut: size });
  }

  written(): readonly WrittenFile[] {
    return [...this.#files]
      .sort(([a], [b]) => a - b)
      .map(([worker, { bytes, leftOut }]) => ({ worker, text: bytes.view().toString("utf8"), leftOut }));
  }
}
