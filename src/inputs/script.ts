import type { ScriptSource } from "./inputs.ts";
import type { ParseResult } from "./parse.ts";
import { quoteValue } from "./parse.ts";
import type { InputReader } from "./input-reader.ts";
import { readGivenFile } from "./workspace.ts";

/** The largest script. A larger file is data, which belongs in a bucket or an image. */
const largestScript = 64 * 1024 * 1024;

/**
 * The largest script that is typed into the session, when there is no bucket. The agent takes it in about two
 * seconds.
 */
export const LARGEST_TYPED_SCRIPT = 1024 * 1024;

/** The short names of shells. sh and bash have the flags that GitHub gives them in `run:` steps. */
const shells = new Map([
  ["sh", "sh -e {0}"],
  ["bash", "bash --noprofile --norc -eo pipefail {0}"],
  ["python", "python3 -u {0}"],
]);

/** The script of `run` or `script-file`, byte for byte. */
export function readScript(
  reader: InputReader,
  { required }: { readonly required: boolean },
): ScriptSource | undefined {
  const run = reader.isGiven("run");
  const file = reader.isGiven("script-file");
  if (run && file) {
    reader.refuse("run", "empty when 'script-file' is given", "both", "Keep one of 'run' and 'script-file'.");
    return undefined;
  }
  const script = run ? runScript(reader) : file ? fileScript(reader) : undefined;
  if (!run && !file) {
    if (!required) return { kind: "none" };
    const got = reader.raw("run") === "" ? "neither" : "nothing but white space";
    reader.refuse(
      "run",
      "given, or else 'script-file'",
      got,
      "Put the commands to run in the task into 'run'.",
    );
  }
  return script;
}

function runScript(reader: InputReader): ScriptSource | undefined {
  const text = reader.raw("run");
  return isSizeAllowed(reader, "run", Buffer.byteLength(text)) ? { kind: "run", text } : undefined;
}

function fileScript(reader: InputReader): ScriptSource | undefined {
  const file = readGivenFile(reader, "script-file");
  if (file === undefined || !isSizeAllowed(reader, "script-file", file.bytes.length)) return undefined;
  return { kind: "file", ...file };
}

function isSizeAllowed(reader: InputReader, name: "run" | "script-file", size: number): boolean {
  if (size > LARGEST_TYPED_SCRIPT && size <= largestScript && !reader.isGiven("bucket")) {
    const advice =
      "Without a bucket the script is typed into the session, 1 MiB of it at the most. Name a bucket that the caller " +
      "may write and the task role may read.";
    reader.refuse(
      "bucket",
      "set for a script of this size",
      `${size} bytes in '${name}' and no bucket`,
      advice,
    );
    return false;
  }
  if (size > 0 && size <= largestScript) return true;
  const got = size === 0 ? `${quoteValue(reader.text(name))}, which is empty` : `${size} bytes`;
  reader.refuse(name, "a script of 1 byte to 64 MiB", got);
  return false;
}

/** A template with `{0}` for the script's path. */
export function shellTemplate(text: string): ParseResult<string> {
  const value = shells.get(text) ?? text;
  if (value.includes("{0}") && !value.includes("\n")) return { value };
  return {
    must: "sh, bash, python, or a command with {0} for the script, such as perl {0}",
    got: quoteValue(text),
  };
}
