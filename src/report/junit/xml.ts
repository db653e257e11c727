import type { TextDecoder } from "node:util";
import sax from "sax";
import { messageOf } from "../../errors.ts";
import { decoderFor } from "./encoding.ts";

/** Gets the parts of a document. Names come without their prefix. A handler refuses the rest of the document by throwing. */
export interface XmlHandler {
  open(name: string, attributes: ReadonlyMap<string, string>): void;
  /** A part of a text or of a CDATA section of the innermost open element. */
  text(part: string): void;
  /** Ends the innermost open element. */
  close(): void;
}

/** Why a document was not read to its end. */
export interface XmlProblem {
  readonly what: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

const MIB = 1024 * 1024;
/** The most bytes of a document: report files with the output of long runs have some 10 MiB. */
export const MOST_BYTES = 64 * MIB;
/** The most elements that are open at once: reports have five to ten. */
export const MOST_DEPTH = 100;
/** The most attributes of an element: reports have ten. */
export const MOST_ATTRIBUTES = 100;
/** The most characters of an attribute or a name: pytest writes a whole assertion into one. Longer texts come in parts. */
export const LONGEST_VALUE = 256 * 1024;
/** The most characters that are parsed between two looks at what the parser holds. */
const SLICE = 512;
/** The most characters after `<!` that the parser holds before it knows a comment or a CDATA section: `[CDATA[`. */
const LONGEST_DECLARATION = 7;

type Parser = ReturnType<typeof sax.parser>;

/**
 * Reads a document as it comes, and holds no more of it than `LONGEST_VALUE` characters. Only the five entities of XML itself are known:
 * a document type is refused, with all that it could declare. Some reporters write references to characters that XML doesn't allow; they
 * stay in the text as they are. Resolves with the fault, after the handler has got all that stands before it; undefined for a document
 * that was read to its end. Never rejects. The first part of `bytes` has to hold the whole XML declaration.
 */
export async function readXml(
  bytes: AsyncIterable<Uint8Array>,
  handler: XmlHandler,
  mostBytes = MOST_BYTES,
): Promise<XmlProblem | undefined> {
  const parser = parserFor(handler);
  try {
    let decoder: TextDecoder | undefined;
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.length;
      decoder ??= decoderFor(chunk);
      write(parser, decoder.decode(chunk, { stream: true }));
      if (size > mostBytes) throw new Error(`it has more than ${mostBytes / MIB} MiB`);
    }
    write(parser, decoder?.decode() ?? "");
    if (!parser.sawRoot) throw new Error("it has no element");
    parser.close();
    return undefined;
  } catch (error) {
    const [what = ""] = messageOf(error).split("\n");
    return { what, line: parser.line + 1, column: parser.column };
  }
}

function parserFor(handler: XmlHandler): Parser {
  // A setting of the whole library, which has no other user here.
  sax.MAX_BUFFER_LENGTH = LONGEST_VALUE;
  const parser = sax.parser(true, { strictEntities: true });
  let attributes = new Map<string, string>();
  let depth = 0;
  parser.onerror = (error) => {
    if (parser.c !== ";" || !parser.entity.startsWith("#")) throw error;
    // The library takes the reference as text, and goes on once it has no error any more.
    parser.resume();
  };
  parser.ondoctype = refuseDoctype;
  parser.onopentagstart = () => {
    attributes = new Map();
  };
  parser.onattribute = ({ name, value }) => {
    if (attributes.size >= MOST_ATTRIBUTES)
      throw new Error(`an element has more than ${MOST_ATTRIBUTES} attributes`);
    attributes.set(localName(name), value);
  };
  parser.onopentag = ({ name }) => {
    depth += 1;
    if (depth > MOST_DEPTH) throw new Error(`more than ${MOST_DEPTH} elements are open`);
    handler.open(localName(name), attributes);
  };
  parser.onclosetag = () => {
    depth -= 1;
    handler.close();
  };
  parser.ontext = (text) => handler.text(text);
  parser.oncdata = (text) => handler.text(text);
  return parser;
}

/** Writes in slices. The parser checks the length of what it holds once a call, and its time for a declaration grows with the square of the length. */
function write(parser: Parser, text: string): void {
  for (let at = 0; at < text.length; at += SLICE) {
    parser.write(text.slice(at, at + SLICE));
    if (parser.doctype !== "" || parser.sgmlDecl.length > LONGEST_DECLARATION) refuseDoctype();
  }
}

function refuseDoctype(): never {
  throw new Error("it has a document type or another declaration, which no report needs");
}

function localName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}
