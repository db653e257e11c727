import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/**
 * The packets of a forward. A line of the terminal is the base64 of a packet: a kind, a number, a sealed body and a tag. The agent
 * passes such lines whole: they are ASCII. It changes bytes that are no UTF-8 (amazon-ssm-agent `agent/session/shell/shell.go`,
 * processStdoutData). The container's half is `payload/container/forward_link.py`.
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
/** The longest line, without its end. */
export const LONGEST_LINE = 65_536;

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
  readonly #key: Buffer;
  readonly #ours: Buffer;
  readonly #theirs: Buffer;

  constructor(key: Buffer, ours: "c" | "r") {
    this.#key = key;
    this.#ours = Buffer.from(ours);
    this.#theirs = Buffer.from(ours === "r" ? "c" : "r");
  }

  /** The packet as a line, with its end. */
  close(kind: Kind, number: number, body: Buffer = Buffer.alloc(0)): Buffer {
    const head = Buffer.concat([Buffer.of(kind), numberBytes(number)]);
    const packet = Buffer.concat([head, this.#mix(Buffer.concat([this.#ours, head]), body)]);
    const tag = this.#tag(Buffer.concat([this.#ours, packet]));
    return Buffer.from(`${Buffer.concat([packet, tag]).toString("base64")}\n`, "ascii");
  }

  /** Throws `Damage` for a line that the other half did not make. */
  open(line: Buffer): Packet {
    const bytes = Buffer.from(line.toString("latin1"), "base64");
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
      .update(this.#key.subarray(0, KEY_BYTES / 2))
      .update(nonce)
      .digest();
    for (let i = 0; i < mixed.length; i++) mixed[i] = (mixed[i] ?? 0) ^ (bytes[i] ?? 0);
    return mixed;
  }

  #tag(bytes: Buffer): Buffer {
    const tag = createHmac("sha256", this.#key.subarray(KEY_BYTES / 2)).update(bytes);
    return tag.digest().subarray(0, TAG_BYTES);
  }
}

const LINE_END = 10;

/** Cuts bytes into lines. */
export class Lines {
  #rest: Uint8Array[] = [];
  #length = 0;

  /** The lines that end in these bytes, without their ends and without empty ones. Throws `Damage` for a line that is too long. */
  *cut(bytes: Uint8Array): Generator<Buffer> {
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(LINE_END, from);
      const piece = bytes.subarray(from, end < 0 ? undefined : end);
      this.#length += piece.length;
      if (this.#length > LONGEST_LINE) throw new Damage("a line is too long");
      this.#rest.push(piece);
      if (end < 0) return;
      const line = Buffer.concat(this.#rest);
      this.#rest = [];
      this.#length = 0;
      if (line.length > 0) yield line;
      from = end + 1;
    }
  }
}
