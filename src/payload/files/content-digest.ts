import { createHash } from "node:crypto";

const BLOCK = 512;
/** Where a header of tar has the size, in octal digits, and then the time and the checksum of the header. */
const SIZE = { from: 124, to: 136 };
const TIME_AND_CHECKSUM = { from: 136, to: 156 };

/** A SHA-256 of an archive of `makeArchive` without the times of its files: of their names, modes, links and bytes. */
export function contentDigest(archive: Uint8Array): string {
  const hash = createHash("sha256");
  const bytes = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  for (let at = 0; at < bytes.length;) {
    const size = Number.parseInt(bytes.toString("latin1", at + SIZE.from, at + SIZE.to), 8) || 0;
    const next = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK;
    hash.update(bytes.subarray(at, at + TIME_AND_CHECKSUM.from));
    hash.update(bytes.subarray(at + TIME_AND_CHECKSUM.to, next));
    at = next;
  }
  return hash.digest("hex");
}
