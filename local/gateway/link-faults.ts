import type { Direction } from "./link.ts";
import type { Amount, Rate } from "./random.ts";

/**
 * What happens to frames on their way. Rates count, or are drawn for, the stream data of one direction of one
 * session; `loseAcknowledgements` its acknowledgements. The gateway's own frames are spared: nobody repeats those.
 */
export interface DirectionFaults {
  readonly lose?: Rate;
  readonly duplicate?: Rate;
  /** Held back until the next stream data has passed. */
  readonly swap?: Rate;
  /** One bit of the payload, so that the digest doesn't match. The agent never looks at a digest. */
  readonly corrupt?: Rate;
  /** Any number of bytes is missing at the end. */
  readonly truncate?: Rate;
  readonly loseAcknowledgements?: Rate;
  /** Milliseconds for each frame of any kind; the order stays. */
  readonly delay?: Amount;
}

/** When a connection of a client breaks; the first of the three that comes. */
export interface Cut {
  /** Binary frames that it passes on before, acknowledgements and all; 0 is right after the opening frame. */
  readonly afterFrames?: Amount;
  readonly afterBytes?: Amount;
  /** Milliseconds. */
  readonly afterMs?: Amount;
  /** Whose frames and bytes count; both together unless given. */
  readonly direction?: Direction;
  /** How many connections of one session are cut, one after the other; 1 unless given. */
  readonly times?: number;
  /** `reset`, unless given: the socket is gone. `silent`: it stays, and nothing comes or goes, not even a pong. */
  readonly how?: "reset" | "silent";
}

/** What goes wrong with one session. The same seed and the same frames go wrong in the same way. */
export interface LinkFaults {
  /** 1 unless given. Each further session of an order has the next one. */
  readonly seed?: number;
  readonly toClient?: DirectionFaults;
  readonly toAgent?: DirectionFaults;
  readonly cut?: Cut;
}

/** Faults, and for whom. */
export interface LinkOrder extends LinkFaults {
  /** `new`, unless given: sessions to come. `open`: those there are. Else the id of one. */
  readonly to?: "new" | "open" | (string & {});
  /** With `new`: for how many sessions; all unless given. */
  readonly sessions?: number;
}
