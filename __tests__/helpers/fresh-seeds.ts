import { randomInt } from "node:crypto";

/** Draws the first of this run's fresh seeds before any jest worker starts, and prints it. `FUZZ_FRESH` sets it. */
export function drawFreshSeeds(): void {
  process.env["FUZZ_FRESH"] ??= String(randomInt(1_000_000, 2 ** 31));
  console.error(`Fuzz: a fixed corpus, and fresh seeds from ${process.env["FUZZ_FRESH"]} on (FUZZ_FRESH).`);
}
