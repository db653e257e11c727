import type { Clock } from "../clock.ts";

/** One timer for a deadline that moves. It may ring early or for nothing: its handler has to look at the time. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #armed: { readonly at: number; readonly cancel: AbortController } | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at `at` at the latest. A later time than the one that is set is left to the next call. */
  set(at: number | undefined): void {
    if (at === undefined || (this.#armed && this.#armed.at <= at)) return;
    this.stop();
    const armed = { at, cancel: new AbortController() };
    this.#armed = armed;
    this.#clock.sleep(Math.max(0, at - this.#clock.now()), armed.cancel.signal).then(
      () => {
        this.#armed = undefined;
        this.#ring();
      },
      () => undefined, // stopped
    );
  }

  stop(): void {
    this.#armed?.cancel.abort();
    this.#armed = undefined;
  }
}
