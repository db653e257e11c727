/** What a container tells about items, in the order in which it happened. A batch is named by the order that gave it and by its first index. */
export type ItemFact =
  /** The order was obeyed. */
  | { readonly kind: "got"; readonly order: number }
  /** The worker begins the batch. */
  | { readonly kind: "begin"; readonly order: number; readonly index: number; readonly worker: number }
  | ItemReportFact
  | ItemEndFact
  /** What runs this worker's items was killed. */
  | { readonly kind: "gone"; readonly worker: number }
  /** Answers `order`: these batches had not begun, and will not. An answer may be several facts; the order's `got` is behind the last one. */
  | { readonly kind: "back"; readonly order: number; readonly batches: readonly NamedBatch[] }
  /** An item of the list, told behind all else by a job that a step has left: a step that attaches to it has no list. */
  | { readonly kind: "text"; readonly index: number; readonly text: string };

/** The script has reported the end of this item of the batch that the order gave. Told when the run has ended, before that. */
export interface ItemReportFact {
  readonly kind: "item";
  readonly order: number;
  readonly index: number;
  readonly exitCode: number;
  readonly seconds: number;
}

/** A batch has ended. */
export interface ItemEndFact {
  readonly kind: "end";
  readonly order: number;
  /** The first of the indices. */
  readonly index: number;
  readonly indices: readonly number[];
  readonly exitCode: number;
  readonly seconds: number;
  /** It ended while the job was being stopped. */
  readonly stopped: boolean;
  readonly worker: number;
}

export interface NamedBatch {
  readonly order: number;
  readonly index: number;
}

/** The most characters of a fact. The container cuts an answer before 4,096 bytes (PIPE_BUF). */
const LONGEST_FACT = 8192;

const NUMBER = String.raw`(0|[1-9]\d{0,8})`;
const GOT = new RegExp(`^got ${NUMBER}$`);
const GONE = new RegExp(`^gone ${NUMBER}$`);
const BEGIN = new RegExp(`^begin ${NUMBER} ${NUMBER} ${NUMBER}$`);
const SECONDS = String.raw`(\d{1,9}(?:\.\d{1,3})?)`;
const ITEM = new RegExp(String.raw`^item ${NUMBER} ${NUMBER} (\d{1,3}) ${SECONDS}$`);
const END = new RegExp(
  String.raw`^end ${NUMBER} (${NUMBER}(?:,${NUMBER})*) (\d{1,3})(!?) ${SECONDS} ${NUMBER}$`,
);
const TEXT = new RegExp(`^text ${NUMBER} ([^\\n]+)$`);
const BACK = new RegExp(String.raw`^back ${NUMBER}((?: ${NUMBER}\.${NUMBER})*)$`);

/**
 * Reads the text of a record about items; undefined when it is none. A container may send anything.
 *
 *     got ORDER                                    begin ORDER INDEX WORKER
 *     gone WORKER                                  text INDEX ITEM
 *     item ORDER INDEX CODE SECONDS
 *     back ORDER ORDER.INDEX ORDER.INDEX …         end ORDER INDEX,INDEX… CODE SECONDS WORKER    CODE!: while the job was being stopped
 */
export function parseItemFact(text: string): ItemFact | undefined {
  if (text.length > LONGEST_FACT) return undefined;
  const got = GOT.exec(text);
  if (got) return { kind: "got", order: Number(got[1]) };
  const gone = GONE.exec(text);
  if (gone) return { kind: "gone", worker: Number(gone[1]) };
  const begin = BEGIN.exec(text);
  if (begin) {
    const [order = NaN, index = NaN, worker = NaN] = begin.slice(1).map(Number);
    return { kind: "begin", order, index, worker };
  }
  const [, order, words] = BACK.exec(text) ?? [];
  if (words !== undefined)
    return { kind: "back", order: Number(order), batches: words.split(" ").slice(1).map(parseBatch) };
  const [, index, item] = TEXT.exec(text) ?? [];
  if (item !== undefined) return { kind: "text", index: Number(index), text: item };
  return parseReport(text) ?? parseEnd(text);
}

function parseReport(text: string): ItemReportFact | undefined {
  const [, order, index, code, seconds] = ITEM.exec(text) ?? [];
  const exitCode = Number(code);
  if (seconds === undefined || exitCode > 255) return undefined;
  return {
    ...{ kind: "item", order: Number(order), index: Number(index), exitCode },
    seconds: Number(seconds),
  };
}

function parseEnd(text: string): ItemEndFact | undefined {
  const [, order, words = "", , , code, mark, seconds, worker] = END.exec(text) ?? [];
  const exitCode = Number(code);
  if (mark === undefined || exitCode > 255) return undefined;
  const indices = words.split(",").map(Number);
  return {
    ...{ kind: "end", order: Number(order), index: indices[0] ?? NaN, indices, exitCode },
    ...{ seconds: Number(seconds), stopped: mark === "!", worker: Number(worker) },
  };
}

function parseBatch(word: string): NamedBatch {
  const [order = NaN, index = NaN] = word.split(".").map(Number);
  return { order, index };
}
