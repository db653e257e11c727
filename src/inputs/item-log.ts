import { resolve } from "node:path";
import { Failure } from "../errors.ts";
import type { InputReader } from "./input-reader.ts";
import { hasItems } from "./items.ts";

/** The absolute path of the file that keeps the ends of items; undefined when no program names one. Refuses it where it would keep nothing. */
export function readItemLog(reader: InputReader): string | undefined {
  const { itemLog, workspace } = reader.source;
  if (itemLog === undefined) return undefined;
  const refuse = (failed: string, advice: string): void =>
    reader.note(new Failure("bad-input", { failed, seen: `Got '${itemLog}'.`, advice }));
  if (itemLog === "")
    refuse("'--resume' must be the path of a file.", "The file is made when it does not exist.");
  if (!hasItems(reader))
    refuse("'--resume' must be left out without '--items'.", "Its file keeps the end of each item.");
  if (/\brerun\b/.test(reader.text("retry")))
    refuse(
      "'--resume' must be left out with '--retry rerun'.",
      "Both keep which items have succeeded, '--resume' in a file, and 'rerun' in the bucket: leave one of them out.",
    );
  if (reader.isGiven("detach"))
    refuse("'--resume' must be left out with '--detach'.", "A run that has left its script hears of no end.");
  return resolve(workspace, itemLog);
}
