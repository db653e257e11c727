import { isRecord } from "../values.ts";
import type { MatrixJob } from "./inputs.ts";
import { type ParseResult, quoteValue } from "./parse.ts";

/** GitHub starts 256 jobs of a matrix at most. Other programs that run actions may start more. */
const MOST_JOBS = 10_000;

/**
 * The step's job of its matrix, from GitHub's context `strategy` as JSON. GitHub sets `max-parallel` to the number of jobs when the workflow
 * leaves it out (actions/runner: WorkflowTemplateConverter.cs). Undefined for a context without the two numbers: act's has
 * `fail-fast` and `max-parallel` alone, in a job with a matrix, and nothing in another one.
 */
export function matrixJob(text: string): ParseResult<MatrixJob | undefined> {
  const strategy = parsed(text);
  if (strategy === null) return { value: undefined };
  if (isRecord(strategy)) {
    const { "job-index": index, "job-total": total, "max-parallel": most = total } = strategy;
    if (index === undefined || total === undefined) return { value: undefined };
    if (isCount(total, 1, MOST_JOBS) && isCount(index, 0, total - 1) && isCount(most, 1, Infinity))
      return { value: { index, total, atOnce: Math.min(total, most) } };
  }
  return {
    must: `an object of JSON with the numbers 'job-total', from 1 to ${MOST_JOBS}, 'job-index', from 0 on and below it, and 'max-parallel', from 1 on`,
    got: quoteValue(text),
    advice: {
      workflow: "Leave the input out: its default is what GitHub says.",
      program: "Leave it out: the default is a run that is alone.",
    },
  };
}

/** Undefined for what is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}
