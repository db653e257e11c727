import { readSync } from "node:fs";
import type { Clock } from "../../clock.ts";

const CHUNK_BYTES = 64 * 1024;

/**
 * What a descriptor holds from its position on, in pieces of their own. It reads in this thread, so that no pool of threads decides what
 * comes first; other work of this process goes on between two pieces.
 */
export async function* readChunks(fd: number, clock: Pick<Clock, "turn">): AsyncGenerator<Buffer> {
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    // All arguments: graceful-fs, which another package may have put over node:fs, takes a length that is left out for 0.
    const length = readSync(fd, chunk, 0, chunk.length, null);
    if (length === 0) return;
    yield chunk.subarray(0, length);
    await clock.turn();
  }
}
