import type { Clock } from "../clock.ts";
import type { OrderedFolder } from "./pieces/orders.ts";
import { PieceReader } from "./pieces/reader.ts";
import type { PieceStore } from "./pieces/store.ts";
import type { CarrierEvent } from "./carrier.ts";
import { eventsOf } from "./pieces-carrier.ts";

export interface UploadedPiecesOptions {
  readonly store: Pick<PieceStore, "read"> & { readonly folder: OrderedFolder };
  /** How far the spool is here for certain. */
  readonly spool: { readonly confirmed: number };
  readonly clock: Clock;
  readonly cancel: AbortSignal;
}

/**
 * Reads all pieces that the container has uploaded so far. The first one may begin at any byte of the spool. Writes nothing, so neither
 * the container nor another reader notices. An outage of S3 may last 30 s. A cancel throws its reason.
 */
export async function* readUploadedPieces({
  store,
  spool,
  clock,
  cancel,
}: UploadedPiecesOptions): AsyncGenerator<CarrierEvent> {
  const reader = new PieceReader(store.folder, undefined, clock.now());
  reader.finish(clock.now());
  let isFirst = true;
  for (;;) {
    for (const event of reader.takeEvents()) {
      yield* eventsOf(event, isFirst);
      isFirst &&= event.kind !== "bytes";
    }
    reader.confirm(spool.confirmed);
    const reads = reader.takeReads(clock.now());
    await Promise.all(reads.map(async (name) => reader.answer(name, await store.read(name), clock.now())));
    cancel.throwIfAborted();
    if (reads.length === 0) await clock.sleep(Math.max(0, reader.deadline() - clock.now()), cancel);
  }
}
