import type { Clock } from "../clock.ts";

/** One timer for a deadline that moves. It may ring too early, so its handler has to check the time. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #armed: { readonly at: number; readonly cancel: AbortController } | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /**
   * Sets the alarm to `at`, in milliseconds since the epoch, unless an earlier time is set. `undefined` changes
   * nothing.
   */
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
