import { ANNOUNCEMENT, BEL, LONGEST_MARK, sessionMark } from "./marks.ts";
import { inflate, LARGEST_PACK, NO_PACK, type Packed } from "./packed.ts";
import { SpoolReader, type SpoolText } from "./spool.ts";
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
}

/** What concerns those who show the job's output. */
export type Shown = SpoolText | Extract<Extracted, { kind: "confirmed" | "gap" }>;

/** The container has no payload yet. */
export interface MissingPayload {
  /** Why boto3 could not fetch it; empty where it was not to. */
  readonly why: string;
}

const CR = 13;
const LF = 10;
const NOTHING = Buffer.alloc(0);

/**
 * Pulls the job's output and its end out of what a terminal showed: the live session, its CloudWatch stream or its
 * S3 transcript, by the same rules (see marks.ts). Takes bytes in pieces of any size; never throws; holds back no
 * more than one mark and one record.
 */
export class Extractor {
  readonly #spool = new SpoolReader();
  readonly #mark: Buffer;
  #pending: Buffer = NOTHING;
  #state: "before" | "line-end" | "spool" | "packed" | "after" = "before";
  #packed: Packed = NO_PACK;
  #announced = false;
  #noise = "";
  /** CRs that this terminal and this log put before every LF. */
  #returns = 0;
  /** CRs seen that may belong to a LF still to come. */
  #held = 0;
  /** Bytes of the spool that come again, since they have been read before. */
  #skip = 0;
  /** The byte of the spool up to which all is known to be what the container sent. */
  #certain = 0;

  constructor(nonce: string) {
    this.#mark = Buffer.from(sessionMark(nonce));
  }

  /** The byte of the spool from which another session has to go on. */
  get offset(): number {
    return this.#spool.offset;
  }

  /** The session is over; what comes next is another one, of the same job. */
  restart(): void {
    this.#spool.rewind();
    this.#pending = NOTHING;
    this.#state = "before";
    this.#packed = NO_PACK;
    this.#announced = false;
    this.#noise = "";
    this.#held = 0;
    this.#skip = 0;
  }

