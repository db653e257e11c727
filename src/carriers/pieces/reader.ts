import { FOLDER_BUDGET } from "./budget.ts";
import { LARGEST_BODY, openPiece, type Piece, type PieceFolder } from "./format.ts";
import { Heartbeat, SILENCE_MS } from "./heartbeat.ts";
import type { ObjectToRead, PieceEvent, ReadAnswer, Stall } from "./piece-events.ts";

/** The pause after a read that found no piece yet. It grows with each, up to the longest. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 500;
/** The pause after a read that failed, or whose object is not authentic. */
const RETRY_MS = 1_000;
/** A piece of this size, or a full one, shows that more waits in the container. */
const LARGE_PIECE = 1024 * 1024;
/** How often the piece behind a missing one is looked for. */
const PROBE_EVERY_MS = 5_000;
/** How long S3 may deny or fail every read. */
const OUTAGE_MS = 30_000;
/** How many reads have to find the same fault before it counts: an upload that is under way may explain fewer. */
const FAULTY_READS = 3;

/** What of a job's pieces may be in memory. */
export interface PieceLimits {
  /** The most bytes of a piece. */
  readonly size: number;
  /** While pieces come one after the other, this many beyond the next one are read at the same time. */
  readonly ahead: number;
}

/** Those of a job that is alone. */
export const PIECES_ALONE: PieceLimits = { size: LARGEST_BODY, ahead: 2 };

/**
 * Reads the pieces of one folder in their order. Does no I/O and has no clock: answers and the time come in; events,
 * the objects to read and the next deadline come out. Each `bytes` event begins where the one before it ended, or at a later byte up to
 * which another carrier has brought the spool. After `end`, `exhausted` or `stalled` there is no event and nothing to read.
 */
export class PieceReader {
  readonly #folder: PieceFolder;
  readonly #longestPause: number;
  readonly #most: number;
  #next = 0;
  #begin: number;
  /** True before the first piece, when that may begin at any byte. */
  #mayBeginAnywhere: boolean;
  /** When each read that is under way began. */
  readonly #asked = new Map<ObjectToRead, number>();
  readonly #limits: PieceLimits;
  /** Authentic pieces behind a missing one. */
  readonly #held = new Map<number, Piece>();
  /** True when there is an authentic piece behind the missing one. */
  #hasLater = false;
  #streak = 0;
  #pause = FIRST_PAUSE_MS;
  /** When the next piece may be read. */
  #readAt = 0;
  /** When the piece behind the missing one may be read. */
  #probeAt = Infinity;
  readonly #heartbeat: Heartbeat;
  /** The byte up to which another carrier has brought the spool. */
  #certain = 0;
  #faults = 0;
  #faultySince: number | undefined;
  /** True once S3 has called an object missing. A denial then means more than a missing object. */
  #isMissingKnown = false;
  #deniedSince: number | undefined;
  #failingSince: number | undefined;
  #finishedAt: number | undefined;
  #events: PieceEvent[] = [];
  #isProven = false;
  #isOver = false;

  /** The pieces begin at byte `begin` of the spool; undefined: where the first one does. At most `most` are read. Times are in milliseconds. */
  constructor(
    folder: PieceFolder,
    begin: number | undefined,
    now: number,
    {
      longestPause = LONGEST_PAUSE_MS,
      most = FOLDER_BUDGET.pieces,
      limits = PIECES_ALONE,
    }: {
      readonly longestPause?: number | undefined;
      readonly most?: number;
      readonly limits?: PieceLimits | undefined;
    } = {},
  ) {
    this.#folder = folder;
    this.#most = most;
    this.#limits = limits;
    this.#longestPause = longestPause;
    this.#begin = begin ?? 0;
    this.#mayBeginAnywhere = begin === undefined;
    this.#heartbeat = new Heartbeat(now);
  }

  /** The number of the first piece that has not been passed on. */
  get next(): number {
    return this.#next;
  }

