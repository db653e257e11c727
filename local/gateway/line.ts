import { Cuts } from "./cuts.ts";
import { FaultyLink } from "./faulty-link.ts";
import type { Direction, MakeLink } from "./link.ts";
import type { LinkFaults } from "./link-faults.ts";
import { randomFrom } from "./random.ts";

interface Parts extends Readonly<Record<Direction, FaultyLink>> {
  readonly cuts: Cuts;
}

/** Both directions of a session's way through the gateway, with all that goes wrong there. */
export class Line {
  readonly #build: (faults: LinkFaults) => Parts;
  #parts: Parts;

  /** `ends` take what arrives. */
  constructor(make: MakeLink, ends: Record<Direction, (frame: Uint8Array) => void>, faults: LinkFaults) {
    const toClient = make("to-client", ends["to-client"]);
    const toAgent = make("to-agent", ends["to-agent"]);
    // Each part has its own numbers, so that it doesn't matter in which order the parts come to draw theirs.
    this.#build = ({ seed = 1, ...of }) => ({
      "to-client": new FaultyLink(of.toClient ?? {}, randomFrom(3 * seed), (frame) => toClient.pass(frame)),
      "to-agent": new FaultyLink(of.toAgent ?? {}, randomFrom(3 * seed + 1), (frame) => toAgent.pass(frame)),
      cuts: new Cuts(of.cut ?? {}, randomFrom(3 * seed + 2)),
    });
    this.#parts = this.#build(faults);
  }

  pass(direction: Direction, frame: Uint8Array): void {
    this.#parts[direction].pass(frame);
  }

  get cuts(): Cuts {
    return this.#parts.cuts;
  }

  /** From now on other faults, counted anew. */
  disturb(faults: LinkFaults): void {
    this.close();
    this.#parts = this.#build(faults);
  }

  /** What is still under way arrives at once. */
  close(): void {
    this.#parts["to-client"].close();
    this.#parts["to-agent"].close();
    this.#parts.cuts.disconnected();
  }
}
