import { isUtf8 } from "node:buffer";
import { Header, type HeaderData } from "tar/header";
import { copyText } from "../../values.ts";

const BLOCK = 512;
/** The most bytes of one extension header. A path has 4 KiB at most, so a genuine one is far shorter. */
const LONGEST_HEADER = 64 * 1024;

/** A member as the archive describes it. None of it is checked. */
export interface Member {
  readonly kind: "file" | "directory" | "symlink" | "hard-link" | "other";
  readonly name: string;
  /** The target of a link or hard link; empty for other members. */
  readonly target: string;
  readonly mode: number;
  /** In seconds since the epoch. */
  readonly modified: number;
  /** In bytes. */
  readonly size: number;
  /** Which of these texts has other bytes in the archive, so that another member may have the same one. */
  readonly notUtf8?: "name" | "target" | undefined;
}

/** What extension headers set for the next member. */
interface Extended extends HeaderData {
  readonly isPathUtf8?: boolean;
  readonly isLinkUtf8?: boolean;
}

/** The bytes are not a tar archive, or end inside one. The message completes a sentence that begins with "the archive". */
export class ArchiveError extends Error {}

/**
 * Reads a tar archive member by member (POSIX ustar and pax, and GNU's long names). Read a member's content before you ask for the next member:
 * content that was not read is skipped. Holds one chunk and one header at a time. Fails with `ArchiveError`.
 */
export async function* readTar(
  bytes: AsyncIterable<Buffer>,
): AsyncGenerator<readonly [Member, AsyncIterable<Buffer>]> {
  const source = new ByteSource(bytes);
  let extended: Extended = {};
  for (;;) {
    const block = await source.take(BLOCK);
    const header = new Header(block);
    // What follows the end of an archive has no meaning.
    if (header.nullBlock) return;
    if (!header.cksumValid) throw new ArchiveError("has a header with a wrong checksum");
    const more = await extensionOf(header, source);
    if (more !== undefined) {
      extended = { ...extended, ...more };
      continue;
    }
    const member = memberOf(header, block, extended);
    extended = {};
    const next = source.offset + Math.ceil(member.size / BLOCK) * BLOCK;
    yield [member, source.content(member.size)];
    await source.skipTo(next);
  }
}

/** Reads `bytes` to the end and drops them. */
export async function discard(bytes: AsyncIterable<Buffer>): Promise<void> {
  const chunks = bytes[Symbol.asyncIterator]();
  while ((await chunks.next()).done !== true);
}

/** The fields that an extension header sets for the next member; undefined for a member's own header. */
async function extensionOf(header: Header, source: ByteSource): Promise<Extended | undefined> {
  const size = sizeOf(header.size);
  switch (header.type) {
    case "ExtendedHeader":
    case "OldExtendedHeader":
      return paxFields(await readBody(source, size));
    case "GlobalExtendedHeader":
      await readBody(source, size);
      return {};
    case "NextFileHasLongPath":
    case "OldGnuLongPath":
      return pathOf(beforeNul(await readBody(source, size)));
    case "NextFileHasLongLinkpath":
      return linkOf(beforeNul(await readBody(source, size)));
    default:
      return undefined;
  }
}

/**
 * The records of a pax header: `LENGTH KEY=VALUE LF` each (POSIX, pax). The length counts the whole record in bytes, so a value may contain
 * line ends. The library's parser splits at line ends, so it is not used.
 */
