import { detached } from "../clipped.ts";
/** What the container says of its artifacts (`payload/container/artifacts.py`). Its words are not sanitised. */
export type Fact =
  /** This glob, by its number in the input, has matched nothing. */
  | { readonly kind: "none"; readonly glob: number }
  /** A file or link that is to come, in the order of the archive. */
  | { readonly kind: "list"; readonly size: number; readonly name: string }
  | { readonly kind: "unread"; readonly name: string; readonly why: string }
  /** So many were left out, since the inputs allow no more. */
  | { readonly kind: "over"; readonly count: number; readonly bytes: number }
  /** The next bytes of the archive are in S3 (`pieces/parts.ts`). */
  | {
      readonly kind: "part";
      readonly job: string;
      readonly number: number;
      readonly length: number;
      readonly sha256: string;
    }
  /** The archive has come as a whole: its length, and its SHA-256 in hex, or a dash where the image can't compute it. */
  | { readonly kind: "end"; readonly length: number; readonly sha256: string }
  /** Packing was ended, since its time was over. */
  | { readonly kind: "cut" }
  /** The image lacks what packs. */
  | { readonly kind: "lacking"; readonly what: string };

/** The most characters of a fact. A path has 4 KiB at most. */
const LONGEST_FACT = 8 * 1024;

/** Undefined for a text that is none, or too long. What is kept of it does not keep the text in memory. */
export function parseFact(text: string): Fact | undefined {
  if (text.length > LONGEST_FACT) return undefined;
  const [, word, rest = ""] = /^(\w+) ?(.*)$/s.exec(detached(text)) ?? [];
  switch (word) {
    case "none":
      return matched(/^(\d{1,9})$/, rest, ([glob]) => ({ kind: "none", glob: Number(glob) }));
    case "list":
      return matched(/^(\d{1,15}) (".*")$/, rest, ([size, name]) => ({
        kind: "list",
        size: Number(size),
        name: fromJson(name),
      }));
    case "unread":
      return matched(/^("(?:[^"\\]|\\.)*") (.*)$/, rest, ([name, why = ""]) => ({
        kind: "unread",
        name: fromJson(name),
        why,
      }));
    case "over":
      return matched(/^(\d{1,15}) (\d{1,15})$/, rest, ([count, bytes]) => ({
        kind: "over",
        count: Number(count),
        bytes: Number(bytes),
      }));
    case "part":
      return matched(
        /^([\da-f]{32}) (\d{1,9}) (\d{1,7}) ([\da-f]{64})$/,
        rest,
        ([job = "", number, length, sha256 = ""]) => ({
          ...{ kind: "part", job, sha256 },
          number: Number(number),
          length: Number(length),
        }),
      );
    case "end":
      return matched(/^(\d{1,15}) ([\da-f]{64}|-)$/, rest, ([length, sha256 = "-"]) => ({
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

function matched(
  form: RegExp,
  text: string,
  fact: (groups: readonly (string | undefined)[]) => Fact,
): Fact | undefined {
  const found = form.exec(text);
  return found === null ? undefined : fact(found.slice(1));
}

function fromJson(text: string | undefined): string {
  try {
    return String(JSON.parse(text ?? ""));
  } catch {
    return text ?? "";
  }
}
