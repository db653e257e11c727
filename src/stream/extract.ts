import { clipped } from "../clipped.ts";
import { ANNOUNCEMENT, BEL, count, LONGEST_MARK, MOST_NOTES, sessionMark } from "./marks.ts";
import { Packed } from "./packed.ts";
import { Returns } from "./returns.ts";
import { LONGEST_RECORD, SpoolReader, type SpoolText } from "./spool.ts";
import { type JobStatus, parseStatus } from "./status.ts";

/** What a session or a log of one says, in order. */
export type Extracted =
  | SpoolText
  /** Echo is off: input may be sent. */
  | { readonly kind: "ready"; readonly missing: MissingPayload | undefined }
  /** The payload has to be typed. */
  | { readonly kind: "payload-wanted" }
  /** The secrets have to be typed, which were held back for the payload. */
  | { readonly kind: "secrets-wanted" }
  /** Echo can't be turned off: nothing may be sent. */
  | { readonly kind: "echo" }
  /** The job runs, or has run: what follows is its spool. */
  | { readonly kind: "attached"; readonly offset: number }
  /** What the container has to say to the user. */
  | { readonly kind: "note"; readonly text: string }
  /** The end, believed only when every byte before it has been read. */
  | { readonly kind: "status"; readonly status: JobStatus }
  /** No job was started or found. */
  | { readonly kind: "refused"; readonly code: string; readonly text: string }
  /** All that came so far is what the container sent. */
  | { readonly kind: "confirmed" }
  /** Bytes are missing, or others came in between: whatever was not confirmed comes again, from the byte `offset` on. */
  | Gap;

export interface Gap {
  readonly kind: "gap";
  readonly expected: number;
  readonly got: number;
  readonly offset: number;
  /** What came can't be of the container, whatever its length. */
  readonly why?: string;
}

/** What concerns those who show the job's output. */
export type Shown = SpoolText | Extract<Extracted, { kind: "confirmed" | "gap" }>;

/** The container has no payload yet. */
export interface MissingPayload {
  /** Why boto3 could not fetch it; empty where it was not to. */
  readonly why: string;
}

const NOTHING = Buffer.alloc(0);
/** Characters of a refusal's code. */
const LONGEST_CODE = 40;

/**
 * Pulls the job's output and its end out of what a terminal showed: the live session, its CloudWatch stream or its
 * S3 transcript, by the same rules (see marks.ts). Takes bytes in pieces of any size; never throws; holds back no
 * more than one mark and one record, and asks for nothing twice in a session.
 */
export class Extractor {
  readonly #workers: number;
  readonly #spool: SpoolReader;
  readonly #mark: Buffer;
  #pending: Buffer = NOTHING;
  #state: "before" | "line-end" | "spool" | "packed" | "after" = "before";
  #packed: Packed | undefined;
  #announced = false;
  readonly #asked = new Set<string>();
  #notes = 0;
  #noise = "";
  readonly #returns = new Returns();
  /** Bytes of the spool that come again, since they have been read before. */
  #skip = 0;
  /** The byte of the spool up to which all is known to be what the container sent. */
  #certain = 0;

  /** Of a run with so many workers. */
  constructor(nonce: string, workers: number) {
    this.#workers = workers;
    this.#spool = new SpoolReader(workers);
    this.#mark = Buffer.from(sessionMark(nonce));
  }

  /** The byte of the spool from which another session has to go on. */
  get offset(): number {
    return this.#spool.offset;
  }

  /** The byte of the spool up to which all is known to be what the container sent: no session goes on before it. */
  get confirmed(): number {
    return this.#certain;
  }

  /** The session is over; what comes next is another one, of the same job. */
  restart(): void {
    this.#spool.rewind();
    this.#pending = NOTHING;
    this.#state = "before";
    this.#packed = undefined;
    this.#announced = false;
    this.#asked.clear();
    this.#notes = 0;
    this.#noise = "";
    this.#returns.restart();
    this.#skip = 0;
  }

