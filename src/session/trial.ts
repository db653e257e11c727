import type { Clock } from "../clock.ts";
import { unlessLate } from "./bounded.ts";
import { NotConnected } from "./socket.ts";

/** A gateway that does not take the token opens the socket all the same, and closes it soon. */
const SETTLED_MS = 1_000;

/**
 * Whether a new socket holds: the opening frame has no answer, so that a message of the agent has to show it, or an
 * answer to our ping and a second in which it is not closed.
 */
export class Trial {
  /** The socket's events. */
  frame: () => void = () => undefined;
  pong: () => void = () => undefined;
  lost: (why: string, cause?: unknown) => void = () => undefined;
  readonly #heard: Promise<void>;
  readonly #answered: Promise<void>;

  constructor() {
    this.#answered = new Promise((resolve) => (this.pong = resolve));
    this.#heard = new Promise((resolve, reject) => {
      this.frame = resolve;
      this.lost = (why, cause) => reject(new NotConnected(`opened, but ${why}`, undefined, cause));
    });
    // It may be lost before anybody asks.
    this.#heard.catch(() => undefined);
  }

  /** Resolves when it holds. Rejects with `NotConnected` when it was lost or has shown nothing by then. */
  async passed(by: { clock: Clock; signal: AbortSignal; until: number }): Promise<void> {
    const { clock, signal } = by;
    const settled = new AbortController();
    const second = clock.sleep(SETTLED_MS, AbortSignal.any([signal, settled.signal]));
    try {
      await unlessLate(Promise.race([this.#heard, Promise.all([this.#answered, second])]), {
        ...by,
        late: () => {
          throw new NotConnected("opened, but nothing came back", undefined);
        },
      });
    } finally {
      settled.abort();
    }
  }
}