  /** All that these bytes say, one after the other. To be read to its end, or not to go on. */
  *read(bytes: Uint8Array): Generator<Extracted> {
    let data = this.#pending.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#pending, bytes]);
    this.#pending = NOTHING;
    while (data.length > 0 && this.#state !== "after") {
      const at = data.indexOf(this.#mark);
      if (at < 0) {
        const keep = beginning(data, this.#mark);
        yield* this.#plain(data.subarray(0, data.length - keep));
        data = data.subarray(data.length - keep);
        break;
      }
      yield* this.#plain(data.subarray(0, at));
      const end = data.indexOf(BEL, at);
      if (end < 0) {
        data = data.subarray(at);
        // Not a mark of ours, whatever it is; drop its beginning so that nothing grows.
        if (data.length > LONGEST_MARK) data = data.subarray(this.#mark.length);
        else break;
      } else {
        yield* this.#obey(data.toString("utf8", at + this.#mark.length, end));
        data = data.subarray(end + 1);
      }
    }
    if (this.#state !== "after") this.#pending = Buffer.from(data);
  }

  *#obey(mark: string): Generator<Extracted> {
    const body = mark.slice(1);
    switch (mark[0]) {
      case "@": {
        const offset = Number(body);
        this.#skip = this.#spool.position - offset;
        this.#returns = 0;
        this.#state = "line-end";
        if (this.#skip < 0) yield this.#gap(this.#spool.position, offset);
        else yield { kind: "attached", offset };
        break;
      }
      case "#": {
        const [, offset, length] = /^ (\d+) (\d+)$/.exec(body) ?? [];
        this.#packed = { offset: Number(offset), length: Number(length), text: [], size: 0 };
        this.#state = "packed";
        break;
      }
      case "~":
        yield* this.#compare(Number(body));
        break;
      case "%":
        this.#state = "spool";
        yield* this.#unpack();
        break;
      case "p":
        yield { kind: "payload-wanted" };
        break;
      case "s":
        yield { kind: "secrets-wanted" };
        break;
      case "n":
        yield { kind: "note", text: body.trim() };
        break;
      case ".": {
        const [, length, status] = /^ (\d+) (.*)$/s.exec(body) ?? [];
        this.#state = "after";
        if (length === undefined || status === undefined) break;
        if (Number(length) === this.#spool.position) yield { kind: "status", status: parseStatus(status) };
        else yield this.#gap(Number(length), this.#spool.position);
        break;
      }
      case "!": {
        const [, code, text] = /^ (\S+) ?(.*)$/s.exec(body) ?? [];
        this.#state = "after";
        yield { kind: "refused", code: code ?? "unknown", text: text ?? "" };
        break;
      }
      // What a later version may say is not for us.
    }
  }

  /** What the container has sent, by its own count, with what has come. */
  *#compare(sent: number): Generator<Extracted> {
    const came = this.#spool.position - this.#skip;
    if (sent !== came) yield this.#gap(sent, came);
    else if (this.#skip === 0) yield this.#confirmed();
  }

  #confirmed(): Extracted {
    this.#certain = this.#spool.offset;
    return { kind: "confirmed" };
  }

  #gap(expected: number, got: number): Gap {
    this.#state = "after";
    this.#spool.rewind(this.#certain);
    return { kind: "gap", expected, got, offset: this.#certain };
  }

  /** Bytes between marks: noise before the spool, then the spool with its terminal's CRs. */
  *#plain(bytes: Buffer): Generator<Extracted> {
    let data = bytes;
    if (this.#state === "packed") {
      this.#packed.size += data.length;
      if (this.#packed.size <= LARGEST_PACK) this.#packed.text.push(data.toString("latin1"));
      return;
    }
    if (this.#state === "before") {
      yield* this.#announce(data);
      return;
    }
    if (this.#state === "line-end") {
      while (data[0] === CR) {
        this.#returns += 1;
        data = data.subarray(1);
      }
      if (data.length === 0) return;
      if (data[0] === LF) data = data.subarray(1);
      this.#state = "spool";
    }
    if (data.length > 0) yield* this.#texts(this.#withoutReturns(data));
  }

  *#unpack(): Generator<Extracted> {
    const { offset, length, text } = this.#packed;
    this.#packed = NO_PACK;
    const data = inflate(text.join(""), length);
    const position = this.#spool.position - this.#skip;
    if (data === undefined || offset !== position) {
      yield this.#gap(position, offset);
    } else {
      yield* this.#texts(data);
      yield* this.#compare(offset + length);
    }
  }

  *#texts(data: Buffer): Generator<Extracted> {
    const skipped = Math.min(this.#skip, data.length);
    if (skipped > 0) this.#skip -= skipped;
    const rest = skipped > 0 ? data.subarray(skipped) : data;
    if (rest.length > 0) yield* this.#spool.read(rest);
  }

  #withoutReturns(data: Buffer): Buffer {
    if (this.#returns === 0) return data;
    const parts: Buffer[] = [];
    let from = 0;
    while (from < data.length) {
      const lf = data.indexOf(LF, from);
      const end = lf < 0 ? data.length : lf;
      let last = end;
      while (last > from && data[last - 1] === CR) last -= 1;
      if (last > from) {
        parts.push(returns(this.#held), data.subarray(from, last));
        this.#held = 0;
      }
      this.#held += end - last;
      if (lf >= 0) {
        parts.push(returns(Math.max(0, this.#held - this.#returns)), data.subarray(lf, lf + 1));
        this.#held = 0;
      }
      from = end + 1;
    }
    return Buffer.concat(parts);
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

function returns(count: number): Buffer {
  return count === 0 ? NOTHING : Buffer.alloc(count, CR);
}

/** How many bytes at the end of `data` may be the beginning of `mark`. */
function beginning(data: Buffer, mark: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length -= 1) {
    if (data.compare(mark, 0, length, data.length - length) === 0) return length;
  }
  return 0;
}
