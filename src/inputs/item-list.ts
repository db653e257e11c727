import { isUtf8 } from "node:buffer";
import type { WordsForEach } from "../errors.ts";

export const MOST_ITEMS = 10_000;
/** The most bytes of an item, and of a batch with the line ends in it. A variable of Linux takes 128 KiB. */
export const LARGEST_ITEM = 96 * 1024;
/** The most items of a batch: an order names their indices in a line that a terminal passes whole (payload/input.ts). */
export const LARGEST_BATCH = 500;
/** The most bytes of a list. A list that is written into the input itself has fewer, because the runner hands it over as a variable. */
export const LARGEST_LIST = 1024 * 1024;

/** What is wrong with a list. The words finish "input 'items' must be …, got …". None shows an item, which may hold a secret. */
export interface ItemProblem {
  /** The input that the problem is with. */
  readonly input: "items" | "batch";
  readonly must: string;
  readonly got: string;
  readonly advice: string | WordsForEach;
}

export interface ListRules {
  /** How many items a run of the script gets at most. A batch of `auto` has no more than fit. */
  readonly batch: number | "auto";
  readonly secrets: Readonly<Record<string, string>>;
  /** The most bytes of the list. */
  readonly most: number;
  /** What messages call an item's place in a text. By default it is the line. */
  readonly place?: "line" | "match";
}

type Place = Required<ListRules>["place"] | "index";

export type ItemList =
  { readonly items: readonly string[] } | { readonly problems: readonly [ItemProblem, ...ItemProblem[]] };

/**
 * The items of a list: one a line, or each of these texts. A CR at the end of a line does not belong to it, and a line of white space alone is left
 * out, but a text like that is wrong. Returns all that is wrong instead, if anything is.
 */
export function readItemList(list: Uint8Array | readonly string[], rules: ListRules): ItemList {
  const { most, place = "line" } = rules;
  const isText = list instanceof Uint8Array;
  const size = isText ? list.length : Buffer.byteLength(list.join("\n"));
  if (size > most)
    return refused({
      must: `a list of at most ${most === LARGEST_LIST ? "1 MiB" : "128 KiB"}`,
      got: `${inNumbers(size)} bytes`,
      advice: SPLIT,
    });
  if (isText && !isUtf8(list))
    return refused({
      must: "a list in UTF-8",
      got: `other bytes in ${place} ${lineThatIsNoText(list)}`,
      advice: "Write the list anew, in UTF-8.",
    });
  const items = isText
    ? itemLines(new TextDecoder().decode(list), place)
    : list.map((text, index) => ({ text, line: index }));
  const [first, ...more] = checkItems(items, rules, isText ? place : "index");
  return first === undefined ? { items: items.map(({ text }) => text) } : { problems: [first, ...more] };
}

function refused(problem: Omit<ItemProblem, "input">): ItemList {
  return { problems: [{ input: "items", ...problem }] };
}

function lineThatIsNoText(bytes: Uint8Array): number {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  return lines.findIndex((line) => !isUtf8(Buffer.from(line, "latin1"))) + 1;
}

/** A rule, with the lines of the items that break it. */
type Check = readonly [lines: readonly number[], must: string, what: string, advice: string];

interface Item {
  readonly text: string;
  /** Its line, from 1; of texts its index. */
  readonly line: number;
}

const BLANK = /^[ \t]*$/;

/** A name of a file may be a blank, or end with a CR. */
function itemLines(text: string, place: Place): readonly Item[] {
  const all = text.split("\n").map((line, index) => ({ text: line, line: index + 1 }));
  if (place === "match") return all.filter(({ text: item }) => item !== "");
  return all
    .map(({ text: item, line }) => ({ text: item.replace(/\r$/, ""), line }))
    .filter(({ text: item }) => !BLANK.test(item));
}

function checkItems(
  items: readonly Item[],
  { batch, secrets }: ListRules,
  place: Place,
): readonly ItemProblem[] {
  const checks: readonly Check[] = [
    ...(place === "index" ? checkTexts(items) : []),
    [
      linesOf(items, (text) => text.includes("\0")),
      "items without NUL bytes, which no variable can hold",
      "one",
      "Write the list as text.",
    ],
    [
      linesOf(items, (text) => Buffer.byteLength(text) > LARGEST_ITEM),
      "items of at most 96 KiB, so that Linux starts a program with one",
      "a longer one",
      "Put a long text into a file, and its path into the list.",
    ],
    [
      linesWithSecrets(items, secrets),
      "items without the value of a secret, because the log and the results show them",
      "one",
      "The script gets the value by 'secrets': let the item name it.",
    ],
  ];
  return [
    ...checkCount(items.length),
    ...checks.flatMap(([lines, must, what, advice]) =>
      lines.length === 0
        ? []
        : [{ input: "items" as const, must, got: `${what} in ${inPlaces(lines, place)}`, advice }],
    ),
    ...checkDifferent(items, place),
    ...(batch === "auto" ? [] : checkBatch(items, batch)),
  ];
}

