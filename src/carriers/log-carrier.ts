import { Terminal } from "./stream/terminal.ts";
import type { Carrier, CarrierEvent } from "./carrier.ts";

/** The log of a session that is over. */
export class LogCarrier implements Carrier {
  readonly kind = "log";
  readonly events: AsyncIterable<CarrierEvent>;

  /** `bytes` is the log, as it arrives. `largestPack` is that of `Terminal`. */
  constructor(bytes: AsyncIterable<Uint8Array>, nonce: string, largestPack?: number) {
    this.events = readLog(bytes, new Terminal(nonce, largestPack));
  }

  say(): void {
    // The container does not read logs.
  }

  finish(): void {
    // A log ends by itself.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function* readLog(bytes: AsyncIterable<Uint8Array>, terminal: Terminal): AsyncGenerator<CarrierEvent> {
  for await (const piece of bytes)
    for (const event of terminal.read(piece)) {
      switch (event.kind) {
        case "ready":
        case "echo":
        case "payload-wanted":
        case "secrets-wanted":
        case "note":
          break;
        default:
          yield event;
      }
    }
  yield { kind: "lost", why: { kind: "exhausted" } };
}
