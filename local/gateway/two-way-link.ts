import { CutCounter } from "./cuts.ts";
import { FaultyLink } from "./faulty-link.ts";
import type { Direction, LinkFactory } from "./link.ts";
import type { LinkFaults } from "./link-faults.ts";
import { randomFrom } from "./random.ts";

interface Parts extends Readonly<Record<Direction, FaultyLink>> {
  readonly cuts: CutCounter;
}

/** Both directions of a session through the gateway, with their faults. */
export class TwoWayLink {
  readonly #build: (faults: LinkFaults) => Parts;
  #parts: Parts;

  /** `ends` has the two functions that take the arriving frames. */
  constructor(make: LinkFactory, ends: Record<Direction, (frame: Uint8Array) => void>, faults: LinkFaults) {
    const toClient = make("to-client", ends["to-client"]);
    const toAgent = make("to-agent", ends["to-agent"]);
    // Each part has random numbers of its own, so the order in which the parts draw doesn't matter.
    this.#build = ({ seed = 1, ...of }) => ({
      "to-client": new FaultyLink(of.toClient ?? {}, randomFrom(3 * seed), (frame) => toClient.pass(frame)),
      "to-agent": new FaultyLink(of.toAgent ?? {}, randomFrom(3 * seed + 1), (frame) => toAgent.pass(frame)),
      cuts: new CutCounter(of.cut ?? {}, randomFrom(3 * seed + 2)),
    });
    this.#parts = this.#build(faults);
  }

  pass(direction: Direction, frame: Uint8Array): void {
    this.#parts[direction].pass(frame);
  }

  get cuts(): CutCounter {
    return this.#parts.cuts;
  }

  /** Replaces the faults. Their counts start again. */
  disturb(faults: LinkFaults): void {
    this.close();
    this.#parts = this.#build(faults);
  }

  /** Delivers at once all frames that are still under way. */
  close(): void {
    this.#parts["to-client"].close();
    this.#parts["to-agent"].close();
    this.#parts.cuts.disconnected();
  }
}
