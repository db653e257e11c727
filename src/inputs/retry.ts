import type { Inputs, Retry } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { hasItems } from "./items.ts";
import { count, list, type ParseResult, quoteValue } from "./parse.ts";

const DEFAULT_ATTEMPTS = 2;
const MOST_ATTEMPTS = 10;

const REASONS = ["spot", "infrastructure", "unknown"] as const;
/** Starts no other attempt of the job. When the workflow is run again, only items that have not succeeded run. */
const RERUN = "rerun";

/**
 * `retry` is undefined without a reason to run the script again: then nothing is run twice. Refuses `retry-attempts` without such a reason, and
 * `rerun` where nothing could be kept of an earlier run: without items or a bucket, or outside a workflow.
 */
export function readRetry(reader: InputReader): Pick<Inputs, "retry" | "rerun"> {
  const given = reader.optional("retry", retryReasons);
  const attempts = reader.optional("retry-attempts", count(2, MOST_ATTEMPTS));
  const hasReason = given !== undefined && given.reasons.length + given.exitCodes.length > 0;
  if (reader.isGiven("retry-attempts") && !hasReason && !isWrong(reader, given))
    reader.refuse(
      "retry-attempts",
      reader.isGiven("retry") ? "empty with 'retry: rerun' alone" : "empty without 'retry'",
      quoteValue(reader.text("retry-attempts")),
      "Name in 'retry' what the script may be run again for, or leave both out.",
    );
  if (given?.rerun === true) refuseRerun(reader);
  return {
    retry: hasReason
      ? { reasons: given.reasons, exitCodes: given.exitCodes, attempts: attempts ?? DEFAULT_ATTEMPTS }
      : undefined,
    ...(given?.rerun === true && { rerun: true }),
  };
}

/** The value was refused already. */
function isWrong(reader: InputReader, given: unknown): boolean {
  return reader.isGiven("retry") && given === undefined;
}

function refuseRerun(reader: InputReader): void {
  const got = quoteValue(reader.text("retry"));
  if (!hasItems(reader))
    reader.refuse(
      "retry",
      "without rerun unless 'items' is given",
      got,
      "It runs again only the items that failed.",
    );
  if (!reader.isGiven("bucket"))
    reader.refuse(
      "bucket",
      "given with 'retry: rerun'",
      "nothing",
      "The bucket keeps which items have succeeded, for the next attempt of the run.",
    );
  if (!reader.source.env["GITHUB_RUN_ID"])
    reader.refuse("retry", "without rerun for a run that has no attempts", got, {
      workflow: "GitHub's runner sets GITHUB_RUN_ID, by which an earlier attempt is found.",
      program: "On the command line '--resume FILE' does this: it keeps the ends of items in a file.",
    });
}

interface Reasons extends Pick<Retry, "reasons" | "exitCodes"> {
  readonly rerun: boolean;
}

function retryReasons(text: string): ParseResult<Reasons> {
  const items = list(text);
  const isReason = (item: string): boolean => [...REASONS, RERUN].some((reason) => reason === item);
  const isCode = (item: string): boolean => /^[1-9]\d{0,2}$/.test(item) && Number(item) <= 255;
  const wrong = items.find((item) => !isReason(item) && !isCode(item));
  if (wrong !== undefined || items.length === 0)
    return {
      must: "reasons to run the script again: spot, infrastructure, unknown, exit codes from 1 to 255, such as spot,75, or with 'items' rerun",
      got: quoteValue(wrong ?? text),
    };
  return {
    value: {
      reasons: REASONS.filter((reason) => items.includes(reason)),
      exitCodes: [...new Set(items.filter(isCode).map(Number))],
      rerun: items.includes(RERUN),
    },
  };
}
