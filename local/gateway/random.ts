/** Gives the next random number in [0, 1). */
export type Random = () => number;

/** Numbers that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number, or a range to draw one from, both ends included. */
export type Amount = number | readonly [least: number, most: number];

export function draw(amount: Amount, random: Random): number {
  if (typeof amount === "number") return amount;
  const [least, most] = amount;
  return least + Math.floor(random() * (most - least + 1));
}

/** How often a fault hits. From 1 up: every n-th frame. Below 1: each frame with this probability. */
export type Rate = number;

/** A function that says, at each call, whether the next frame is hit. Without a rate no frame is. */
export function hitEvery(rate: Rate | undefined, random: Random): () => boolean {
  if (rate === undefined) return () => false;
  if (rate < 1) return () => random() < rate;
  let count = 0;
  return () => {
    count += 1;
    return count % Math.round(rate) === 0;
  };
}
