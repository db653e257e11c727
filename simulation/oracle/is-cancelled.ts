import type { Runner } from "../runner/runner.ts";

/** Whether something has cancelled the step: a signal, or the step itself, which has lost its lock. */
export function isCancelled({ cancelledAt, main }: Runner): boolean {
  return cancelledAt !== undefined || main.stdout.includes("Cancelled: stopping what this run started.");
}
