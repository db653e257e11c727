import { cutItem, type ItemResult, type ItemResults, sortByNeed } from "./item-results.ts";

/** An object of the output `results` of a step with items. */
interface ItemEntry {
  readonly item: string;
  readonly index: number;
  readonly exitCode: number | null;
  readonly outcome: ItemResult["outcome"];
  readonly seconds: number | null;
  readonly attempts: number;
  readonly task: number | null;
  readonly worker: number | null;
  /** What it has written, as a path from the workspace. */
  readonly directory?: string;
  /** Of an item that was not run: the earlier run in which it succeeded. */
  readonly carriedFrom?: number;
}

/** The most characters of an item in `results`. */
const LONGEST_ITEM = 1_000;

/**
 * What a terminal or the runner could obey in a line. The runner takes `##[` for a command anywhere in it (actions/runner, ActionCommand.cs), and
 * JSON escapes only C0 controls.
 */
const OBEYED = /##\[|[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** JSON in which that is escaped, so that a reader of the JSON gets the text as it is. */
function harmlessJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(OBEYED, ([first = "", ...rest]) => {
    return `\\u${first.charCodeAt(0).toString(16).padStart(4, "0")}${rest.join("")}`;
  });
}

/**
 * The items as JSON, in the order in which a reader needs them, with as many of them as `room` characters hold. `count` says how many those are.
 */
export function itemEntries(
  results: Pick<ItemResults, "items">,
  room: number,
): { readonly json: string; readonly count: number } {
  const texts: string[] = [];
  let left = room - 2;
  for (const item of sortByNeed(results)) {
    const text = harmlessJson(entryOf(item));
    left -= text.length + 1;
    if (left < 0) break;
    texts.push(text);
  }
  return { json: `[${texts.join(",")}]`, count: texts.length };
}

/** The end of an item as a line of JSON, as `results` has it, but with the whole item, and with its last lines if there are any. */
export function endLine(result: EntryFields & Partial<Pick<ItemResult, "lastLines">>): string {
  const { item, lastLines = [] } = result;
  return harmlessJson({ ...entryOf(result), item, ...(lastLines.length > 0 && { lastLines }) });
}

type EntryFields = Pick<ItemResult, keyof ItemEntry>;

function entryOf(result: EntryFields): ItemEntry {
  const { item, index, exitCode, outcome, seconds, attempts, task, worker, directory, carriedFrom } = result;
  return {
    ...{ item: cutItem({ item, index }, LONGEST_ITEM), index, exitCode: exitCode ?? null, outcome },
    ...{ seconds: seconds ?? null, attempts, task: task ?? null, worker: worker ?? null },
    ...(directory !== undefined && { directory }),
    ...(carriedFrom !== undefined && { carriedFrom }),
  };
}
