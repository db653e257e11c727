import { isRecord } from "../../../values.ts";
import type { Program, Success } from "./earlier-runs.ts";
import { isCount, isFailureCode, isName, isSeconds, MOST, parseProgram } from "./fields.ts";

/** The record of one attempt: which items have succeeded by its end, in it or before. */
export interface ItemRecord {
  /** The attempt of the workflow's run. */
  readonly attempt: number;
  /** Names the step that has written it. */
  readonly writer: string;
  /** Two steps of the attempt have the same key, so nothing is known of either. */
  readonly isContested: boolean;
  /** The code of what failed the step other than the end of an item: nothing is trusted then. */
  readonly failedBy: string | undefined;
  /** What the items ran in. Undefined: not known, or not one. */
  readonly program: Program | undefined;
  readonly successes: readonly Success[];
}

const FORMAT = 1;
/** The most bytes of a record that are read. An item has 60 at most. */
export const LARGEST_RECORD = 1024 * 1024;

/** The bytes of a record. It has no text of an item, and of one that is not to be trusted only why. */
export function writeRecord({
  attempt,
  writer,
  isContested,
  failedBy,
  program,
  successes,
}: ItemRecord): Uint8Array {
  const rows = successes.map(({ index, seconds, attempts, task, worker, run }) => {
    return [index, Number((seconds ?? 0).toFixed(3)), attempts, task ?? null, worker ?? null, run];
  });
  const distrust = isContested ? { contested: true } : failedBy !== undefined ? { failedBy } : undefined;
  const content = distrust ?? { program: program ?? null, succeeded: rows };
  return Buffer.from(JSON.stringify({ format: FORMAT, attempt, writer, ...content }));
}

/**
 * Reads a record for a list of `total` items; undefined for bytes that are none. Any principal with the right to write to the bucket may have written
 * them.
 */
export function parseRecord(bytes: Uint8Array, total: number): ItemRecord | undefined {
  const value = parseJson(bytes);
  if (!isRecord(value) || value["format"] !== FORMAT) return undefined;
  const { attempt, writer, contested, failedBy, program: given, succeeded } = value;
  if (!isCount(attempt, 1, MOST.runs) || !isName(writer)) return undefined;
  const head = { attempt, writer, isContested: contested === true, failedBy: undefined };
  if (contested === true) return { ...head, program: undefined, successes: [] };
  if (isFailureCode(failedBy)) return { ...head, failedBy, program: undefined, successes: [] };
  const program = given === null ? undefined : parseProgram(given);
  if ((given !== null && program === undefined) || !Array.isArray(succeeded) || succeeded.length > total)
    return undefined;
  const successes = succeeded.map((row: unknown) => parseRow(row, total, attempt));
  const known = successes.filter((one) => one !== undefined);
  const isWhole =
    known.length === succeeded.length && new Set(known.map(({ index }) => index)).size === known.length;
  return isWhole ? { ...head, program, successes: known } : undefined;
}

/** Why nothing of a record can be carried over, as a clause; undefined when nothing speaks against it. */
export function whyDistrusted(record: ItemRecord): string | undefined {
  const { attempt, isContested, failedBy, program, successes } = record;
  if (isContested) return `two steps of attempt ${attempt} had the same script, items and inputs`;
  if (failedBy !== undefined)
    return `attempt ${attempt} failed by '${failedBy}', and not by the end of an item`;
  return program === undefined && successes.length > 0
    ? `attempt ${attempt} ran in different images or task definitions, or in one that is not known`
    : undefined;
}

function parseRow(row: unknown, total: number, attempt: number): Success | undefined {
  if (!Array.isArray(row) || row.length !== 6) return undefined;
  const [index, seconds, attempts, task, worker, run] = row as readonly unknown[];
  if (!isCount(index, 0, total - 1) || !isCount(attempts, 1, MOST.begins) || !isCount(run, 1, attempt))
    return undefined;
  if (!isSeconds(seconds)) return undefined;
  if (task === null && worker === null)
    return { index, seconds, attempts, run, task: undefined, worker: undefined };
  if (!isCount(task, 0, MOST.tasks) || !isCount(worker, 0, MOST.workers)) return undefined;
  return { index, seconds, attempts, run, task, worker };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
