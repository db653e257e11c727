/**
 * Counts what a program does to texts, bytes and lists, by built-in functions that count what they visit. So two runs can be compared without a
 * clock. A search by a regular expression counts what it has passed, and the steps back that V8 counts in it.
 *
 * The program has to be a process of its own with `--allow-natives-syntax`. What an operator does to a text (`+`) is not counted.
 */
type Method = (this: unknown, ...given: unknown[]) => unknown;
type Cost = (self: { readonly length: number }, given: readonly unknown[], result: unknown) => number;

let work = 0;
let isCounting = false;

/** What a built-in function calls is the program's, and counts. */
function counting(value: unknown): unknown {
  if (typeof value !== "function") return value;
  return function (this: unknown, ...given: unknown[]): unknown {
    const before = isCounting;
    isCounting = true;
    try {
      return (value as Method).apply(this, given);
    } finally {
      isCounting = before;
    }
  };
}

/** Adds what `cost` says to the work at each call of the method. What the method itself does costs nothing more. */
function count(owner: object, names: readonly string[], cost: Cost): void {
  for (const name of names) {
    const original = Reflect.get(owner, name) as Method;
    const counted: Method = function (this: unknown, ...given) {
      if (!isCounting) return original.apply(this, given);
      isCounting = false;
      try {
        const length = (this as { length: number } | null)?.length ?? 0;
        const result = original.apply(this, given.map(counting));
        work += 1 + cost({ length }, given, result);
        return result;
      } finally {
        isCounting = true;
      }
    };
    Reflect.defineProperty(owner, name, { value: counted, writable: true, configurable: true });
  }
}

const lengthOf = (value: unknown): number => (value as { length?: number } | null | undefined)?.length ?? 0;
const all: Cost = ({ length }) => length;
const made: Cost = (_, __, result) => lengthOf(result);
const found: Cost = ({ length }, [, from], result) => {
  const begin = typeof from === "number" ? from : 0;
  return typeof result === "number" && result >= 0 ? result - begin : length - begin;
};

const foundFromEnd: Cost = ({ length }, _, result) => length - Math.max(0, Number(result));

const BUFFER = Reflect.get(Buffer, "prototype") as object;

function countBuiltIns(): void {
  count(String.prototype, ["indexOf", "search"], found);
  count(String.prototype, ["includes", "toLowerCase", "toUpperCase", "normalize"], all);
  count(String.prototype, ["lastIndexOf"], foundFromEnd);
  count(
    String.prototype,
    ["trim", "trimStart", "trimEnd"],
    ({ length }, _, result) => length - lengthOf(result),
  );
  count(String.prototype, ["startsWith", "endsWith"], (_, [sought]) => lengthOf(sought));
  count(String.prototype, ["repeat", "padStart", "padEnd"], made);
  count(Array.prototype, ["shift", "unshift", "splice", "reverse", "join", "fill"], all);
  count(
    Array.prototype,
    ["includes", "indexOf", "some", "every", "filter", "map", "flatMap", "forEach"],
    all,
  );
  count(Array.prototype, ["findIndex", "findLastIndex"], found);
  count(Array.prototype, ["slice", "concat", "with", "toReversed"], made);
  count(Array.prototype, ["sort", "toSorted"], ({ length }) => length * Math.ceil(Math.log2(length + 1)));
  count(Buffer, ["concat", "from", "alloc", "allocUnsafe"], made);
  count(BUFFER, ["indexOf"], found);
  count(BUFFER, ["includes"], all);
  count(BUFFER, ["lastIndexOf"], foundFromEnd);
  count(BUFFER, ["toString", "copy"], (_, __, result) =>
    typeof result === "number" ? result : lengthOf(result),
  );
  count(Object.getPrototypeOf(Uint8Array.prototype) as object, ["set"], (_, [source]) => lengthOf(source));
  countIteration();
  countSearches();
}

/** Each item of a list that is spread or walked through counts. */
function countIteration(): void {
  const prototype = Object.getPrototypeOf([][Symbol.iterator]()) as { next: Method };
  const { next } = prototype;
  prototype.next = function (...given) {
    if (isCounting) work += 1;
    return next.apply(this, given);
  };
}

type LimitedRegExp = (source: string, flags: string, backtracks: number) => RegExp;
/** A search with more steps back than this ends as one without a match (V8, `RegExp::kBacktrackLimit` and its native). */
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- a parser of TypeScript does not know V8's natives
const limited = new Function("s", "f", "n", "return %NewRegExpWithBacktrackLimit(s, f, n)") as LimitedRegExp;
const MOST_BACKTRACKS = 2 ** 27;
const twins = new Map<string, RegExp>();

const exec: (this: RegExp, text: string) => RegExpExecArray | null = Reflect.get(RegExp.prototype, "exec");

function countSearches(): void {
  RegExp.prototype.exec = function (this: RegExp, text: string) {
    if (!isCounting) return exec.call(this, text);
    isCounting = false;
    try {
      const from = this.global || this.sticky ? this.lastIndex : 0;
      const backtracks = backtracksOf(this, text, from);
      const match = exec.call(this, text);
      const isAtOnce = this.sticky || (this.source.startsWith("^") && !this.multiline);
      const end = match === null ? (isAtOnce ? from : text.length) : match.index + match[0].length;
      work += 1 + backtracks + Math.max(0, end - from);
      return match;
    } finally {
      isCounting = true;
    }
  };
}

/** The steps back of a search, up to the next power of two. */
function backtracksOf({ source, flags, sticky }: RegExp, text: string, from: number): number {
  // With this alternative a search always has a match unless it has hit the limit.
  const certain = `(?:${source})|${sticky ? "" : "(?![^])"}`;
  for (let limit = 16; limit < MOST_BACKTRACKS; limit *= 2) {
    const key = `${limit} ${flags} ${certain}`;
    const search = twins.get(key) ?? limited(certain, flags, limit);
    twins.set(key, search);
    search.lastIndex = from;
    if (exec.call(search, text) !== null) return limit;
  }
  return MOST_BACKTRACKS;
}

countBuiltIns();

/** The work of a program, which has to run alone. */
export async function workOf(run: () => unknown): Promise<number> {
  work = 0;
  isCounting = true;
  try {
    await run();
  } finally {
    isCounting = false;
  }
  return work;
}
