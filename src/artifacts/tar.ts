import { Header, type HeaderData } from "tar/header";
import { detached } from "../clipped.ts";

const BLOCK = 512;
/** The most bytes of the headers that come before a member: a path has 4 KiB at most. */
const LONGEST_HEADER = 64 * 1024;

/** A member of an archive, as the archive describes it. Nothing of that was checked. */
export interface Member {
  readonly kind: "file" | "directory" | "link" | "hard-link" | "other";
  readonly name: string;
  /** Of a link or a hard link. */
  readonly target: string;
  readonly mode: number;
  /** In seconds since the epoch. */
  readonly modified: number;
  /** In bytes. */
  readonly size: number;
}

/** The bytes are no archive of tar, or end within one. */
export class ArchiveError extends Error {}

/**
 * Reads an archive of tar member by member (POSIX ustar and pax, and GNU's long names). The content of a file has to be read, or it is passed
 * over, before the next member is asked for. Holds one chunk and one header. Fails with `ArchiveError`.
 */
export async function* readTar(
  bytes: AsyncIterable<Buffer>,
): AsyncGenerator<readonly [Member, AsyncIterable<Buffer>]> {
  const source = new ByteSource(bytes);
  let extended: HeaderData = {};
  for (;;) {
    const header = new Header(await source.take(BLOCK));
    // What follows the end of an archive has no meaning.
    if (header.nullBlock) return;
    if (!header.cksumValid) throw new ArchiveError("a header has a wrong checksum");
    const more = await extensionOf(header, source);
    if (more !== undefined) {
      extended = { ...extended, ...more };
      continue;
    }
    const member = memberOf(header, extended);
    extended = {};
    const content = source.content(hasContent(header) ? member.size : 0);
    yield [member, content];
    await readOver(content);
  }
}

/** Reads to the end. */
export async function readOver(bytes: AsyncIterable<Buffer>): Promise<void> {
  const chunks = bytes[Symbol.asyncIterator]();
  while ((await chunks.next()).done !== true);
}

/** What a header says of the next member; undefined for one that is a member itself. */
async function extensionOf(header: Header, source: ByteSource): Promise<HeaderData | undefined> {
  const size = sizeOf(header.size);
  switch (header.type) {
    case "ExtendedHeader":
    case "OldExtendedHeader":
      return paxFields(await body(source, size));
    case "GlobalExtendedHeader":
      await body(source, size);
      return {};
    case "NextFileHasLongPath":
    case "OldGnuLongPath":
      return { path: text(await body(source, size)) };
    case "NextFileHasLongLinkpath":
      return { linkpath: text(await body(source, size)) };
    default:
      return undefined;
  }
}

/**
 * The records of a pax header: `LENGTH KEY=VALUE LF` each (POSIX, pax). The length counts the whole record in bytes, so a value may have line ends,
 * which the parser of the library does not take.
 */
function paxFields(bytes: Buffer): HeaderData {
  const fields = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const [prefix = "", length] = /^(\d{1,9}) /.exec(bytes.toString("latin1", at, at + 10)) ?? [];
    const end = at + Number(length ?? 0);
    const equals = bytes.indexOf("=", at + prefix.length);
    if (length === undefined || end > bytes.length || equals < 0 || equals >= end - 1)
      throw new ArchiveError("a header is malformed");
    fields.set(
      bytes.toString("utf8", at + prefix.length, equals),
      bytes.toString("utf8", equals + 1, end - 1),
    );
    at = end;
  }
  const [path, linkpath, size, mtime] = ["path", "linkpath", "size", "mtime"].map((key) => fields.get(key));
  return {
    ...(path !== undefined && { path }),
    ...(linkpath !== undefined && { linkpath }),
    ...(size !== undefined && { size: Number(size) }),
    ...(mtime !== undefined && { mtime: new Date(Number(mtime) * 1000) }),
  };
}

async function body(source: ByteSource, size: number): Promise<Buffer> {
  if (size > LONGEST_HEADER) throw new ArchiveError("a header is too long");
  return (await source.take(Math.ceil(size / BLOCK) * BLOCK)).subarray(0, size);
}

function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}

/** What an earlier header says of it counts. */
function memberOf(header: Header, extended: HeaderData): Member {
  const modified = (extended.mtime ?? header.mtime)?.getTime() ?? 0;
  return {
    kind: kindOf(header),
    name: detached((extended.path ?? header.path ?? "").replace(/^(\.\/)+/, "")),
    target: extended.linkpath ?? header.linkpath ?? "",
    mode: (header.mode ?? 0o644) & 0o777,
    modified: Number.isFinite(modified) ? modified / 1000 : 0,
    size: hasContent(header) ? sizeOf(extended.size ?? header.size) : 0,
  };
}

function sizeOf(size: number | undefined): number {
  if (size === undefined || !Number.isSafeInteger(size) || size < 0)
    throw new ArchiveError("a member has no size");
  return size;
}

/** Directories, links and devices have none, whatever size their headers have (POSIX, ustar). */
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
      return "link";
    case "Link":
      return "hard-link";
    default:
      return "other";
  }
}

/** Bytes that are pulled in the lengths that the archive has. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Exactly so many bytes. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0;) {
      const part = await this.#next(left);
      parts.push(part);
      left -= part.length;
    }
    return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
  }

  /** So many bytes in pieces, and what fills the last block. */
  async *content(size: number): AsyncGenerator<Buffer> {
    for (let left = size; left > 0;) {
      const part = await this.#next(left);
      left -= part.length;
      yield part;
    }
    await this.take((BLOCK - (size % BLOCK)) % BLOCK);
  }

  async #next(most: number): Promise<Buffer> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) throw new ArchiveError("it ends before its end");
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}