  /** All that these bytes say, one after the other. To be read to its end, or not to go on. */
  *read(bytes: Uint8Array): Generator<Extracted> {
    let data = this.#pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#pending, bytes]);
    this.#pending = NOTHING;
    while (data.length > 0 && !this.#isOver()) {
      const at = data.indexOf(this.#mark);
      if (at < 0) {
        const keep = beginning(data, this.#mark);
        yield* this.#plain(data.subarray(0, data.length - keep));
        data = data.subarray(data.length - keep);
        break;
      }
      yield* this.#plain(data.subarray(0, at));
      // What comes after a gap is believed no more, be it a status.
      if (this.#isOver()) break;
      data = data.subarray(at);
      const end = data.subarray(0, LONGEST_MARK).indexOf(BEL);
      if (end >= 0) {
        yield* this.#obey(data.toString("utf8", this.#mark.length, end));
        data = data.subarray(end + 1);
      } else if (data.length < LONGEST_MARK) {
        break;
      } else {
        // Not a mark of ours, whatever it is; drop its beginning so that nothing grows.
        data = data.subarray(this.#mark.length);
      }
    }
    if (!this.#isOver()) this.#pending = Buffer.from(data);
  }

  #isOver(): boolean {
    return this.#state === "after";
  }

  *#obey(mark: string): Generator<Extracted> {
    const body = mark.slice(1);
    switch (mark[0]) {
      case "@": {
        const offset = count(body);
        if (offset === undefined || this.#state !== "before") break;
        this.#skip = this.#spool.position - offset;
        this.#returns.restart();
        this.#state = "line-end";
        if (this.#skip < 0) yield this.#gap(this.#spool.position, offset);
        else yield { kind: "attached", offset };
        break;
      }
      case "#": {
        const [offset, length] = body.slice(1).split(" ", 2).map(count);
        const began = this.#state === "spool" || this.#state === "packed";
        if (!began || offset === undefined || length === undefined) break;
        this.#packed = new Packed(offset, length);
        this.#state = "packed";
        break;
      }
      case "~":
        yield* this.#compare(count(body.slice(1)));
        break;
      case "%":
        if (this.#state !== "packed") break;
        this.#state = "spool";
        yield* this.#unpack();
        break;
      case "p":
        if (this.#isFirst("p")) yield { kind: "payload-wanted" };
        break;
      case "s":
        if (this.#isFirst("s")) yield { kind: "secrets-wanted" };
        break;
      case "n":
        yield* this.#note(body);
        break;
      case ".": {
        const [, digits, status] = /^ (\d+) (.*)$/s.exec(body) ?? [];
        const length = count(digits);
        this.#state = "after";
        if (length === undefined || status === undefined) break;
        if (length !== this.#spool.position) yield this.#gap(length, this.#spool.position);
        else yield { kind: "status", status: parseStatus(status, this.#workers) };
        break;
      }
      case "!": {
        const [, code, text] = /^ (\S+) ?(.*)$/s.exec(body) ?? [];
        this.#state = "after";
        yield { kind: "refused", code: code?.slice(0, LONGEST_CODE) ?? "unknown", text: clipped(text ?? "") };
        break;
      }
      // What a later version may say is not for us.
    }
  }

  #isFirst(what: string): boolean {
    if (this.#asked.has(what)) return false;
    this.#asked.add(what);
    return true;
  }

  *#note(body: string): Generator<Extracted> {
    this.#notes += 1;
    if (this.#notes <= MOST_NOTES) yield { kind: "note", text: clipped(body) };
    else if (this.#notes === MOST_NOTES + 1) yield { kind: "note", text: "Further notes are not shown." };
  }

  /** What the container has sent, by its own count, with what has come. */
  *#compare(sent: number | undefined): Generator<Extracted> {
    if (sent === undefined || this.#state !== "spool") return;
    const came = this.#spool.position - this.#skip;
    if (sent !== came) yield this.#gap(sent, came);
    else if (this.#skip === 0) yield this.#confirmed();
  }

  #confirmed(): Extracted {
    this.#certain = this.#spool.offset;
    return { kind: "confirmed" };
  }

  #gap(expected: number, got: number, why?: string): Gap {
    this.#state = "after";
    this.#spool.rewind(this.#certain);
    return { kind: "gap", expected, got, offset: this.#certain, ...(why !== undefined && { why }) };
  }

  /** Bytes between marks: noise before the spool, then the spool with its terminal's CRs. */
  *#plain(bytes: Buffer): Generator<Extracted> {
    let data = bytes;
    if (this.#state === "packed") {
      this.#packed?.push(data);
      return;
    }
    if (this.#state === "before") {
      yield* this.#announce(data);
      return;
    }
    if (this.#state === "line-end") {
      const rest = this.#returns.learn(data);
      if (rest === undefined) return;
      data = rest;
      this.#state = "spool";
    }
    if (data.length > 0) yield* this.#texts(this.#returns.strip(data));
  }

  *#unpack(): Generator<Extracted> {
    const packed = this.#packed;
    if (packed === undefined) return;
    this.#packed = undefined;
    const data = packed.inflate();
    const position = this.#spool.position - this.#skip;
    if (data === undefined || packed.offset !== position) {
      yield this.#gap(position, packed.offset);
    } else {
      yield* this.#texts(data);
      yield* this.#compare(packed.offset + packed.length);
    }
  }

  *#texts(data: Buffer): Generator<Extracted> {
    const skipped = Math.min(this.#skip, data.length);
    if (skipped > 0) this.#skip -= skipped;
    const rest = skipped > 0 ? data.subarray(skipped) : data;
    if (rest.length > 0) yield* this.#spool.read(rest);
    if (!this.#spool.overlong) return;
    const why = `a record has no end within ${LONGEST_RECORD / 1024 / 1024} MiB.`;
    yield this.#gap(this.#spool.position, this.#spool.position, why);
  }

  /** Looks for the one word that is said before the nonce is known, wherever the pieces are cut. */
  *#announce(data: Buffer): Generator<Extracted> {
    if (this.#announced) return;
    this.#noise = (this.#noise + data.toString("latin1")).slice(-LONGEST_MARK);
    const [, word, why] = ANNOUNCEMENT.exec(this.#noise) ?? [];
    if (word === undefined) return;
    this.#announced = true;
    this.#noise = "";
    if (word === "echo") yield { kind: "echo" };
    else yield { kind: "ready", missing: why === undefined ? undefined : { why } };
  }
}

/** How many bytes at the end of `data` may be the beginning of `mark`. */
function beginning(data: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length -= 1) {
    if (data.compare(mark, 0, length, data.length - length) === 0) return length;
  }
  return 0;
}
