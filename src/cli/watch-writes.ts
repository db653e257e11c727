import { setImmediate as turn } from "node:timers/promises";
import type { Writable } from "node:stream";

/**
 * Watches a stream for write errors, such as a full disk or a pipe without a reader. The function that it returns resolves when what was written
 * so far is out, with whether all of it is.
 */
export function watchWrites(stream: Writable): () => Promise<boolean> {
  let isBroken = false;
  stream.on("error", () => (isBroken = true));
  return async () => {
    // Writes end in their order. Where none waits, another one could be the first to fail.
    const error =
      stream.writableLength > 0 && (await new Promise<unknown>((resolve) => stream.write("", resolve)));
    await turn();
    return !isBroken && !error;
  };
}
