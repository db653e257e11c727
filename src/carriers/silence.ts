import type { Clock } from "../clock.ts";
import { Alarm } from "../session/alarm.ts";

/** Calls `onSilence` when an expected event does not come in time. */
export class Silence {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #until: number | undefined;
  #lasted: number | undefined;
  #wait = 0;

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, () => {
      if (this.#until === undefined) return;
      if (this.#clock.now() < this.#until) {
        this.#alarm.set(this.#until);
        return;
      }
      this.#lasted = this.#wait;
      onSilence();
    });
  }

  /** From now on an event is expected within `ms`. */
  expect(ms: number): void {
    this.#wait = ms;
    this.#until = this.#clock.now() + ms;
    this.#alarm.set(this.#until);
  }

  /** The event has come, or is no longer expected. */
  end(): void {
    this.#until = undefined;
  }

  /** The length of the silence in milliseconds; undefined while there was none. */
  get lasted(): number | undefined {
    return this.#lasted;
  }

  stop(): void {
    this.end();
    this.#alarm.stop();
  }
}
