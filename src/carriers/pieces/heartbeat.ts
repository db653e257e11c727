import type { Piece } from "./format.ts";

/** How often `alive` is read while no piece comes: as often as the container writes it. */
const ALIVE_EVERY_MS = 30_000;
/** After this time without a new piece or heartbeat the container does not upload any more. */
export const SILENCE_MS = 90_000;

/** The signs of life of a container that uploads: its heartbeat, the object `alive`, and its pieces. */
export class Heartbeat {
  /** The number of the last heartbeat. */
  #number = -1;
  /** When the last sign of life was read. */
  #heardAt: number;
  /** When the last read of `alive` began. */
  #askedAt: number;
  /** When the last of those reads of `alive` began that found nothing new. */
  #vainAt = 0;
  #uploaded = 0;

  constructor(now: number) {
    this.#heardAt = now;
    this.#askedAt = now;
  }

  /** The byte up to which pieces exist, as the last heartbeat says. */
  get uploaded(): number {
    return this.#uploaded;
  }

  /** When `alive` is to be read next. */
  get dueAt(): number {
    return Math.max(this.#heardAt, this.#askedAt) + ALIVE_EVERY_MS;
  }

  /** Notes that a read of `alive` begins. */
  noteRead(now: number): void {
    this.#askedAt = now;
  }

  /** Notes that a read of `alive` that began at `askedAt` has found nothing new. */
  noteVain(askedAt: number): void {
    this.#vainAt = askedAt;
  }

  /** Notes a sign of life. */
  noteLife(now: number): void {
    this.#heardAt = now;
  }

  /** Takes what was found as `alive`; undefined: no authentic object. False when it tells nothing new. */
  take(piece: Piece | undefined): boolean {
    if (piece?.kind !== "alive" || piece.number <= this.#number) return false;
    this.#number = piece.number;
    this.#uploaded = piece.begin;
    return true;
  }

  /** `askedAt`: when a read began that found no piece. True when the container had then been silent for `SILENCE_MS`. */
  isSilent(askedAt: number): boolean {
    return Math.min(askedAt, this.#vainAt) - this.#heardAt >= SILENCE_MS;
  }
}
