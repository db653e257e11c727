import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { Bytes } from "../bytes.ts";
import { fromSeptets, SEPTET_VALUES, toSeptets } from "./septets.ts";

/**
 * The packets of a forward: a kind, a number, a sealed body and a tag. The terminal carries them in septets, each behind its length:
 * the agent passes ASCII whole, and changes bytes that are no UTF-8 (amazon-ssm-agent `agent/session/shell/shell.go`,
 * processStdoutData). The container's half is `payload/container/forward_packets.py`.
 */
export const PacketKind = { hello: 0, frame: 1, ack: 2 } as const;
type Kind = (typeof PacketKind)[keyof typeof PacketKind];

export interface Packet {
  readonly kind: number;
  /** Of a hello the session's, of a frame its own, of an acknowledgement that of the next frame to come. */
  readonly number: number;
  readonly body: Buffer;
}

/** The bytes of the key: half for the cipher, half for the tag. */
export const KEY_BYTES = 64;
const HEAD_BYTES = 7;
const NUMBER_BYTES = 6;
const TAG_BYTES = 16;
/** The most bytes of a packet on the terminal, without its length. */
export const LONGEST_PACKET = 65_536;
/** The septets of a length. The first one is below that of any mark. */
const LENGTH_SEPTETS = 3;

const LONGEST_MARK = 400;

/** A line that is no packet, or a gap. The next session goes on. */
export class Damage extends Error {}

/** What the other half never sends. The forward ends. */
export class Violation extends Error {}

export function numberBytes(value: number, size = NUMBER_BYTES): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

/**
 * Seals packets by a key that only the two halves have, so that the log of a session holds ciphertext: SHAKE256 as a stream cipher,
 * then HMAC-SHA256. Python's standard library has no other cipher. Each packet has its own nonce: direction, kind and number. A frame
 * that is sent again is the same line.
 */
export class Seal {
  readonly #cipherKey: Buffer;
  readonly #tagKey: KeyObject;
  readonly #ours: Buffer;
  readonly #theirs: Buffer;

  constructor(key: Buffer, ours: "c" | "r") {
    this.#cipherKey = key.subarray(0, KEY_BYTES / 2);
    this.#tagKey = createSecretKey(key.subarray(KEY_BYTES / 2));
    this.#ours = Buffer.from(ours);
    this.#theirs = Buffer.from(ours === "r" ? "c" : "r");
  }

  /** The packet as a line, behind its length. */
  close(kind: Kind, number: number, body: Buffer = Buffer.alloc(0)): Buffer {
    const head = Buffer.concat([Buffer.of(kind), numberBytes(number)]);
    const packet = Buffer.concat([head, this.#mix(Buffer.concat([this.#ours, head]), body)]);
    const tag = this.#tag(Buffer.concat([this.#ours, packet]));
    const line = toSeptets(Buffer.concat([packet, tag]));
    return Buffer.concat([lengthSeptets(line.length), line]);
  }

  /** Throws `Damage` for a line that the other half did not make. */
  open(line: Buffer): Packet {
    const bytes = fromSeptets(line);
    const packet = bytes.subarray(0, -TAG_BYTES);
    const [tag, theirs] = [bytes.subarray(-TAG_BYTES), this.#theirs];
    const isWhole = packet.length >= HEAD_BYTES && tag.length === TAG_BYTES;
    if (!isWhole || !timingSafeEqual(tag, this.#tag(Buffer.concat([theirs, packet]))))
      throw new Damage("a line is no packet of the container");
    const head = packet.subarray(0, HEAD_BYTES);
    const body = this.#mix(Buffer.concat([theirs, head]), packet.subarray(HEAD_BYTES));
    return { kind: packet.readUInt8(0), number: packet.readUIntBE(1, NUMBER_BYTES), body };
  }

  #mix(nonce: Buffer, bytes: Buffer): Buffer {
    if (bytes.length === 0) return bytes;
    const mixed = createHash("shake256", { outputLength: bytes.length })
      .update(this.#cipherKey)
      .update(nonce)
      .digest();
    for (let i = 0; i < mixed.length; i++) mixed[i] = (mixed[i] ?? 0) ^ (bytes[i] ?? 0);
    return mixed;
  }

  #tag(bytes: Buffer): Buffer {
    const tag = createHmac("sha256", this.#tagKey).update(bytes);
    return tag.digest().subarray(0, TAG_BYTES);
  }
}

const LINE_END = 10;
const RETURN = 13;
/** The first byte of a mark, which is a line of text. */
export const ESCAPE = 27;

/** Cuts what a container's terminal prints into packets and marks. A mark is a line of text that begins with `ESCAPE`. */
export class Lines {
  readonly #rest = new Bytes();
  /** There is nothing to cut before so many bytes have come. */
  #wanted = 1;

  /** The packets and marks that end in these bytes, without lengths and line ends. Throws `Damage` for what is neither. */
  *cut(bytes: Uint8Array): Generator<Buffer> {
    this.#rest.push(bytes);
    if (this.#rest.length < this.#wanted) return;
    const all = this.#rest.take();
    let from = 0;
    for (;;) {
      while (all[from] === LINE_END || all[from] === RETURN) from += 1;
      const rest = all.subarray(from);
      const [begin, end] = rest[0] === ESCAPE ? markIn(rest) : packetIn(rest);
      this.#wanted = end;
      if (rest.length < end) {
        this.#rest.push(rest);
        return;
      }
      yield rest.subarray(begin, end);
      from += end;
    }
  }
}

/** Where the packet at the begin of these bytes lies; its end may be behind them. */
function packetIn(bytes: Buffer): readonly [begin: number, end: number] {
  if (bytes.length < LENGTH_SEPTETS) return [LENGTH_SEPTETS, LENGTH_SEPTETS];
  const length = bytes.subarray(0, LENGTH_SEPTETS).reduce((sum, each) => sum * SEPTET_VALUES + each, 0);
  if (length === 0 || length > LONGEST_PACKET) throw new Damage("a line has no length of a packet");
  return [LENGTH_SEPTETS, LENGTH_SEPTETS + length];
}

/** Where the mark at the begin of these bytes lies; its end is behind them as long as it has not come. */
function markIn(bytes: Buffer): readonly [begin: number, end: number] {
  const end = bytes.indexOf(LINE_END);
  if (end > LONGEST_MARK || (end < 0 && bytes.length > LONGEST_MARK)) throw new Damage("a mark is too long");
  return [0, end < 0 ? bytes.length + 1 : end];
}

function lengthSeptets(length: number): Buffer {
  const digits = Array.from({ length: LENGTH_SEPTETS }, (_, at) => Math.floor(length / SEPTET_VALUES ** at));
  return Buffer.from(digits.map((digit) => digit % SEPTET_VALUES).reverse());
}
