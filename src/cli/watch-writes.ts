import type { Writable } from "node:stream";

/**
 * Watches a stream for write errors, such as a full disk or a pipe without a reader. The function that it returns resolves when what was written
 * so far is out, with whether all of it is.
 */
export function watchWrites(stream: Writable): () => Promise<boolean> {
  let isBroken = false;
  stream.on("error", () => (isBroken = true));
  return async () => {
    // Writes end in their order.
    const error = await new Promise<unknown>((resolve) => stream.write("", resolve));
    return !isBroken && !error;
  };
}
