import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip } from "node:zlib";
import { messageOf } from "../errors.ts";
import { ArchiveError, discard, readTar } from "./tar.ts";
import { LimitHit, Unpacker, type UnpackerOptions } from "./unpack.ts";

/** The bytes that each member may have in addition: its headers, and the filling of its last block. */
const OVERHEAD = 8 * 1024;

export interface UnpackedArchive {
  /** The length and the checksum of all that was read, packed. */
  readonly length: number;
  readonly sha256: string;
  /** Why not all of it was unpacked; undefined when it was. */
  readonly stopped: string | undefined;
}

/**
 * Unpacks an archive of tar and gzip while it comes, and holds only a few chunks in memory. Reads `packed` to its end, also when it can't be
 * unpacked. Members that came whole stay. Rejects only when `packed` does.
 */
export async function unpackArchive(
  packed: AsyncIterable<Buffer>,
  options: UnpackerOptions,
): Promise<UnpackedArchive> {
  const sha = createHash("sha256");
  let length = 0;
  let stopped: string | undefined;
  const unpacker = new Unpacker(options);
  const rest = packed[Symbol.asyncIterator]();
  const hashed = async function* (): AsyncGenerator<Buffer> {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      sha.update(next.value);
      length += next.value.length;
      yield next.value;
    }
  };
  try {
    // With this flag an archive that is cut short is unpacked as far as it goes.
    const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    await pipeline(Readable.from(hashed()), gunzip, async (bytes: AsyncIterable<Buffer>) => {
      const unpacked = limitBytes(bytes, options);
      for await (const [member, content] of readTar(unpacked)) await unpacker.add(member, content);
      await discard(unpacked);
    });
  } catch (error) {
    stopped = whyStopped(error);
  }
  await discard(hashed());
  try {
    await unpacker.finish();
  } catch (error) {
    stopped ??= messageOf(error);
  }
  return { length, sha256: sha.digest("hex"), stopped };
}

/** Fails with `LimitHit` when a stream has more bytes than the limits allow, such as a small archive that unpacks to a huge one. */
async function* limitBytes(
  bytes: AsyncIterable<Buffer>,
  { maxBytes, maxCount }: Pick<UnpackerOptions, "maxBytes" | "maxCount">,
): AsyncGenerator<Buffer> {
  let left = maxBytes + maxCount * OVERHEAD + 1024 * 1024;
  for await (const chunk of bytes) {
    left -= chunk.length;
    if (left < 0) throw new LimitHit("artifacts-max-size");
    yield chunk;
  }
}

function whyStopped(error: unknown): string {
  if (error instanceof LimitHit) return `'${error.message}' allows no more`;
  if (error instanceof ArchiveError) return `the archive ${error.message}`;
  return messageOf(error);
}
