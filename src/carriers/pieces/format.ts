import { createHash, timingSafeEqual } from "node:crypto";

/**
 * The objects by which the container and the action speak through a bucket. `docs/adr/0008-output-by-s3.md` has the
 * reasons. The objects of one order to a container stand in a folder of their own (orders.ts). The name of the folder is
 * 32 random hex digits. It is not a secret.
 *
 *     0, 1, …     the spool in pieces, in order, without a hole. The reader knows the next name, and lists nothing.
 *     alive       the heartbeat of a container that has nothing to upload; overwritten.
 *     control     what the reader tells the container; overwritten.
 *     part.0, …   the archive of artifacts in parts, in order. A record of the spool says that the next one is there, and no more.
 *
 * An object is a header line and a body:
 *
 *     fx1 KIND NUMBER BEGIN LENGTH MAC
 *
 *     `out`       a piece: LENGTH bytes of the spool from byte BEGIN on. NUMBER is the object's name.
 *     `end`       the last piece. BEGIN is the length of the spool. The body is the status as in the mark `.`, or
 *                 `! CODE TEXT` as in the mark `!` (carriers/stream/marks.ts).
 *     `part`      LENGTH bytes of the archive. NUMBER is that of the object's name. BEGIN is 0.
 *     `alive`     NUMBER grows. BEGIN is the byte of the spool up to which pieces have been uploaded. No body.
 *     `control`   NUMBER grows, and is about the time in seconds (controlNumber). BEGIN is the byte up to which the reader has all of the spool for certain. The body
 *                 has the lines of `orders.ts`.
 *
 * MAC is SHA-256 of the outer key and of the hex digits of a first SHA-256. The first is of the inner key, the text
 * `fx1 JOB KIND NUMBER BEGIN LENGTH` with its line end, and the body. JOB is the name of the folder. Those are HMAC's two
 * hashes, but each key fills a block of SHA-256. So nothing is padded, and a shell with sha256sum can compute them. JOB
 * binds an object to its folder, and KIND and NUMBER bind it to its name. So another principal who may write to the bucket
 * can neither forge an object nor move an authentic one to another name or folder.
 */
export type PieceKind = "out" | "end" | "part" | "alive" | "control";

/** The keys of one folder. They are typed into a session, and a job's handle holds them. They are never printed, staged or recorded elsewhere. */
export interface PieceKeys {
  /** 64 hex digits each: 32 random bytes. */
  readonly inner: string;
  readonly outer: string;
}

/** A folder, and its keys. */
export interface PieceFolder {
  /** 32 hex digits, which name the folder. */
  readonly job: string;
  readonly keys: PieceKeys;
}

/** An authentic object. */
export interface Piece {
  readonly kind: PieceKind;
  readonly number: number;
  readonly begin: number;
  readonly body: Buffer;
}

/** The most bytes of the spool in one piece, and of the archive in one part. */
export const LARGEST_BODY = 8 * 1024 * 1024;
/** The most bytes of a status: each of 256 workers takes at most 25. */
const LARGEST_END = 16 * 1024;
const LONGEST_HEADER = 300;
/** The most bytes of an object whose body has at most `body` bytes. */
export function largestObject(body: number): number {
  return Math.max(body, LARGEST_END) + LONGEST_HEADER;
}
export const LARGEST_OBJECT = largestObject(LARGEST_BODY);

/** Fifteen digits fit a number exactly. */
const DIGITS = "(0|[1-9]\\d{0,14})";
const HEADER = new RegExp(`^fx1 (out|end|part|alive|control) ${DIGITS} ${DIGITS} ${DIGITS} ([0-9a-f]{64})$`);
const LF = 10;

/** The bytes of an object. */
export function sealPiece(folder: PieceFolder, { kind, number, begin, body }: Piece): Buffer {
  const facts = `${kind} ${number} ${begin} ${body.length}`;
  return Buffer.concat([Buffer.from(`fx1 ${facts} ${mac(folder, facts, body)}\n`), body]);
}

/** Parses the bytes of an object; undefined unless a holder of the folder's keys has made exactly this object. */
export function openPiece(folder: PieceFolder, bytes: Uint8Array): Piece | undefined {
  const object = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = object.subarray(0, LONGEST_HEADER).indexOf(LF);
  const [, kind, number, begin, length, given = ""] =
    HEADER.exec(object.toString("latin1", 0, Math.max(end, 0))) ?? [];
  if (kind === undefined) return undefined;
  const body = object.subarray(end + 1);
  if (body.length !== Number(length) || !mayHave(kind as PieceKind, body.length)) return undefined;
  const expected = mac(folder, `${kind} ${number} ${begin} ${length}`, body);
  if (!timingSafeEqual(Buffer.from(given), Buffer.from(expected))) return undefined;
  return { kind: kind as PieceKind, number: Number(number), begin: Number(begin), body };
}

function mayHave(kind: PieceKind, length: number): boolean {
  switch (kind) {
    case "out":
    case "part":
      return length > 0 && length <= LARGEST_BODY;
    case "end":
      return length > 0 && length <= LARGEST_END;
    case "alive":
      return length === 0;
    case "control":
      return true;
  }
}

function mac({ job, keys }: PieceFolder, facts: string, body: Buffer): string {
  const inner = createHash("sha256").update(`${keys.inner}fx1 ${job} ${facts}\n`).update(body).digest("hex");
  return createHash("sha256").update(keys.outer).update(inner).digest("hex");
}
