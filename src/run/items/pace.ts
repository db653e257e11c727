import type { Batch } from "./batch.ts";

/** The pace forgets older ends: with the longest first the next items are like the last ones. */
const REMEMBERED = 50;
/** What is known of earlier runs counts as so many ends. */
const WORTH_OF_BEFORE = 8;
/** A batch spends at most this part of its time on its start. */
const MOST_START = 0.9;

/** What a run of the script takes: `start` seconds, and `each` for each unit of its items' weight. */
export interface PaceLine {
  readonly start: number;
  readonly each: number;
}

/** How long batches take, by their weight. */
export class Pace {
  #ends = 0;
  /** Sums over the ends that are not forgotten: how many they are, their weights and seconds, and products of these. */
  #sums = { count: 0, weight: 0, seconds: 0, square: 0, product: 0 };
  /** The weight of all that has ended. */
  #ended = 0;
  /** How many batches run whose time is a guess, and the sum of the times since when. */
  #running = { count: 0, since: 0 };

  /** `weight`: that of an item, when weights are seconds; undefined when they are numbers of items. */
  constructor(weight: number | undefined) {
    if (weight === undefined) return;
    for (let time = 0; time < WORTH_OF_BEFORE; time += 1) this.#note(weight, weight);
  }

  begin(batch: Batch, now: number): void {
    if (!batch.isGuess) return;
    this.#running.count += 1;
    this.#running.since += now;
  }

  /** A batch has ended that ran from `beganAt` on. It took so many seconds; undefined: nobody knows how long it would have taken. */
  end(batch: Batch, beganAt: number, seconds: number | undefined): void {
    if (batch.isGuess) {
      this.#running.count -= 1;
      this.#running.since -= beganAt;
    }
    if (seconds === undefined) return;
    this.#note(batch.weight, seconds);
    this.#ended += batch.weight;
  }

  /** What the last batches took for each unit of weight, with their starts; undefined when nothing is known. */
  get mean(): number | undefined {
    const { weight, seconds } = this.#sums;
    return weight === 0 ? undefined : seconds / weight;
  }

  /**
   * What the next batches are likely to take. Short ones end first, so what those that run have taken already counts too: all that is known over what
   * has ended, as for a lifetime when not all have died.
   */
  likely(now: number): PaceLine | undefined {
    const line = this.#line();
    const { count, since } = this.#running;
    if (line === undefined || this.#ended === 0) return line;
    return { ...line, each: line.each + Math.max(0, count * now - since) / 1000 / this.#ended };
  }

  /**
   * The line through the ends (least squares). As long as few ends are known, or all batches have about the same weight, it goes through the origin: the
   * start counts as nothing.
   */
  #line(): PaceLine | undefined {
    const { mean } = this;
    if (mean === undefined) return undefined;
    const { count, weight, seconds, square, product } = this.#sums;
    const [middle, time] = [weight / count, seconds / count];
    const prior = (middle * middle) / count;
    const slope =
      (product / count - middle * time + prior * mean) / (square / count - middle * middle + prior);
    const start = Math.min(MOST_START * time, Math.max(0, time - slope * middle));
    return { start, each: (time - start) / middle };
  }

  #note(weight: number, seconds: number): void {
    const keeps = this.#ends < REMEMBERED ? 1 : 1 - 1 / REMEMBERED;
    this.#ends += 1;
    const { count, weight: weights, seconds: all, square, product } = this.#sums;
    this.#sums = {
      count: count * keeps + 1,
      weight: weights * keeps + weight,
      seconds: all * keeps + seconds,
      square: square * keeps + weight * weight,
      product: product * keeps + weight * seconds,
    };
  }
}
