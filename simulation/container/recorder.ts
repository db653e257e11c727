import { Host } from "../time.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import { RecordMaker } from "./records.ts";

/** The beginning of a line waits so long for its end. */
export const PATIENCE_MS = 100;
/** A worker that is held looks at least so often. */
const HELD_MS = 5_000;

/** Writes for a process into a pipe that the recorder reads. False when nothing reads it any more. */
export type Sink = (writer: Host, data: string) => Promise<boolean>;

/** The process that reads what the workers print, and keeps it in the spool. */
export class Recorder {
  readonly host: Host;
  readonly #container: Container;
  readonly #directory: Directory;
  readonly #patterns: readonly Buffer[];
  /** The streams of each worker. */
  readonly #makers = new Map<number, RecordMaker[]>();

  constructor(container: Container, directory: Directory, patterns: readonly Buffer[]) {
    this.host = new Host("recorder", container.host);
    this.#container = container;
    this.#directory = directory;
    this.#patterns = patterns;
  }

  /** A pipe of a worker. A writer waits while as much is kept as may be. */
  sink(kind: "o" | "e", worker: number, workers: number): Sink {
    const { spool } = this.#directory;
    const maker = new RecordMaker(kind, worker, workers);
    this.#makers.set(worker, [...(this.#makers.get(worker) ?? []), maker]);
    return async (writer, data) => {
      // Told once: two workers that are held would wake one another for ever.
      if (spool.isFull) this.#directory.wake();
      while (spool.isFull && !this.host.isDead) await this.#directory.news(writer, HELD_MS);
      if (this.host.isDead) return false;
      spool.add(maker.take(Buffer.from(data), this.#patterns));
      if (maker.isWaiting)
        this.#container.base.time.after(this.host, PATIENCE_MS, () => {
          if (!this.#directory.isGone) spool.add(maker.show(this.#patterns));
        });
      return true;
    };
  }

  /** Ends the lines that this worker has not ended. */
  endLines(worker: number): void {
    for (const maker of this.#makers.get(worker) ?? [])
      this.#directory.spool.add(maker.endLine(this.#patterns));
  }
}
