import type { Writable } from "node:stream";
import { systemClock as clock } from "../../clock.ts";

/**
 * Watches a stream for write errors, such as a full disk or a pipe without a reader. Returns a function that waits until the writes so far have
 * ended, and resolves with true when none of them has failed.
 */
export function watchWrites(stream: Writable): () => Promise<boolean> {
  let isBroken = false;
  stream.on("error", () => (isBroken = true));
  return async () => {
    // Writes end in their order, so an empty one ends after all others. When none waits, it is left out: it could be the first to fail.
    const error =
      stream.writableLength > 0 && (await new Promise<unknown>((resolve) => stream.write("", resolve)));
    await clock.turn();
    return !isBroken && !error;
  };
}
