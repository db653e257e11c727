/** What `script` writes behind what it has shown (util-linux: script.c), up to the date, and the whole of it. */
const BEGIN = Buffer.from("\nScript done on ");
const FOOTER = /^\nScript done on [^\n]*\n?$/;
/** The longest one: a date, and the exit code of `cat`. */
const LONGEST = 200;

/**
 * The bytes of a transcript without the line that `script` ends it with: no session has carried that, and the log of the next session goes on
 * where this one really ends. Holds back only what may be the beginning of such a line.
 */
export async function* withoutFooter(transcript: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of transcript) {
    const bytes = Buffer.concat([held, piece]);
    const from = beginOfFooter(bytes);
    if (from > 0) yield bytes.subarray(0, from);
    held = bytes.subarray(from);
  }
  if (!FOOTER.test(held.toString("latin1")) && held.length > 0) yield held;
}

/** Whether a part of a transcript ends as `script` ends one. Nothing more comes then, unless the task has written the line itself. */
export function endsWithFooter(text: string): boolean {
  const from = text.lastIndexOf(BEGIN.toString(), text.length - 2);
  return from >= 0 && FOOTER.test(text.slice(from));
}

/** Where the end of the bytes may be a footer, or the beginning of one; their length where it can't. */
function beginOfFooter(bytes: Buffer): number {
  const last = bytes.lastIndexOf(BEGIN);
  if (last >= 0 && bytes.length - last <= LONGEST && FOOTER.test(bytes.toString("latin1", last))) return last;
  const from = bytes.lastIndexOf("\n");
  return from >= 0 && BEGIN.subarray(0, bytes.length - from).equals(bytes.subarray(from))
    ? from
    : bytes.length;
}
