import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { World } from "../../aws/world.ts";
import { messageOf } from "../../errors.ts";
import { ArchiveError, discard, readTar } from "./tar.ts";
import { LimitHit, Unpacker, type UnpackerOptions } from "./unpack.ts";

/** The bytes of an archive, packed. */
export interface PackedArchive extends AsyncIterable<Buffer> {
  /** Drops what is still to come. */
  close?(): void;
}

/** The most bytes of an archive. */
export interface ArchiveBudget {
  readonly packed: number;
  readonly unpacked: number;
}

export interface UnpackedArchive {
  /** The length and the checksum of all that was read, packed. */
  readonly length: number;
  readonly sha256: string;
  /** How many bytes it has unpacked to. */
  readonly unpacked: number;
  /** Why not all of it was unpacked; undefined when it was. */
  readonly stopped: string | undefined;
}

/**
 * Unpacks an archive of tar and gzip while it comes, and holds only a few chunks in memory. Closes `packed` when no more of it can be
 * unpacked. Members that came whole stay. Never rejects.
 */
export async function unpackArchive(
  packed: PackedArchive,
  options: UnpackerOptions & { readonly gunzip: World["gunzip"] },
  budget: ArchiveBudget,
): Promise<UnpackedArchive> {
  const sha = createHash("sha256");
  let length = 0;
  let count = 0;
  let stopped: string | undefined;
  const unpacker = new Unpacker(options);
  const rest = packed[Symbol.asyncIterator]();
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      sha.update(next.value);
      length += next.value.length;
      if (length > budget.packed) throw new LimitHit("'artifacts-max-size'");
      yield next.value;
    }
  };
  try {
    await pipeline(Readable.from(hashed()), options.gunzip(), async (bytes: AsyncIterable<Buffer>) => {
      const unpacked = limitBytes(bytes, budget.unpacked, (more) => (count += more));
      for await (const [member, content] of readTar(unpacked)) await unpacker.add(member, content);
      await discard(unpacked);
    });
    // What follows the end of gzip has no meaning.
    await discard(hashed());
  } catch (error) {
    stopped = whyStopped(error);
    packed.close?.();
  }
  try {
    await unpacker.finish();
  } catch (error) {
    stopped ??= messageOf(error);
  }
  return { length, sha256: sha.digest("hex"), unpacked: count, stopped };
}

/** Fails with `LimitHit` when a stream has more bytes than the limits allow, such as a small archive that unpacks to a huge one. */
async function* limitBytes(
  bytes: AsyncIterable<Buffer>,
  most: number,
  count: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let left = most;
  for await (const chunk of bytes) {
    count(chunk.length);
    left -= chunk.length;
    if (left < 0) throw new LimitHit("'artifacts-max-size'");
    yield chunk;
  }
}

function whyStopped(error: unknown): string {
  if (error instanceof LimitHit) return `${error.message} allows no more`;
  if (error instanceof ArchiveError) return `the archive ${error.message}`;
  return messageOf(error);
}
