import { Writable } from "node:stream";
import type { Clock } from "../../clock.ts";
import type { RunError, RunLog } from "../program/run-options.ts";

const NAME = "fargate-exec";
const TICK_MS = 1_000;
const USUAL_COLUMNS = 80;
/** Lines that wait while another program has the terminal. */
const MOST_HELD = 1_000;
/** The pause between two drawings of the bytes that have been copied. */
const BYTES_MS = 200;
const MB = 1_000_000;
const COPYING = "Copying";
/** How many columns the bar of a gauge has: as many of these as there is room for, or none. */
const BARS = [20, 10, 5];
const LF = 10;
/** Moves to the beginning of the line and erases it (ECMA-48, EL). */
const ERASE = "\r\x1b[K";

/** The used members of a stream that is a terminal, or a file or pipe in its place. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** False also when the variable NO_COLOR is set. */
  hasColors?(): boolean;
}

export interface TerminalOptions {
  /** Standard error: standard output belongs to the job. */
  readonly stream: TerminalStream;
  /** Only warnings and errors are shown. */
  readonly quiet: boolean;
  /** Debug lines are shown, too. */
  readonly verbose: boolean;
  /** False for a terminal that can't erase a line. */
  readonly canErase: boolean;
  /** Whether the bytes that go to the container, or come from it, are what the command is about. */
  readonly showsBytes?: boolean | undefined;
  readonly clock: Pick<Clock, "now" | "every">;
}

/** A phase of the run, and what it waits for now. */
interface Progress {
  readonly title: string;
  readonly since: number;
  detail: string;
}

interface JobStreams {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

/** The ID of a task. Its first characters name it in a line that has little room. */
const TASK_ID = /\b([0-9a-f]{8})[0-9a-f]{24}\b/g;

/**
 * The command line's own messages. On a terminal, progress is one line, which is rewritten until the job has output.
 * Elsewhere each message is a line of its own.
 */
export class Terminal implements RunLog {
  readonly #options: TerminalOptions;
  /** What would be left to undo if this process ended now. */
  #unfinished: () => readonly string[] = () => [];
  #progress: Progress | undefined;
  #stopTicking: () => void = () => undefined;
  /** How far the items of the run are. */
  #gauge: { readonly share: number; readonly words: string } | undefined;
  /** The job's output on this terminal has begun a line, and has not ended it. */
  #isLineOpen = false;
  #isDrawn = false;
  #bytesDrawnAt = -Infinity;
  /** What waits until the terminal is ours again; undefined when it is. */
  #held: string[] | undefined;
  /** Who else writes to the terminal, so that no progress is drawn. */
  #beside: "command" | "nobody" | undefined;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  phase(title?: string): void {
    this.#endProgress();
    if (title === undefined || this.#isQuiet) return;
    if (!this.#isLive) {
      this.#line(title);
      return;
    }
    this.#progress = { title, since: this.#options.clock.now(), detail: "" };
    this.#stopTicking = this.#options.clock.every(TICK_MS, () => this.#draw());
    this.#draw();
  }

