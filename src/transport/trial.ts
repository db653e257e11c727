import type { Clock } from "../clock.ts";
import { unlessLate } from "../bounded.ts";
import { ConnectionError } from "./socket.ts";

/** A gateway that does not take the token opens the socket all the same, and closes it soon. */
const SETTLED_MS = 1_000;

/** What shows that a new socket leads to the agent. */
export type Proof =
  /** Something was sent on it that the agent has to acknowledge. */
  | "acknowledgement"
  /** The agent has not opened the session yet, so that it can't acknowledge anything. */
  | "none-yet";

/**
 * Whether a new socket holds. The opening frame has no answer, and a gateway answers pings on a socket from which
 * nothing reaches the agent: so an agent that has opened the session has to acknowledge something. Of one that has not,
 * any message will do, or an answer to our ping and a second in which the socket is not closed.
 */
export class Trial {
  /** The socket's events. */
  frame: () => void = () => undefined;
  pong: () => void = () => undefined;
  lost: (why: string, cause?: unknown) => void = () => undefined;
  /** The agent has acknowledged what was sent on this socket. */
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
    // It may be lost before `passed` is called.
    this.#lost.catch(() => undefined);
  }

  /** Resolves when it holds. Rejects with `ConnectionError` when it was lost or has shown nothing by then. */
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