  /** The byte of the spool up to which pieces have been passed on. */
  get position(): number {
    return this.#begin;
  }

  /**
   * Tells that another carrier has brought the spool up to this byte for certain. The container may then leave these
   * bytes out: a session has confirmed them, so the container no longer keeps them.
   */
  confirm(byte: number): void {
    this.#certain = byte;
  }

  /** Tells that no piece will be added from now on. Those that are there are still passed on. */
  finish(now: number): void {
    this.#finishedAt ??= now;
    this.#readAt = Math.min(this.#readAt, now);
  }

  takeEvents(): readonly PieceEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The objects to be read now. Each has to be answered. */
  takeReads(now: number): readonly ObjectToRead[] {
    if (this.#isOver) return [];
    const reads = this.#due(now);
    for (const name of reads) this.#asked.set(name, now);
    if (reads.includes("alive")) this.#heartbeat.noteRead(now);
    if (now >= this.#probeAt) this.#probeAt = now + PROBE_EVERY_MS;
    return reads;
  }

  /** When `takeReads` has to be called next, if no answer comes before. */
  deadline(): number {
    if (this.#isOver) return Infinity;
    return Math.min(
      this.#asked.has(this.#next) ? Infinity : this.#readAt,
      this.#asked.has(this.#next + 1) ? Infinity : this.#probeAt,
      this.#asked.has("alive") ? Infinity : this.#heartbeat.dueAt,
    );
  }

  answer(name: ObjectToRead, answer: ReadAnswer, now: number): void {
    const askedAt = this.#asked.get(name);
    this.#asked.delete(name);
    if (this.#isOver || askedAt === undefined) return;
    if (answer.kind !== "failed") this.#failingSince = undefined;
    switch (answer.kind) {
      case "found":
        this.#deniedSince = undefined;
        this.#found(name, answer.bytes, { askedAt, now });
        break;
      case "missing":
        this.#deniedSince = undefined;
        this.#isMissingKnown = true;
        this.#missing(name, { askedAt, now }, { isCertain: true });
        break;
      case "denied":
        if (this.#isMissingKnown) {
          this.#deniedSince ??= askedAt;
          this.#failed(name, { askedAt, now });
          if (now - this.#deniedSince >= OUTAGE_MS) this.#stall("denied", answer.why);
        } else this.#missing(name, { askedAt, now }, { isCertain: false });
        break;
      case "failed":
        this.#failingSince ??= askedAt;
        this.#failed(name, { askedAt, now });
        if (now - this.#failingSince >= OUTAGE_MS) this.#stall("unreachable", answer.why);
        break;
    }
  }

  #due(now: number): ObjectToRead[] {
    const names: ObjectToRead[] = [];
    const add = (name: ObjectToRead): void => {
      if (!this.#asked.has(name) && !(typeof name === "number" && this.#held.has(name))) names.push(name);
    };
    if (now >= this.#readAt) {
      add(this.#next);
      if (this.#streak >= 2) for (let more = 1; more <= this.#limits.ahead; more += 1) add(this.#next + more);
    }
    if (now >= this.#probeAt) add(this.#next + 1);
    if (now >= this.#heartbeat.dueAt) add("alive");
    return names;
  }

  #found(name: ObjectToRead, bytes: Uint8Array, { askedAt, now }: ReadTimes): void {
    const piece = openPiece(this.#folder, bytes);
    if (name === "alive") {
      if (this.#heartbeat.take(piece)) this.#hear(now);
      else this.#heartbeat.noteVain(askedAt);
    } else if (piece?.number === name && (piece.kind === "out" || piece.kind === "end")) {
      this.#hear(now);
      this.#hasLater ||= name > this.#next;
      // Of a piece that is too far ahead it counts only that it is there: it is read again.
      if (name > this.#next + this.#limits.ahead) return;
      this.#held.set(name, piece);
      this.#passOn(now);
    } else if (name === this.#next) {
      this.#blame("forged", `piece ${name} is not what the container uploaded`, now);
    }
  }

  #hear(now: number): void {
    this.#heartbeat.noteLife(now);
    if (!this.#isProven) this.#events.push({ kind: "proven" });
    this.#isProven = true;
  }

  /** Passes on the next piece, and those behind it that are held. */
  #passOn(now: number): void {
    for (let piece = this.#take(); piece !== undefined; piece = this.#isOver ? undefined : this.#take()) {
      const { kind, begin, body } = piece;
      if (this.#next >= this.#most) {
        this.#stall("excess", `there are more than ${this.#most} pieces`);
        return;
      }
      if (
        begin !== this.#begin &&
        !this.#mayBeginAnywhere &&
        !(begin > this.#begin && begin <= this.#certain)
      ) {
        this.#stall("hole", `piece ${this.#next} begins at byte ${begin} and not at byte ${this.#begin}`);
        return;
      }
      this.#mayBeginAnywhere = false;
      this.#next += 1;
      this.#hasLater = this.#held.size > 0;
      this.#faults = 0;
      this.#faultySince = undefined;
      this.#pause = FIRST_PAUSE_MS;
      this.#readAt = now;
      this.#probeAt = Infinity;
      this.#streak += body.length >= Math.min(LARGE_PIECE, this.#limits.size) ? 2 : 1;
      if (kind === "end") {
        this.#events.push({ kind, length: begin, text: body.toString("utf8") });
        this.#isOver = true;
      } else {
        this.#begin = begin + body.length;
        this.#events.push({ kind: "bytes", begin, bytes: body });
      }
    }
  }

  #take(): Piece | undefined {
    const piece = this.#held.get(this.#next);
    this.#held.delete(this.#next);
    return piece;
  }

  #missing(
    name: ObjectToRead,
    { askedAt, now }: ReadTimes,
    { isCertain }: { readonly isCertain: boolean },
  ): void {
    if (name === "alive") this.#heartbeat.noteVain(askedAt);
    if (name !== this.#next) return;
    this.#streak = 0;
    this.#readAt = now + this.#pause;
    this.#pause = Math.min(this.#pause * 1.5, this.#longestPause);
    if (this.#probeAt === Infinity) this.#probeAt = now + PROBE_EVERY_MS;
    if (this.#finishedAt !== undefined && askedAt >= this.#finishedAt) {
      this.#events.push({ kind: "exhausted" });
      this.#isOver = true;
    } else if (this.#hasLater || this.#heartbeat.uploaded > Math.max(this.#begin, this.#certain)) {
      this.#faultySince ??= askedAt;
      // S3 may deny for a moment what is there.
      if (isCertain || now - this.#faultySince >= OUTAGE_MS)
        this.#blame("hole", `piece ${this.#next} is missing, and later ones are there`, now);
    } else if (this.#heartbeat.isSilent(askedAt)) {
      this.#stall("silent", `the container has uploaded nothing for ${SILENCE_MS / 1000} s`);
    }
  }

  #failed(name: ObjectToRead, { askedAt, now }: ReadTimes): void {
    if (name === "alive") this.#heartbeat.noteVain(askedAt);
    if (name === this.#next) this.#readAt = now + RETRY_MS;
    this.#streak = 0;
  }

  /** A fault of the next piece. It counts when several reads have found it. */
  #blame(reason: Stall["reason"], seen: string, now: number): void {
    this.#faults += 1;
    this.#readAt = Math.max(this.#readAt, now + RETRY_MS);
    if (this.#faults >= FAULTY_READS) this.#stall(reason, seen);
  }

  #stall(reason: Stall["reason"], seen: string): void {
    this.#events.push({ kind: "stalled", reason, seen });
    this.#isOver = true;
  }
}

interface ReadTimes {
  readonly askedAt: number;
  readonly now: number;
}
