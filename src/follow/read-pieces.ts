import { PieceReader, type PieceEvent, type Stall } from "../pieces/reader.ts";
import type { OrderedFolder } from "../pieces/orders.ts";
import type { PieceStore } from "../pieces/store.ts";
import { type ExtractedItem, isOutput } from "../stream/items.ts";
import type { FollowContext } from "./follow-session.ts";
import type { CarrierEnd } from "./job-end.ts";

/** How the reading of pieces ended. */
export type ReadEnd =
  | Extract<CarrierEnd, { kind: "status" | "refused" }>
  /** There are no more pieces. The output is known up to this byte of the spool. */
  | { readonly kind: "exhausted"; readonly position: number }
  /** The pieces can't be read. */
  | ({ readonly kind: "stalled" } & Stall);

export interface ReadPiecesOptions extends Pick<
  FollowContext,
  "extractor" | "onShown" | "drained" | "clock" | "cancel"
> {
  readonly store: Pick<PieceStore, "read"> & { readonly folder: OrderedFolder };
}

/**
 * Reads all pieces that the container has uploaded so far. The first one may begin at any byte of the spool. Writes nothing, so neither
 * the container nor another reader notices. An outage of S3 may last 30 s. A cancel throws its reason.
 */
export async function readPieces(options: ReadPiecesOptions): Promise<ReadEnd> {
  const { store, extractor, drained, clock, cancel } = options;
  const reader = new PieceReader(store.folder, undefined, clock.now());
  reader.finish(clock.now());
  for (;;) {
    for (const event of reader.takeEvents()) {
      const end = passOn(event, options);
      if (end !== undefined) return end;
      await drained?.();
    }
    reader.confirm(extractor.confirmed);
    const reads = reader.takeReads(clock.now());
    await Promise.all(reads.map(async (name) => reader.answer(name, await store.read(name), clock.now())));
    cancel.throwIfAborted();
    if (reads.length === 0) await clock.sleep(Math.max(0, reader.deadline() - clock.now()), cancel);
  }
}

/** Passes on what an event has brought. Returns how the reading ended, if the event ends it. */
export function passOn(
  event: PieceEvent,
  { extractor, onShown }: Pick<FollowContext, "extractor" | "onShown">,
): ReadEnd | undefined {
  switch (event.kind) {
    case "proven":
      return undefined;
    case "bytes":
      return show(extractor.readPiece(event.begin, event.bytes), onShown);
    case "end":
      return show(extractor.readEnd(event.length, event.text), onShown);
    case "exhausted":
      return { kind: "exhausted", position: extractor.confirmed };
    case "stalled":
      return event;
  }
}

function show(items: Iterable<ExtractedItem>, onShown: FollowContext["onShown"]): ReadEnd | undefined {
  for (const item of items) {
    if (isOutput(item)) onShown(item);
    switch (item.kind) {
      case "gap":
        return {
          kind: "stalled",
          reason: "hole",
          seen: `byte ${item.expected} was expected and byte ${item.got} came`,
        };
      case "status":
      case "refused":
        return item;
    }
  }
  return undefined;
}
