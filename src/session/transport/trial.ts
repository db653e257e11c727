import type { Clock } from "../../clock.ts";
import { unlessLate } from "../../waiting.ts";
import { ConnectionError } from "./socket.ts";

/** A gateway opens the socket for any token. When it refuses the token, it closes the socket within this time. */
const SETTLED_MS = 1_000;

/** What proves that a new socket leads to the agent. */
export type Proof =
  /** The acknowledgement of a message that was sent on it. */
  | "acknowledgement"
  /** No proof is possible yet: the agent has not opened the session, so it acknowledges nothing. */
  | "none-yet";

/**
 * The trial of a new socket. The opening frame has no answer, and a gateway answers pings even on a socket that does
 * not reach the agent. So an agent that has opened the session has to acknowledge a message. When the agent has not
 * opened it, any message is enough, or an answer to our ping and one second in which the socket stays open.
 */
export class Trial {
  /** To be called at the socket's events. */
  frame: () => void = () => undefined;
  pong: () => void = () => undefined;
  lost: (why: string, cause?: unknown) => void = () => undefined;
  /** To be called when the agent has acknowledged a message of this socket. */
  acknowledged: () => void = () => undefined;
  readonly #heard: Promise<void>;
  readonly #answered: Promise<void>;
  readonly #acknowledged: Promise<void>;
  readonly #lost: Promise<never>;

  constructor() {
    this.#heard = new Promise((resolve) => (this.frame = resolve));
    this.#answered = new Promise((resolve) => (this.pong = resolve));
    this.#acknowledged = new Promise((resolve) => (this.acknowledged = resolve));
    this.#lost = new Promise((_resolve, reject) => {
      this.lost = (why, cause) => reject(new ConnectionError(`opened, but ${why}`, undefined, cause));
    });
    // The socket may be lost before `passed` is called.
    this.#lost.catch(() => undefined);
  }

  /**
   * Resolves when the socket is proven. Rejects with `ConnectionError` when it was lost, or is not proven at `until`.
   */
  async passed(proof: Proof, by: { clock: Clock; signal: AbortSignal; until: number }): Promise<void> {
    const { clock, signal, until } = by;
    const settled = new AbortController();
    const seconds = Math.round((until - clock.now()) / 1000);
    const shown =
      proof === "acknowledgement"
        ? this.#acknowledged
        : Promise.race([
            this.#heard,
            Promise.all([this.#answered, this.#second(clock, signal, settled.signal)]),
          ]);
    try {
      await unlessLate(Promise.race([shown, this.#lost]), {
        ...by,
        late: () => {
          const nothing =
            proof === "acknowledgement"
              ? `the agent acknowledged nothing within ${seconds} s`
              : "nothing came back";
          throw new ConnectionError(`opened, but ${nothing}`, undefined);
        },
      });
    } finally {
      settled.abort();
    }
  }

  #second(clock: Clock, signal: AbortSignal, settled: AbortSignal): Promise<void> {
    return clock.sleep(SETTLED_MS, AbortSignal.any([signal, settled]));
  }
}
