import type { InputReader } from "./input-reader.ts";
import type { ScriptSource } from "./inputs.ts";
import { LARGEST_TYPED_SCRIPT } from "./script.ts";
import { readFileOf } from "./workspace.ts";

/** The largest standard input of a script, in bytes. */
export const LARGEST_STDIN = 64 * 1024 * 1024;
const FILE = "file:";

/**
 * The script's standard input, byte for byte: the text, or the bytes of the file that `file:` names. Undefined when it is not given, or
 * not valid, which is noted as a problem. White space alone counts as given.
 */
export function readStdin(reader: InputReader, script: ScriptSource | undefined): Uint8Array | undefined {
  const bytes = reader.source.stdin ?? givenStdin(reader);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const size = bytes.length;
  if (size > LARGEST_STDIN) reader.refuse("stdin", "at most 64 MiB", `${size} bytes`);
  else if (size + sizeOf(script) > LARGEST_TYPED_SCRIPT && !reader.isGiven("bucket"))
    reader.refuse(
      "bucket",
      "set for a standard input of this size",
      `${size} bytes in 'stdin' and no bucket`,
      "Without a bucket the script and its standard input are typed into the session, 1 MiB of them at the most. Name a bucket that " +
        "the caller may write and the task role may read.",
    );
  return bytes;
}

function givenStdin(reader: InputReader): Uint8Array | undefined {
  const given = reader.raw("stdin");
  return given.startsWith(FILE)
    ? readFileOf(reader, "stdin", given.slice(FILE.length).trim())?.bytes
    : Buffer.from(given);
}

function sizeOf(script: ScriptSource | undefined): number {
  if (script?.kind === "run") return Buffer.byteLength(script.text);
  return script?.kind === "file" ? script.bytes.length : 0;
}
