import type { EndOfJob, Gap } from "./stream/items.ts";
import type { SpoolEvent } from "./stream/spool-events.ts";
import type { OutputSink } from "./stream/spool.ts";
import type { Carrier, CarrierEvent, Loss } from "./carrier.ts";

/** How a carrier ended that nobody had to answer. */
export interface ReadToEnd {
  readonly end: EndOfJob | Gap | Loss;
  /** Whether it has shown the job. */
  readonly attached: boolean;
}

/** Reads a carrier to its end that has all it can bring: a log, or what was uploaded. */
export async function readCarrier(
  carrier: Pick<Carrier, "events">,
  { spool, show, drained }: OutputSink & { readonly drained?: (() => Promise<void>) | undefined },
): Promise<ReadToEnd> {
  let attached = false;
  for await (const event of carrier.events) {
    if (event.kind === "lost") return { end: event.why, attached };
    if (!isOfSpool(event)) continue;
    attached ||= event.kind === "attached";
    const end = spool.deliver(event, show);
    if (end !== undefined) return { end, attached };
    await drained?.();
  }
  return { end: { kind: "closed" }, attached };
}

export function isOfSpool(event: CarrierEvent): event is SpoolEvent {
  return (
    event.kind !== "lost" && event.kind !== "note" && event.kind !== "proven" && event.kind !== "released"
  );
}
