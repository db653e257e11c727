import type { Random } from "../../clock.ts";

/**
 * Turns the runner's workflow commands off and on, by `::stop-commands::`. While the guard is up, the runner obeys
 * only the line with the guard's token, which can't be guessed. Each time the guard goes up it has a new token,
 * because the old one is in the log.
 */
export class Guard {
  readonly #write: (line: string) => void;
  readonly #random: Pick<Random, "uuid">;
  #token: string | undefined;

  /** `write` shows one line, in order with all others. */
  constructor(write: (line: string) => void, random: Pick<Random, "uuid">) {
    this.#write = write;
    this.#random = random;
  }

  get isUp(): boolean {
    return this.#token !== undefined;
  }

  up(): void {
    if (this.isUp) return;
    this.#token = this.#random.uuid();
    this.#write(`::stop-commands::${this.#token}`);
  }

  down(): void {
    if (this.#token === undefined) return;
    this.#write(`::${this.#token}::`);
    this.#token = undefined;
  }

  /** Calls `say` with the guard down, so that the runner obeys it. Then puts the guard up again if it was up. */
  whileDown(say: () => void): void {
    const wasUp = this.isUp;
    this.down();
    try {
      say();
    } finally {
      if (wasUp) this.up();
    }
  }
}
