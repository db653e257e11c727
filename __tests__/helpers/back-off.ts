import type { SteppedClock } from "./stepped-clock.ts";

/** Gives every pause of a test file's tests the same jitter: half of the largest. */
export function steadyJitter(): void {
  const { random } = Math;
  beforeEach(() => {
    Math.random = () => 0.5;
  });
  afterEach(() => {
    Math.random = random;
  });
}

/** Lets the pause before the n-th try to connect again pass, with that jitter. */
export async function backOff(clock: SteppedClock, nth: number): Promise<void> {
  await clock.pass(150 * 2.5 ** (nth - 1));
}
