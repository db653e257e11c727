import type { Runner } from "../runner/runner.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** What the step's input `timeout` allows, or another one of its kind, in milliseconds. `start-timeout` has to be given. */
export function timeoutOf(
  { options }: Pick<Runner, "options">,
  input: "timeout" | "queue-timeout" | "start-timeout" = "timeout",
): number {
  const { timeout = "60m", [input]: given = timeout } = options.inputs;
  const [, number, unit = ""] = /^(\d+)([smh])$/.exec(given) ?? [];
  return Number(number) * (UNITS[unit] ?? NaN);
}
