import { createHash, createHmac, createSecretKey, type KeyObject } from "node:crypto";

/** The packets of a forward's link, by the first byte. */
export const Kind = { hello: 0, frame: 1, ack: 2 } as const;

export interface Packet {
  readonly kind: number;
  readonly of: number;
  readonly body: Buffer;
}

/** What comes is no packet, or one that does not go on where the last one ended. The terminal that has brought it is dropped. */
export class Damage extends Error {}

/** What a runner never sends. The relay ends with these words. */
export class Violation extends Error {}

const HEAD = 7;
const TAG = 16;
const LENGTH = 3;
const MOST_SEPTETS = 65_536;

/** A number in so many bytes, the highest first. */
export function bytesOf(value: number, size = 6): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntBE(value, 0, size);
  return bytes;
}

/** The container's end of the seal: SHAKE256 over the first half of the key and a nonce is the cipher, HMAC-SHA256 by the second half the tag. */
export class ContainerSeal {
  readonly #cipher: Buffer;
  readonly #mac: KeyObject;

  constructor(key: Buffer) {
    this.#cipher = key.subarray(0, 32);
    this.#mac = createSecretKey(key.subarray(32));
  }

  close(kind: number, of: number, body: Buffer = Buffer.alloc(0)): Buffer {
    const head = Buffer.concat([Buffer.of(kind), bytesOf(of)]);
    const packet = Buffer.concat([head, this.#mix("c", head, body)]);
    const line = inSeptets(Buffer.concat([packet, this.#tag("c", packet)]));
    return Buffer.concat([Buffer.of(line.length >> 14, (line.length >> 7) & 127, line.length & 127), line]);
  }

  open(line: Buffer): Packet {
    const bytes = outOfSeptets(line);
    const packet = bytes.subarray(0, Math.max(0, bytes.length - TAG));
    const isOurs = packet.length >= HEAD && bytes.subarray(-TAG).equals(this.#tag("r", packet));
    if (!isOurs) throw new Damage("a line is no packet of the runner");
    const head = packet.subarray(0, HEAD);
    return {
      ...{ kind: packet.readUInt8(0), of: packet.readUIntBE(1, 6) },
      body: this.#mix("r", head, packet.subarray(HEAD)),
    };
  }

  #mix(from: "c" | "r", head: Buffer, body: Buffer): Buffer {
    if (body.length === 0) return body;
    const stream = createHash("shake256", { outputLength: body.length });
    const pad = stream.update(this.#cipher).update(from).update(head).digest();
    for (let at = 0; at < pad.length; at += 1) pad[at] = (pad[at] ?? 0) ^ (body[at] ?? 0);
    return pad;
  }

  #tag(from: "c" | "r", packet: Buffer): Buffer {
    return createHmac("sha256", this.#mac).update(from).update(packet).digest().subarray(0, TAG);
  }
}

/** Cuts what is typed into the septets of packets. */
export class PacketLines {
  #rest: Buffer = Buffer.alloc(0);

  cut(bytes: Buffer): readonly Buffer[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const lines: Buffer[] = [];
    for (;;) {
      const [a, b, c] = this.#rest;
      if (a === undefined || b === undefined || c === undefined) return lines;
      const end = LENGTH + ((a << 14) | (b << 7) | c);
      if (end === LENGTH || end > LENGTH + MOST_SEPTETS) throw new Damage("a line has no length of a packet");
      if (this.#rest.length < end) return lines;
      lines.push(this.#rest.subarray(LENGTH, end));
      this.#rest = this.#rest.subarray(end);
    }
  }
}

/** Seven bits of the bytes in each septet, filled up with zeros. */
function inSeptets(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(Math.ceil((8 * bytes.length) / 7));
  for (let at = 0, next = 0, held = 0, bits = 0; at < out.length; at += 1) {
    if (bits < 7) {
      held = ((held << 8) | (bytes[next++] ?? 0)) & 0xffff;
      bits += 8;
    }
    bits -= 7;
    out[at] = (held >> bits) & 127;
  }
  return out;
}

function outOfSeptets(septets: Buffer): Buffer {
  const out = Buffer.allocUnsafe(Math.floor((7 * septets.length) / 8));
  for (let at = 0, next = 0, held = 0, bits = 0; at < out.length; at += 1) {
    for (; bits < 8; bits += 7) held = ((held << 7) | ((septets[next++] ?? 0) & 127)) & 0xffff;
    bits -= 8;
    out[at] = (held >> bits) & 255;
  }
  return out;
}
