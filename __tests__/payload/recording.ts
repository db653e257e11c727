import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { RecordReader, type SpoolText } from "../../src/carriers/stream/records.ts";
import { recorderPy } from "../../src/payload/container-source.ts";
import { extractAll } from "../helpers/extracted.ts";
import { inTime, PATIENCE_MS, until } from "../helpers/until.ts";
import { processesOf } from "../helpers/watch.ts";
import { PYTHON } from "../helpers/tools.ts";

const NO_LIMIT = { limit: 1024 ** 4, segment: 1024 ** 3 };
const started: Recording[] = [];

export async function stopAll(): Promise<void> {
  for (const recording of started.splice(0)) await recording.remove();
}

/** A recorder at work, with pipes to write into and its spool to read. */
export class Recording {
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #pipes = new Map<string, number>();
  readonly #ended: Promise<unknown>;

  private constructor(directory: string, child: ChildProcess) {
    this.directory = directory;
    this.#child = child;
    this.#ended = once(child, "close");
  }

  /**
   * Starts a recorder that replaces `secrets` by `***`. The first `begun` workers open their pipes; by default all do.
   */
  static async start(
    secrets: readonly string[] = [],
    workers = 1,
    begun = workers,
    {
      limit,
      segment,
      echo = [],
    }: {
      readonly limit: number;
      readonly segment: number;
      /** The path of the pipe that gets a copy. */
      readonly echo?: readonly [string] | readonly [];
    } = NO_LIMIT,
  ): Promise<Recording> {
    const directory = mkdtempSync(join(tmpdir(), "recording-"));
    const program = join(directory, "recorder.py");
    writeFileSync(program, recorderPy());
    const args = [directory, workers, limit, segment, ...echo].map(String);
    const child = spawn(PYTHON, ["-I", "-S", program, ...args], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    child.stdin.end([...secrets, ".", ""].join("\n"));
    const recording = new Recording(directory, child);
    started.push(recording);
    await until(() => existsSync(join(directory, "recording")));
    for (let worker = 0; worker < begun; worker += 1) {
      for (const kind of ["o", "e"]) {
        const name = `${worker}.${kind}`;
        // So neither this nor a write waits for a recorder that reads no more.
        recording.#pipes.set(
          name,
          openSync(join(directory, name), constants.O_WRONLY | constants.O_NONBLOCK),
        );
      }
    }
    return recording;
  }

  /** Writes at once; `0.o` is the standard output of worker 0. */
  write(bytes: string | Buffer, pipe = "0.o"): void {
    const data = Buffer.from(bytes);
    const end = Date.now() + PATIENCE_MS;
    for (let at = 0; at < data.length;) {
      try {
        at += writeSync(this.#pipes.get(pipe) ?? -1, data, at);
      } catch (error) {
        // The pipe is full.
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || Date.now() > end) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
  }

  close(pipe = "0.o"): void {
    closeSync(this.#pipes.get(pipe) ?? -1);
    this.#pipes.delete(pipe);
  }

  /** Where the segments of the spool begin. */
  get segments(): readonly number[] {
    return readdirSync(this.directory)
      .filter((name) => name.startsWith("out."))
      .map((name) => Number(name.slice(4)))
      .sort((a, b) => a - b);
  }

  get spool(): Buffer {
    return Buffer.concat(this.segments.map((start) => readFileSync(join(this.directory, `out.${start}`))));
  }

  /** Resolves when the spool shows this text. */
  async shows(text: string): Promise<void> {
    await until(
      () => this.text().includes(text),
      () => `${text} in ${this.text()}`,
    );
  }

  records(): SpoolText[] {
    return extractAll(new RecordReader(12), this.spool);
  }

  /** The text of a stream, of all sources unless one is named, with its lines' ends. */
  text(stream: "stdout" | "stderr" = "stdout", source?: string): string {
    return this.records()
      .flatMap((r) =>
        r.kind === "text" && r.stream === stream && (source === undefined || r.source === source)
          ? [r.bytes.toString(), r.ends ? "\n" : ""]
          : [],
      )
      .join("");
  }

  /** Its processes, with the one that reads for daemons. */
  get processes(): readonly number[] {
    return processesOf(this.directory);
  }

  /** Sends TERM, as a job does at its end, whether pipes are open or not. Resolves with the exit code. */
  async term(): Promise<number | null> {
    this.#child.kill("SIGTERM");
    await this.#end();
    return this.#child.exitCode;
  }

  /** Closes all pipes, by which the recorder ends by itself. */
  async end(): Promise<void> {
    for (const pipe of [...this.#pipes.keys()]) this.close(pipe);
    await this.#end();
  }

  async #end(): Promise<void> {
    await inTime("the recorder's end", this.#ended, { seen: () => this.text() });
  }

  async remove(): Promise<void> {
    for (const pipe of [...this.#pipes.keys()]) this.close(pipe);
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill("SIGKILL");
    await this.#ended;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Redacts in the obvious way: marks every character that a value covers, then replaces each run of them by `***`. */
export function redact(line: string, secrets: readonly string[]): string {
  const hidden = Array.from(line, () => false);
  for (const secret of secrets)
    for (let at = line.indexOf(secret); at >= 0; at = line.indexOf(secret, at + 1))
      hidden.fill(true, at, at + secret.length);
  return Array.from(line, (char, i) => (hidden[i] ? "\0" : char))
    .join("")
    .replaceAll(/\0+/g, "***");
}

/** Hundreds of values of this many characters, some of which begin as others do, and lines that hold some of them. */
export function hundreds(
  minLength: number,
  maxLength: number,
): { secrets: readonly string[]; lines: readonly string[] } {
  const unit = fc.constantFrom(...Array.from("abcdefghijklmnopqrstuvwxyzABCDEF0123456789+/="));
  const random = (numRuns: number, seed: number): string[] =>
    fc.sample(fc.string({ unit, minLength, maxLength }), { numRuns, seed });
  const some = random(250, 1);
  const secrets = [...new Set([...some, ...some.slice(0, 80).map((value, at) => `${value}${at % 3}=`)])];
  const lines = random(4_000, 2).map((text, at) => {
    const secret = secrets[at % secrets.length] ?? "";
    // No value, a value after text, the end of a value before text, and a value between texts.
    return [text, text + secret, secret.slice(at % 9) + text, `${text}${secret}${text}`][at % 4] ?? "";
  });
  return { secrets, lines };
}
