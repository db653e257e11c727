import { TextDecoder } from "node:util";

/** How long an XML declaration may be, in bytes. */
const LONGEST_DECLARATION = 200;

/**
 * A decoder for a document that begins with these bytes. A byte order mark tells the encoding, else the zeros between the characters
 * of `<?xml`, else the declaration; without any of them it is UTF-8 (XML 1.0, appendix F). Bytes that are no characters are replaced.
 * Throws for an encoding that it doesn't know.
 */
export function decoderFor(start: Uint8Array): TextDecoder {
  const wide = wideEncoding(start);
  if (wide !== undefined) return new TextDecoder(wide);
  const text = Buffer.from(start.subarray(0, LONGEST_DECLARATION)).toString("latin1");
  const declared = /^(?:\u00ef\u00bb\u00bf)?\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(
    text,
  )?.[1];
  // Some programs build the document as a UTF-16 string, and write it as UTF-8. Their declaration still says UTF-16.
  if (declared === undefined || /^utf-?16/i.test(declared)) return new TextDecoder("utf-8");
  try {
    return new TextDecoder(declared);
  } catch (cause) {
    throw new Error(`its encoding '${declared}' is not known`, { cause });
  }
}

/** UTF-16, by a byte order mark or by the zeros beside `<` and `?`; undefined for any other encoding. */
function wideEncoding([a, b, c, d]: Uint8Array): string | undefined {
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0 && c === 0x3f && d === 0)) return "utf-16le";
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c && c === 0 && d === 0x3f)) return "utf-16be";
  return undefined;
}
