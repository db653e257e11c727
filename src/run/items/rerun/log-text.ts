import { isRecord } from "../../../values.ts";
import type { EarlierRun, Program, Success } from "./earlier-runs.ts";
import { isCount, isFailureCode, isName, isSeconds, MOST, parseProgram } from "./fields.ts";

/** A run as an item log has it. */
export interface LoggedRun extends EarlierRun {
  readonly key: string;
  readonly total: number;
  /** The code of what failed the run other than the end of an item. */
  readonly failedBy: string | undefined;
}

const NAME = "item log";
const FORMAT = 1;

/** The line with which a run begins. */
export function headLine(key: string, total: number, now: number): string {
  return JSON.stringify({ "fargate-exec": NAME, format: FORMAT, key, items: total, began: new Date(now) });
}

/** The line that says what the items of a run run in. */
export function programLine({ definition, image }: Program): string {
  return JSON.stringify({ definition, image });
}

/** The line that says that the run failed by something else than the end of an item. */
export function failureLine(failedBy: string): string {
  return JSON.stringify({ failedBy });
}

interface OpenRun {
  readonly number: number;
  readonly key: string;
  readonly total: number;
  readonly programs: Program[];
  failedBy: string | undefined;
  readonly ended: Map<number, Success | undefined>;
}

/**
 * The runs of a log, oldest first; or the number of the first line that is none of a log. Each line is an object of JSON: the head of a run, what its
 * items run in, the end of an item as the output `results` has it, or what else has failed the run.
 */
export function parseItemLog(text: string): readonly LoggedRun[] | { readonly wrongLine: number } {
  const runs: OpenRun[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    if (line !== "" && !readLine(line, runs)) return { wrongLine: at + 1 };
  }
  return runs.map(({ programs, ...run }) => ({
    ...run,
    program: programs.length === 1 ? programs[0] : undefined,
  }));
}

/** Adds what the line says to the runs. False when it is none of a log. */
function readLine(line: string, runs: OpenRun[]): boolean {
  const value = parseJson(line);
  if (!isRecord(value)) return false;
  const run = runs.at(-1);
  const { key, items: total, index, outcome, failedBy } = value;
  if (value["fargate-exec"] === NAME) {
    if (value["format"] !== FORMAT || !isName(key) || !isCount(total, 1, MOST.items)) return false;
    runs.push({ number: runs.length + 1, key, total, programs: [], failedBy: undefined, ended: new Map() });
    return true;
  }
  if (run === undefined) return false;
  const program = parseProgram(value);
  if (program !== undefined) return run.programs.push(program) > 0;
  if (isFailureCode(failedBy)) {
    run.failedBy = failedBy;
    return true;
  }
  if (!isCount(index, 0, run.total - 1) || typeof outcome !== "string") return false;
  const success = outcome === "succeeded" ? parseSuccess(value, index, run.number) : undefined;
  if (outcome === "succeeded" && success === undefined) return false;
  run.ended.set(index, success);
  return true;
}

function parseSuccess(value: Record<string, unknown>, index: number, run: number): Success | undefined {
  const { exitCode, seconds, attempts, task, worker } = value;
  const isEnd = exitCode === 0 && isCount(attempts, 1, MOST.begins) && isSeconds(seconds);
  if (!isEnd || !isCount(task, 0, MOST.tasks) || !isCount(worker, 0, MOST.workers)) return undefined;
  return { index, seconds, attempts, task, worker, run };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
