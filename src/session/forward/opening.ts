import { forwardLost } from "./failures.ts";

/** What the container says before the link begins: that its terminal is raw, or why there is no relay. */
export type Opening =
  | { readonly kind: "ready" | "gone" }
  /** `path` is that of a python3 that another user of the container could replace; empty when there is none. */
  | { readonly kind: "no-python"; readonly path: string };

const MARK = /\x5d7733;(ready|gone|python(\P{Cc}{0,300}))\p{Cc}{1,2}\n$/u;
/** What may stand before a mark: a warning of the shell. */
const MOST_BEFORE = 65_536;
const LINE_END = 10;

/** Finds the mark in the first lines of a session. */
export class OpeningReader {
  #line: Uint8Array[] = [];
  #length = 0;

  /** The mark and the bytes after its line; undefined as long as it has not come. Fails when too much has come before. */
  read(bytes: Uint8Array): { readonly opening: Opening; readonly rest: Uint8Array } | undefined {
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf(LINE_END, from);
      const piece = bytes.subarray(from, end < 0 ? undefined : end + 1);
      this.#line.push(piece);
      this.#length += piece.length;
      if (this.#length > MOST_BEFORE) throw forwardLost("the container prints without end");
      if (end < 0) return undefined;
      const opening = openingOf(Buffer.concat(this.#line).toString("latin1"));
      this.#line = [];
      from = end + 1;
      if (opening !== undefined) return { opening, rest: bytes.subarray(from) };
    }
    return undefined;
  }
}

function openingOf(line: string): Opening | undefined {
  const [, kind, path = ""] = MARK.exec(line) ?? [];
  if (kind === undefined) return undefined;
  if (kind === "ready" || kind === "gone") return { kind };
  return { kind: "no-python", path: Buffer.from(path, "latin1").toString() };
}