function paxFields(bytes: Buffer): Extended {
  const fields = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length;) {
    const [prefix = "", length] = /^(\d{1,9}) /.exec(bytes.toString("latin1", at, at + 10)) ?? [];
    const end = at + Number(length ?? 0);
    const equals = bytes.indexOf("=", at + prefix.length);
    if (length === undefined || end > bytes.length || equals < 0 || equals >= end - 1)
      throw new ArchiveError("has a malformed header");
    fields.set(bytes.toString("utf8", at + prefix.length, equals), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  const [path, linkpath, size, mtime] = ["path", "linkpath", "size", "mtime"].map((key) => fields.get(key));
  return {
    ...(path !== undefined && pathOf(path)),
    ...(linkpath !== undefined && linkOf(linkpath)),
    ...(size !== undefined && { size: Number(size.toString()) }),
    ...(mtime !== undefined && { mtime: new Date(Number(mtime.toString()) * 1000) }),
  };
}

/** Both times of a member. Node.js takes a negative number for the current time, but no date. */
export function timesOf({ modified }: Member): [accessed: Date, modified: Date] {
  const time = new Date(modified * 1000);
  return [time, time];
}

async function readBody(source: ByteSource, size: number): Promise<Buffer> {
  if (size > LONGEST_HEADER) throw new ArchiveError("has a header that is too long");
  return (await source.take(Math.ceil(size / BLOCK) * BLOCK)).subarray(0, size);
}

function pathOf(bytes: Buffer): Extended {
  return { path: bytes.toString(), isPathUtf8: isUtf8(bytes) };
}

function linkOf(bytes: Buffer): Extended {
  return { linkpath: bytes.toString(), isLinkUtf8: isUtf8(bytes) };
}

function beforeNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** The text of a member that is not UTF-8. The fields of a header (POSIX, ustar) hold only a part of what an extension header has. */
function notUtf8(block: Buffer, extended: Extended): Member["notUtf8"] {
  const field = (from: number, to: number): boolean => isUtf8(beforeNul(block.subarray(from, to)));
  const hasPrefix = block.toString("latin1", 257, 263) === "ustar\0";
  if (!(extended.isPathUtf8 ?? (field(0, 100) && (!hasPrefix || field(345, 500))))) return "name";
  return (extended.isLinkUtf8 ?? field(157, 257)) ? undefined : "target";
}

/** A field of an extension header wins over the same field of the member's own header. */
function memberOf(header: Header, block: Buffer, extended: Extended): Member {
  const modified = (extended.mtime ?? header.mtime)?.getTime() ?? 0;
  return {
    kind: kindOf(header),
    name: copyText((extended.path ?? header.path ?? "").replace(/^(\.\/)+/, "")),
    target: extended.linkpath ?? header.linkpath ?? "",
    mode: (header.mode ?? 0o644) & 0o777,
    modified: Number.isFinite(modified) ? modified / 1000 : 0,
    size: hasContent(header) ? sizeOf(extended.size ?? header.size) : 0,
    notUtf8: notUtf8(block, extended),
  };
}

function sizeOf(size: number | undefined): number {
  if (size === undefined || !Number.isSafeInteger(size) || size < 0)
    throw new ArchiveError("has a member without a valid size");
  return size;
}

/**
 * Directories, links and devices have no content, whatever size their headers give. A member of an unknown type has content, like a file
 * (POSIX, ustar).
 */
function hasContent(header: Header): boolean {
  return kindOf(header) === "file" || header.type === "Unsupported";
}

function kindOf({ type }: Header): Member["kind"] {
  switch (type) {
    case "File":
    case "OldFile":
    case "ContiguousFile":
      return "file";
    case "Directory":
      return "directory";
    case "SymbolicLink":
      return "symlink";
    case "Link":
      return "hard-link";
    default:
      return "other";
  }
}

/** Hands out a stream of chunks in the lengths that the reader asks for. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);
  #offset = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** How many bytes were handed out or skipped. */
  get offset(): number {
    return this.#offset;
  }

  /** Exactly `length` bytes, in one buffer. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0;) {
      const part = await this.#next(left);
      parts.push(part);
      left -= part.length;
    }
    return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  }

  /** Yields the next `size` bytes chunk by chunk. */
  async *content(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      const part = await this.#next(left);
      left -= part.length;
      yield part;
    }
  }

  /** Skips the bytes before `offset` that were not handed out. */
  async skipTo(offset: number): Promise<void> {
    while (this.#offset < offset) await this.#next(offset - this.#offset);
  }

  async #next(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) throw new ArchiveError("is cut short");
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    this.#offset += part.length;
    return part;
  }
}
