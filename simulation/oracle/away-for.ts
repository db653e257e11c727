import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";

/** For how long faults of these kinds have lasted that a step met, in milliseconds: by default those in which it gives no orders by S3. */
export function awayFor(
  { name }: Runner,
  { world }: Simulated,
  kinds: readonly ("s3-away" | "pause")[] = ["s3-away", "pause"],
): number {
  return world.base.faults.taken.reduce(
    (sum, fault) =>
      fault.actor === name &&
      (fault.kind === "s3-away" || fault.kind === "pause") &&
      kinds.includes(fault.kind)
        ? sum + fault.ms
        : sum,
    0,
  );
}
