import type { Clock } from "../clock.ts";
import { Alarm } from "../session/alarm.ts";

/** Tells when nothing has come for too long while something was waited for. */
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

  /** Something is expected from now on, within `ms`. */
  expect(ms: number): void {
    this.#wait = ms;
    this.#until = this.#clock.now() + ms;
    this.#alarm.set(this.#until);
  }

  /** It came, or is not expected any more. */
  end(): void {
    this.#until = undefined;
  }

  /** How long nothing came, in milliseconds, once that was too long. */
  get lasted(): number | undefined {
    return this.#lasted;
  }

  stop(): void {
    this.end();
    this.#alarm.stop();
  }
}
