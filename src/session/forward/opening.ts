/** What the container says before the link begins: that its terminal is raw, or why there is no relay. */
export type Opening =
  | { readonly kind: "ready" | "gone" }
  /** `path` is that of a python3 that another user of the container could replace; empty when there is none. */
  | { readonly kind: "no-python"; readonly path: string };

const MARK = /\x5d7733;(ready|gone|python(\P{Cc}{0,300}))\p{Cc}{1,2}\n/u;
/** What may stand before a mark: a warning of the shell. */
const MOST_BEFORE = 65_536;

/** Finds the mark in the first bytes of a session. */
export class OpeningReader {
  #text = "";

  /** The mark and the bytes after it; undefined as long as it has not come. Throws `RangeError` when too much has come before. */
  read(bytes: Uint8Array): { readonly opening: Opening; readonly rest: Buffer } | undefined {
    this.#text += Buffer.from(bytes).toString("latin1");
    const found = MARK.exec(this.#text);
    if (found === null) {
      if (this.#text.length > MOST_BEFORE) throw new RangeError("the container prints without end");
      return undefined;
    }
    const [mark, kind = "", path = ""] = found;
    const rest = Buffer.from(this.#text.slice(found.index + mark.length), "latin1");
    if (kind === "ready" || kind === "gone") return { opening: { kind }, rest };
    return { opening: { kind: "no-python", path: Buffer.from(path, "latin1").toString() }, rest };
  }
}
