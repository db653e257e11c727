import { type ItemResult, type ItemResults, sortByNeed } from "./item-results.ts";
import { harmlessLine } from "./show/sanitise.ts";

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
}

/** The most characters of an item in `results`. */
const LONGEST_ITEM = 1_000;

/**
 * The items as JSON, in the order in which a reader needs them, with as many of them as `room` bytes hold. `count` says how many those are.
 */
export function itemEntries(
  results: Pick<ItemResults, "items">,
  room: number,
): { readonly json: string; readonly count: number } {
  const texts: string[] = [];
  let left = room - 2;
  for (const item of sortByNeed(results)) {
    const text = JSON.stringify(entryOf(item));
    left -= Buffer.byteLength(text) + 1;
    if (left < 0) break;
    texts.push(text);
  }
  return { json: `[${texts.join(",")}]`, count: texts.length };
}

function entryOf({ item, index, exitCode, outcome, seconds, attempts, task, worker }: ItemResult): ItemEntry {
  return {
    ...{ item: harmlessLine(item, LONGEST_ITEM), index, exitCode: exitCode ?? null, outcome },
    ...{ seconds: seconds ?? null, attempts, task: task ?? null, worker: worker ?? null },
  };
}
