import type { Clock } from "../../clock.ts";
import { RELAY_LIMITS } from "../../payload/forward.ts";
import { SILENCE_MS } from "./silence.ts";

/** After such a time without the relay its connections are reset. The relay itself gives up 15 s later. */
const LONGEST_CUT_MS = 60_000;
/** A forward that has carried connections waits for so long until a session can be opened again. */
const LONGEST_AWAY_MS = 600_000;
/** So long after its last word a relay has surely ended. */
const RELAY_ENDS_MS = SILENCE_MS + RELAY_LIMITS.silence * 1000 + 5_000;
/** The most sessions in a row whose relay spoke for less than `SHORT_MS`. */
const MOST_SHORT = 12;
const SHORT_MS = 10_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/** How long a forward bears to be cut: by when its relay was heard last, and by how long its sessions have lived. */
export class CutTimes {
  readonly #clock: Pick<Clock, "now" | "random">;
  #heard: number;
  /** When a relay was heard last; undefined before the first word. */
  #carriedAt: number | undefined;
  /** When the last relay, which was given up, has ended for certain. */
  #freeAt = 0;
  #begunAt = 0;
  #shortSessions = 0;
  #pause = FIRST_PAUSE_MS;

  constructor(clock: Pick<Clock, "now" | "random">) {
    this.#clock = clock;
    this.#heard = clock.now();
  }

  /** When the relay of now was heard, else when it took its place. */
  get heard(): number {
    return this.#heard;
  }

  get hasCarried(): boolean {
    return this.#carriedAt !== undefined;
  }

  /** The open connections are not kept any longer. */
  get isLate(): boolean {
    return this.#clock.now() - this.#heard > LONGEST_CUT_MS;
  }

  /** No session was possible for so long that the forward ends: ten minutes, and one minute before anything was carried. */
  get isGivenUp(): boolean {
    const at = this.#carriedAt;
    return at === undefined ? this.isLate : this.#clock.now() - at > LONGEST_AWAY_MS;
  }

  /** A relay that was given up may still run. */
  get mayLinger(): boolean {
    return this.#clock.now() < this.#freeAt;
  }

  /** So many sessions in a row were short that another one would be in vain. */
  get isInVain(): boolean {
    return this.#shortSessions >= MOST_SHORT;
  }

  beginSession(): void {
    this.#begunAt = this.#clock.now();
    this.#shortSessions += 1;
  }

  /** The relay of this session has said something. */
  hear(): void {
    this.#heard = this.#clock.now();
    this.#carriedAt = this.#heard;
  }

  /** The session carries. One that does so for long is not short. */
  carry(): void {
    if (this.#clock.now() > this.#begunAt + SHORT_MS) this.#shortSessions = 0;
  }

  /** The last relay ends by itself, since nothing is said to it any more. One that was not heard may have begun only now. */
  giveRelayUp(wasHeard: boolean): void {
    this.#freeAt = (wasHeard ? this.#heard : this.#clock.now()) + RELAY_ENDS_MS;
  }

  /** Another relay takes the last one's place. */
  startAnew(): void {
    this.#heard = this.#clock.now();
  }

  /** The milliseconds until the next session: more after each short one. */
  nextPause(): number {
    if (this.#shortSessions === 0) this.#pause = FIRST_PAUSE_MS;
    const pause = this.#pause;
    this.#pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    return pause * (0.5 + this.#clock.random.fraction() / 2);
  }
}
