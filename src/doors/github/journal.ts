import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DocsPage, Log } from "../../log.ts";
import type { Outcome } from "../../report/outcome.ts";
import type { Display } from "../../run/step/surroundings.ts";
import type { SavedPage } from "../../undo/ledger.ts";
import { codeOf } from "../../values.ts";

/** What a log is told, with its words. */
interface LogRecord {
  readonly kind: "log";
  readonly call: Exclude<keyof Log, "progress" | "gauge">;
  readonly words: readonly (string | null)[];
}

/** What the process of a forward tells the step that has started it, and the post step. */
export type JournalRecord =
  | LogRecord
  /** A page of the ledger has changed. */
  | { readonly kind: "ledger"; readonly page: SavedPage }
  /** A connection has reached each far end. */
  | { readonly kind: "ready"; readonly ports: readonly number[] }
  | EndRecord;

/** The last record. */
export interface EndRecord {
  readonly kind: "end";
  readonly outcome: Outcome;
  readonly error: EndError | undefined;
  /** The first signal that the process got. */
  readonly signal?: string | undefined;
}

export interface EndError {
  readonly title: string;
  readonly text: string;
}

/** Lines of the log for more bytes than this are left out. */
const MOST_LOGGED = 1_048_576;
const NAME = "journal";

/** Writes the journal of the process of a forward, a file in its directory with one record a line. */
export class JournalWriter {
  readonly #file: number;
  #logged = 0;

  constructor(directory: string) {
    this.#file = openSync(join(directory, NAME), "ax", 0o600);
  }

  write(record: JournalRecord): void {
    const line = `${JSON.stringify(record)}\n`;
    const before = this.#logged;
    if (record.kind === "log") {
      if (before > MOST_LOGGED) return;
      this.#logged += Buffer.byteLength(line);
    }
    writeSync(this.#file, line);
    if (before <= MOST_LOGGED && this.#logged > MOST_LOGGED)
      writeSync(
        this.#file,
        `${JSON.stringify(logRecord("warning", ["The forward has logged much. The rest is left out."]))}\n`,
      );
  }

  close(): void {
    closeSync(this.#file);
  }
}

function logRecord(call: LogRecord["call"], words: readonly (string | undefined)[]): LogRecord {
  return { kind: "log", call, words: words.map((each) => each ?? null) };
}

/** A display whose lines become records. */
export function journalDisplay(journal: JournalWriter, isDebug: boolean): Display {
  const warned = new Set<string>();
  const tell =
    (call: LogRecord["call"]) =>
    (...words: readonly (string | undefined)[]): void =>
      journal.write(logRecord(call, words));
  const warning = tell("warning");
  const nothing = (): void => undefined;
  return {
    ...{ info: tell("info"), warning, notice: tell("notice"), phase: tell("phase"), fold: tell("fold") },
    debug: isDebug ? tell("debug") : nothing,
    warnOnce: (line, page) => {
      if (warned.has(line)) return;
      warned.add(line);
      warning(line, page);
    },
    ...{ open: nothing, close: nothing, writer: () => nothing },
  };
}

/** Reads the journal in a directory, also while it is being written. */
export class JournalReader {
  /** The bytes of the records that were read. */
  at: number;
  readonly #path: string;

  constructor(directory: string, at = 0) {
    this.#path = join(directory, NAME);
    this.at = at;
  }

  /** The records that have come since the last call. */
  read(): readonly JournalRecord[] {
    const bytes = this.#bytes();
    const end = bytes.lastIndexOf("\n") + 1;
    this.at += end;
    return bytes
      .subarray(0, end)
      .toString()
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as JournalRecord);
  }

  /** What was not read yet. Empty before the process has begun. */
  #bytes(): Buffer {
    const file = this.#open();
    if (file === undefined) return Buffer.alloc(0);
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - this.at));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, this.at));
    } finally {
      closeSync(file);
    }
  }

  #open(): number | undefined {
    try {
      return openSync(this.#path, "r");
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }
}

/** Tells a log what the record tells. Other processes of this user may write into the journal, so its words may be any. */
export function replay({ call, words }: LogRecord, log: Log): void {
  const [first = "", second] = words.map((each: unknown) => (typeof each === "string" ? each : undefined));
  switch (call) {
    case "phase":
      log.phase(first === "" ? undefined : first);
      break;
    case "fold":
      log.fold(first, second ?? "");
      break;
    case "warning":
    case "notice":
      log[call](first, second as DocsPage | undefined);
      break;
    case "debug":
      log.debug(first);
      break;
    default:
      log.info(first);
  }
}
