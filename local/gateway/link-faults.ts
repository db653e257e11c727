import type { Direction } from "./link.ts";
import type { Amount, Rate } from "./random.ts";

/**
 * Faults of the frames of one direction of one session. A rate applies to the frames with stream data; `loseAcknowledgements`
 * applies to acknowledgements. The gateway's own frames meet no rate, since they are never repeated.
 */
export interface DirectionFaults {
  readonly lose?: Rate;
  readonly duplicate?: Rate;
  /** The frame is held back until the next stream data has passed. */
  readonly swap?: Rate;
  /** One bit of the payload is wrong, so that the digest doesn't match. The agent never compares a digest. */
  readonly corrupt?: Rate;
  /** A random number of bytes is missing at the end. */
  readonly truncate?: Rate;
  readonly loseAcknowledgements?: Rate;
  /** Milliseconds by which each frame of any kind is delayed. The order stays. */
  readonly delay?: Amount;
}

/** When and how a client's connection breaks: at the first of the three limits that is reached. */
export interface Cut {
  /** Binary frames that the connection carries before it breaks, including acknowledgements; 0: it breaks right after the opening frame. */
  readonly afterFrames?: Amount;
  readonly afterBytes?: Amount;
  /** Milliseconds. */
  readonly afterMs?: Amount;
  /** The direction whose frames and bytes count; both together unless given. */
  readonly direction?: Direction;
  /** How many connections of one session are cut, in turn; 1 unless given. */
  readonly times?: number;
  /** `reset` (the default): the socket is gone. `silent`: the socket stays, and carries nothing, not even a pong. */
  readonly how?: "reset" | "silent";
}

/** The faults of one session. The same seed and the same frames have the same faults. */
export interface LinkFaults {
  /** 1 unless given. Each further session of an order has the next seed. */
  readonly seed?: number;
  readonly toClient?: DirectionFaults;
  readonly toAgent?: DirectionFaults;
  readonly cut?: Cut;
}

/** Faults, and the sessions that have them. */
export interface LinkOrder extends LinkFaults {
  /** `new` (the default): sessions to come. `open`: the open sessions. Else the id of a session. */
  readonly to?: "new" | "open" | (string & {});
  /** With `new`: for how many sessions; all unless given. */
  readonly sessions?: number;
}
