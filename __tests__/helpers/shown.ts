import type { OutputItem } from "../../src/carriers/stream/items.ts";

/** A short form for tests: the lines of a text, or the kind of anything else. */
export function wordsOf(shown: OutputItem): string[] {
  if (shown.kind === "text") return shown.bytes.toString().split("\n");
  return [shown.kind === "header" ? shown.text : shown.kind];
}
