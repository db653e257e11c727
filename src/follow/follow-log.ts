import type { FollowSessionOptions } from "./follow-session.ts";
import { isOutput } from "../stream/items.ts";
import type { CarrierEnd } from "./job-end.ts";

/**
 * Reads the job's output and status from the log of a session that is over. Resolves as soon as it has the status.
 */
export async function followLog(
  bytes: AsyncIterable<Uint8Array>,
  { extractor, onShown, drained }: Pick<FollowSessionOptions, "extractor" | "onShown" | "drained">,
): Promise<CarrierEnd> {
  let attached = false;
  for await (const piece of bytes) {
    for (const extracted of extractor.read(piece)) {
      if (isOutput(extracted)) onShown(extracted);
      switch (extracted.kind) {
        case "attached":
          attached = true;
          break;
        case "gap":
        case "status":
        case "refused":
          return extracted;
      }
    }
    await drained?.();
  }
  return { kind: "missing", attached };
}
