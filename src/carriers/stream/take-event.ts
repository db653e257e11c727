import type { EndOfJob, Gap, OutputItem } from "./items.ts";
import type { Spool } from "./spool.ts";
import type { SpoolEvent } from "./spool-events.ts";

/** Where the output of a job goes. */
export interface OutputSink {
  readonly spool: Spool;
  readonly show: (item: OutputItem) => void;
}

/** Takes what a carrier has brought into the spool, and shows it. Returns what ends the carrier, if that is among it. */
export function takeEvent(event: SpoolEvent, { spool, show }: OutputSink): EndOfJob | Gap | undefined {
  for (const item of spool.take(event)) {
    if (item.kind === "status" || item.kind === "refused") return item;
    show(item);
    if (item.kind === "gap") return item;
  }
  return undefined;
}
