/** What a container is told to do with items. */
export type ItemOrder =
  /** These batches go into the stock. */
  | { readonly kind: "give"; readonly batches: readonly GivenBatch[] }
  /** All that has not begun is given back. May follow `end`. */
  | { readonly kind: "back" }
  /** Nothing more is given: a worker that finds nothing ends. */
  | { readonly kind: "end" };

export interface GivenBatch {
  readonly indices: readonly number[];
  /** 1 for its first run. */
  readonly attempt: number;
}

/** An order, and its number among those of one holder, from 1. */
export interface NumberedOrder {
  readonly number: number;
  readonly order: ItemOrder;
}

/** The most characters of an order's words, unless one batch has more. */
const LONGEST_WORDS = 3000;

/** The order as the container reads it behind its number: `give 3,9 4@2`, `back` or `end`. `@2` marks a batch that runs for the second time. */
export function orderWords(order: ItemOrder): string {
  return order.kind === "give" ? `give ${order.batches.map(batchWord).join(" ")}` : order.kind;
}

/** The batches of each of the fewest orders that give them all. */
export function packOrders(batches: readonly GivenBatch[]): readonly (readonly GivenBatch[])[] {
  const orders: GivenBatch[][] = [];
  let left = 0;
  for (const batch of batches) {
    const { length } = batchWord(batch);
    if (length < left) {
      orders.at(-1)?.push(batch);
    } else {
      orders.push([batch]);
      left = LONGEST_WORDS - "give".length;
    }
    left -= length + 1;
  }
  return orders;
}

function batchWord({ indices, attempt }: GivenBatch): string {
  return `${indices.join(",")}${attempt > 1 ? `@${attempt}` : ""}`;
}
