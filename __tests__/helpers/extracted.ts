import type { ExtractedItem } from "../../src/stream/items.ts";
import type { SpoolText } from "../../src/stream/records.ts";

interface Reader<Event> {
  read(bytes: Buffer): Iterable<Event>;
}

/** Everything that the extractor finds in these bytes, copied, with each line apart. */
export function extractAll<Event extends ExtractedItem | SpoolText>(
  reader: Reader<Event>,
  bytes: Uint8Array,
): Event[] {
  const events: Event[] = [];
  for (const event of reader.read(Buffer.from(bytes))) {
    if (event.kind !== "text") events.push(event);
    else
      for (const line of linesOf(event.bytes))
        events.push({ ...event, ...line, ends: event.ends || line.ends });
  }
  return events;
}

function linesOf(bytes: Buffer): { bytes: Buffer; ends: boolean }[] {
  const texts = bytes.toString("latin1").split("\n");
  return texts.map((text, i) => ({ bytes: Buffer.from(text, "latin1"), ends: i < texts.length - 1 }));
}
