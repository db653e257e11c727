import { isRecord } from "../../../values.ts";
import type { Program } from "./earlier-runs.ts";

/** The most of each number that is read of an earlier run. The facts of a container have nine digits before the point (facts.ts). */
export const MOST = {
  ...{ items: 10_000, seconds: 999_999_999, begins: 1_000, tasks: 10_000, workers: 1_000, runs: 1_000_000 },
} as const;
const LONGEST_NAME = 2_048;

/** Reads what items ran in; undefined for anything else. */
export function parseProgram(value: unknown): Program | undefined {
  if (!isRecord(value)) return undefined;
  const { definition, image } = value;
  return isName(definition) && isName(image) ? { definition, image } : undefined;
}

export function isCount(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

/** Whether this is how long an item can have taken. */
export function isSeconds(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= MOST.seconds;
}

/** Whether this is what the code of a failure looks like. */
export function isFailureCode(value: unknown): value is string {
  return typeof value === "string" && /^[a-z][a-z\d-]{0,63}$/.test(value);
}

export function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;
}