  info(line: string): void {
    if (this.#isQuiet) return;
    if (this.#progress === undefined || this.#options.verbose) {
      this.#line(line);
      return;
    }
    this.#progress.detail = line;
    this.#draw();
  }

  progress(done: number, total?: number): void {
    const { showsBytes = false, quiet, clock } = this.#options;
    if (!showsBytes || quiet || !this.#isLive || Math.max(done, total ?? 0) < MB) return;
    if (this.#progress?.title !== COPYING) this.phase(COPYING);
    // A file is typed as base64, which is longer. So where the total is known, the share is shown.
    const isShare = total !== undefined && total >= done;
    const detail = isShare ? `${Math.floor((100 * done) / total)} %` : `${(done / MB).toFixed(1)} MB`;
    if (this.#progress !== undefined) this.#progress.detail = detail;
    if (clock.now() - this.#bytesDrawnAt < BYTES_MS && done !== total) return;
    this.#bytesDrawnAt = clock.now();
    this.#draw();
  }

  gauge(share: number | undefined, words: string): boolean {
    if (this.#isQuiet || !this.#isLive) return false;
    this.#gauge = share === undefined ? undefined : { share, words };
    if (share === undefined && this.#progress === undefined) this.#erase();
    else this.#draw();
    return true;
  }

  /** Streams for the output of the job. What goes to a terminal stands above the line of progress. */
  above({ stdout, stderr }: JobStreams): { readonly stdout: Writable; readonly stderr: Writable } {
    return { stdout: this.#above(stdout), stderr: this.#above(stderr) };
  }

  debug(line: string): void {
    if (this.#options.verbose) this.#line(line);
  }

  warning(text: string): void {
    this.#line(text, this.#coloured("warning:", 33));
  }

  notice(text: string): void {
    this.#line(text);
  }

  started(title: string, line: string): void {
    this.#endProgress();
    if (this.#options.quiet) return;
    this.#line(title);
    this.debug(line);
  }

  unfinished(work: () => readonly string[]): void {
    this.#unfinished = work;
  }

  error({ message, page }: Pick<RunError, "message" | "page">): void {
    this.#endProgress();
    this.#line(`${message}\nSee ${page}`, this.#coloured("error:", 31));
  }

  usage(message: string): void {
    this.#line(message, this.#coloured("error:", 31));
  }

  /** Says what is not undone yet. Call this when the process ends before its work is done. */
  leave(): void {
    this.#endProgress();
    const unfinished = this.#unfinished();
    if (unfinished.length === 0) return;
    this.#line(["Left before this was done:", ...unfinished].join("\n"), this.#coloured("warning:", 33));
  }

  /** While another program has the terminal, nothing is drawn, and messages wait. */
  lend(isLent: boolean): void {
    this.#endProgress();
    const held = this.#held ?? [];
    this.#held = isLent ? held : undefined;
    if (!isLent) for (const text of held) this.#options.stream.write(text);
  }

  /**
   * From now on no progress is drawn. Beside a command a terminal gets warnings only, since the command has its screen; else each message
   * is a line. With undefined progress is drawn again.
   */
  settle(beside: "command" | "nobody" | undefined): void {
    this.#endProgress();
    this.#beside = beside;
  }

  /** Erases the line of progress, and stops its timer. */
  end(): void {
    this.#endProgress();
  }

  get #isLive(): boolean {
    const { stream, canErase } = this.#options;
    return stream.isTTY === true && canErase && this.#beside === undefined;
  }

  get #isQuiet(): boolean {
    const { stream, quiet, verbose } = this.#options;
    return quiet || (this.#beside === "command" && stream.isTTY === true && !verbose);
  }

  #above(output: Writable & { readonly isTTY?: boolean }): Writable {
    if (output.isTTY !== true) return output;
    return new Writable({
      write: (bytes: Buffer, _, done) => {
        this.#erase();
        output.write(bytes, done);
        this.#isLineOpen = bytes.at(-1) !== LF;
        this.#draw();
      },
    });
  }

  #draw(): void {
    if (this.#held !== undefined || this.#isLineOpen) return;
    if (this.#progress !== undefined) this.#drawProgress(this.#progress);
    else if (this.#gauge !== undefined) this.#drawGauge(this.#gauge);
  }

  /** One column is left, because a full line moves the cursor to the next one. A terminal that does not know its size says 0. */
  get #room(): number {
    const { columns = 0 } = this.#options.stream;
    return (columns > 0 ? columns : USUAL_COLUMNS) - 1;
  }

  #drawGauge({ share, words }: { readonly share: number; readonly words: string }): void {
    const room = this.#room;
    const shown = withinRoom(words, room);
    const size = BARS.find((each) => each + 3 + shown.length <= room);
    const full = Math.floor(share * (size ?? 0));
    const bar = size === undefined ? "" : `[${"#".repeat(full)}${"-".repeat(size - full)}] `;
    this.#options.stream.write(ERASE + bar + shown);
    this.#isDrawn = true;
  }

  #drawProgress({ title, since, detail }: Progress): void {
    const { clock, stream } = this.#options;
    const seconds = Math.floor((clock.now() - since) / 1000);
    const time = seconds > 0 ? ` (${seconds} s)` : "";
    const whole = `${NAME}: ${title}${time}${detail === "" ? "" : `: ${detail}`}`;
    const room = this.#room;
    const short = whole.length > room ? whole.replaceAll(TASK_ID, "$1") : whole;
    // What is waited for now says more than the title.
    const instead = `${NAME}${time}: ${detail}`.replaceAll(TASK_ID, "$1");
    stream.write(ERASE + (short.length > room && detail !== "" ? instead : short).slice(0, room));
    this.#isDrawn = true;
  }

  #endProgress(): void {
    this.#stopTicking();
    this.#progress = undefined;
    this.#erase();
  }

  #erase(): void {
    if (this.#isDrawn) this.#options.stream.write(ERASE);
    this.#isDrawn = false;
  }

  #line(text: string, kind = ""): void {
    this.#erase();
    const prefix = `${NAME}: ${kind === "" ? "" : `${kind} `}`;
    for (const [index, line] of text.split("\n").entries()) {
      const shown = `${index === 0 ? prefix : `${NAME}:   `}${line}\n`;
      if (this.#held === undefined) this.#options.stream.write(shown);
      else if (this.#held.length < MOST_HELD) this.#held.push(shown);
    }
    this.#draw();
  }

  #coloured(text: string, colour: number): string {
    const { stream } = this.#options;
    return stream.isTTY === true && stream.hasColors?.() === true ? `\x1b[${colour}m${text}\x1b[0m` : text;
  }
}

/** Shortens a text of parts between commas. The last but one goes first, again and again: the first and the last part say most. */
function withinRoom(words: string, room: number): string {
  const parts = words.split(", ");
  while (parts.length > 2 && parts.join(", ").length > room) parts.splice(-2, 1);
  return parts.join(", ").slice(0, room);
}
