/** A job in a container without processes: what it prints, and how it ends. */
export interface ScriptedJob {
  /** Lines of ASCII. They come one by one, in equal intervals. */
  readonly lines: readonly string[];
  /** From the job's beginning to its end, in milliseconds. */
  readonly lasts: number;
  readonly exitCode: number;
}

/** A mark, in the form that the head of src/carriers/stream/marks.ts describes. */
export function mark(text: string): string {
  return `\x1b]7733;${text}\x07`;
}

/** The job of one container without processes, and its spool. Any number of terminals may show it. */
export class ScriptedContainer {
  readonly #job: ScriptedJob;
  readonly #header: string;
  readonly #listeners = new Set<() => void>();
  #spool = "";
  #begunAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #shown = 0;
  /** STATUS of the end mark, once the job has ended. */
  status: string | undefined;

  constructor(job: ScriptedJob, taskArn: string) {
    this.#job = job;
    this.#header = `${mark("h")}fargate-exec run=scripted task=${taskArn}\n`;
  }

  /** The spool so far, from this byte on. */
  spool(from: number): string {
    return this.#spool.slice(from);
  }

  /** Calls the listener at each change, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts the job, if it has not begun. */
  begin(): void {
    if (this.#begunAt !== undefined) return;
    this.#begunAt = Date.now();
    this.#write(this.#header);
    const { lines, lasts } = this.#job;
    this.#timer = setInterval(() => this.#step(), lasts / (lines.length + 1)).unref();
  }

  cancel(): void {
    this.#end("cancelled", "143", "!");
  }

  #step(): void {
    const line = this.#job.lines[this.#shown];
    this.#shown += 1;
    if (line === undefined) this.#end("exited", String(this.#job.exitCode), "");
    else this.#write(`${line}\n`);
  }

  #end(how: string, code: string, sign: string): void {
    if (this.status !== undefined) return;
    clearInterval(this.#timer);
    const seconds = Math.round((Date.now() - (this.#begunAt ?? Date.now())) / 1000);
    this.status = `${how} 0=${code}:${seconds}${sign}`;
    this.#tell();
  }

  #write(text: string): void {
    this.#spool += text;
    this.#tell();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
