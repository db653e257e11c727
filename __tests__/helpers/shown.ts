import type { Shown } from "../../src/stream/extract.ts";

/** What a test wants to know of it: each line of text, or what else it is. */
export function wordsOf(shown: Shown): string[] {
  if (shown.kind === "text") return shown.bytes.toString().split("\n");
  return [shown.kind === "header" ? shown.text : shown.kind];
}