/** What can't be wrong with a line. */
function checkTexts(items: readonly Item[]): readonly Check[] {
  return [
    [
      linesOf(items, (text) => /\n|\r$/.test(text)),
      "items of one line each",
      "a line end",
      "Put a text of several lines into a file, and its path into the list.",
    ],
    [
      linesOf(items, (text) => BLANK.test(text)),
      "items with something in them",
      "an empty one",
      "Leave empty texts out of the list.",
    ],
    [
      linesOf(items, (text) => /\p{Surrogate}/u.test(text)),
      "items that UTF-8 can hold",
      "half of a surrogate pair",
      "Cut no text in the middle of a character.",
    ],
  ];
}

function checkCount(count: number): readonly ItemProblem[] {
  if (count > MOST_ITEMS) {
    const must = `at most ${inNumbers(MOST_ITEMS)} items`;
    return [{ input: "items", must, got: inNumbers(count), advice: SPLIT }];
  }
  if (count > 0) return [];
  return [
    {
      input: "items",
      must: "one item at least, each on a line of its own",
      got: "an empty list",
      advice:
        "Start no run when there is nothing to do, check where the list comes from, or leave 'items' out to run the script once.",
    },
  ];
}

function checkDifferent(items: readonly Item[], place: Place): readonly ItemProblem[] {
  const firsts = new Map<string, number>();
  const pairs: string[] = [];
  for (const { text, line } of items) {
    const first = firsts.get(text);
    if (first === undefined) firsts.set(text, line);
    else pairs.push(place === "index" ? `${inPlace(first)} and ${inPlace(line)}` : `${first} and ${line}`);
  }
  if (pairs.length === 0) return [];
  return [
    {
      input: "items",
      must: "different items, because the results name each",
      got: `the same one in ${place === "index" ? "" : `${place}s `}${inWords(pairs, "; ")}`,
      advice: "Leave the repetitions out, for example by 'sort -u'.",
    },
  ];
}

/** Of the longest items, so that it is true of each batch, whichever items come together. */
function checkBatch(items: readonly Item[], batch: number): readonly ItemProblem[] {
  const sizes = items.map(({ text }) => Buffer.byteLength(text));
  const largest = sizes.toSorted((a, b) => b - a).slice(0, batch);
  const size = largest.reduce((sum, each) => sum + each + 1, -1);
  if (largest.length < 2 || size <= LARGEST_ITEM) return [];
  return [
    {
      input: "batch",
      must: "so small that the items of a batch have at most 96 KiB together, with their line ends",
      got: `${inNumbers(batch)}, and the ${inNumbers(largest.length)} longest have ${inNumbers(size)} bytes`,
      advice: "Linux starts no program with more: give a smaller 'batch'.",
    },
  ];
}

function linesOf(items: readonly Item[], isWrong: (text: string) => boolean): readonly number[] {
  return items.filter(({ text }) => isWrong(text)).map(({ line }) => line);
}

/** A shorter line of a secret is redacted nowhere. */
const SHORTEST_SECRET = 4;

function linesWithSecrets(
  items: readonly Item[],
  secrets: Readonly<Record<string, string>>,
): readonly number[] {
  const values = Object.values(secrets)
    .flatMap((value) => value.split(/[\r\n]+/))
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_SECRET);
  // Few lists hold a secret, and a search in one text is fast.
  const all = items.map(({ text }) => text).join("\n");
  const found = [...new Set(values)].filter((value) => all.includes(value));
  return linesOf(items, (text) => found.some((value) => text.includes(value)));
}

function inPlaces(lines: readonly number[], place: Place): string {
  return place === "index" ? inWords(lines.map(inPlace)) : `${place} ${inWords(lines)}`;
}

function inPlace(index: number): string {
  return `items[${index}]`;
}

/** The most places that a message names. */
const MOST_NAMED = 5;

function inWords(places: readonly (string | number)[], separator = ", "): string {
  const named = places.slice(0, MOST_NAMED).join(separator);
  const more = places.length - MOST_NAMED;
  return more > 0 ? `${named} and ${inNumbers(more)} more` : named;
}

function inNumbers(count: number): string {
  return count.toLocaleString("en-US");
}

const SPLIT = "Split the list between several runs, or let an item stand for more work.";
