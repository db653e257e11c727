import { randomUUID } from "node:crypto";

/**
 * Keeps what is shown from speaking to the runner: while it is up the runner obeys nothing but the line that takes it
 * down, whose token can't be guessed. Each time it goes up the token is a new one, since the old one is in the log.
 */
export class Guard {
  readonly #write: (line: string) => void;
  #token: string | undefined;

  /** `write` shows one line, in order with all others. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  up(): void {
    if (this.#token !== undefined) return;
    this.#token = randomUUID();
    this.#write(`::stop-commands::${this.#token}`);
  }

  down(): void {
    if (this.#token === undefined) return;
    this.#write(`::${this.#token}::`);
    this.#token = undefined;
  }

  /** Says something that the runner has to obey, and puts the guard up again if it was. */
  lifted(say: () => void): void {
    const wasUp = this.#token !== undefined;
    this.down();
    try {
      say();
    } finally {
      if (wasUp) this.up();
    }
  }
}
