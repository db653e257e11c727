import { copyText } from "../../values.ts";

/**
 * What the container reports of its artifacts (`payload/container/`: `artifacts.py`, `artifacts_tar.sh`, `artifacts.sh`, `parts.py`). The texts are
 * not sanitised.
 */
export type Fact =
  /** The glob with this index in the input matched nothing. */
  | { readonly kind: "none"; readonly glob: number }
  /** A file or link of the archive. These facts come before the archive, in its order. */
  | { readonly kind: "list"; readonly size: number; readonly name: string }
  /** A file that could not be read. An empty name stands for several files. */
  | { readonly kind: "unread"; readonly name: string; readonly why: string }
  /** `count` members with `bytes` bytes in all were left out, because the inputs allow no more. `names` has some of them, which may be cut. */
  | {
      readonly kind: "over";
      readonly count: number;
      readonly bytes: number;
      readonly names: readonly string[];
    }
  /** The next bytes of the archive are in S3, in the next part (`carriers/pieces/parts.ts`). */
  | { readonly kind: "part" }
  /** There is no next part: its bytes came in records, and the part behind it has the next number. */
  | { readonly kind: "no-part" }
  /** The archive is complete. `sha256` is in hex, or a dash when the image can't compute it. */
  | { readonly kind: "end"; readonly length: number; readonly sha256: string }
  /** Packing stopped because its time ran out. */
  | { readonly kind: "cut" }
  /** The image has no programs that can pack the archive; `what` names the missing ones. */
  | { readonly kind: "lacking"; readonly what: string };

/**
 * The most characters of a fact. A path has 4 KiB at most (PATH_MAX). `artifacts.py` writes it as JSON in ASCII, where a byte takes up to six
 * characters (`\u0001`). The other members have less than 1 KiB.
 */
const LONGEST_FACT = 25 * 1024;

/** Undefined for a text that is no fact, or is too long. The fact holds copies, so that it does not keep the text around it in memory. */
export function parseFact(text: string): Fact | undefined {
  if (text.length > LONGEST_FACT) return undefined;
  const [, kind, rest = ""] = /^([\w-]+) ?(.*)$/s.exec(copyText(text)) ?? [];
  switch (kind) {
    case "none":
      return parseFields(/^(\d{1,9})$/, rest, ([glob]) => ({ kind: "none", glob: Number(glob) }));
    case "list":
      return parseFields(/^(\d{1,15}) (".*")$/, rest, ([size, name]) => ({
        kind: "list",
        size: Number(size),
        name: fromJson(name),
      }));
    case "unread":
      return parseFields(/^("(?:[^"\\]|\\.)*") (.*)$/, rest, ([name, why = ""]) => ({
        kind: "unread",
        name: fromJson(name),
        why,
      }));
    case "over":
      return parseFields(
        /^(\d{1,15}) (\d{1,15})((?: "(?:[^"\\]|\\.)*")*)$/,
        rest,
        ([count, bytes, names = ""]) => ({
          kind: "over",
          count: Number(count),
          bytes: Number(bytes),
          names: names.match(/"(?:[^"\\]|\\.)*"/g)?.map(fromJson) ?? [],
        }),
      );
    case "part":
    case "no-part":
      return rest === "" ? { kind } : undefined;
    case "end":
      return parseFields(/^(\d{1,15}) ([\da-f]{64}|-)$/, rest, ([length, sha256 = "-"]) => ({
        kind: "end",
        length: Number(length),
        sha256,
      }));
    case "cut":
      return { kind: "cut" };
    case "lacking":
      return { kind: "lacking", what: rest };
    default:
      return undefined;
  }
}

function parseFields(
  form: RegExp,
  text: string,
  toFact: (groups: readonly (string | undefined)[]) => Fact,
): Fact | undefined {
  const found = form.exec(text);
  return found === null ? undefined : toFact(found.slice(1));
}

function fromJson(text: string | undefined): string {
  try {
    return String(JSON.parse(text ?? ""));
  } catch {
    return text ?? "";
  }
}
