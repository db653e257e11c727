import type { Retry } from "./inputs.ts";
import type { InputReader } from "./input-reader.ts";
import { count, list, type ParseResult, quoteValue } from "./parse.ts";

const DEFAULT_ATTEMPTS = 2;
const MOST_ATTEMPTS = 10;

/** Undefined without `retry`: then nothing is run twice. Refuses `retry-attempts` without `retry`. */
export function readRetry(reader: InputReader): Retry | undefined {
  const reasons = reader.optional("retry", retryReasons);
  const attempts = reader.optional("retry-attempts", count(2, MOST_ATTEMPTS));
  if (reader.isGiven("retry-attempts") && !reader.isGiven("retry"))
    reader.refuse(
      "retry-attempts",
      "empty without 'retry'",
      quoteValue(reader.text("retry-attempts")),
      "Name in 'retry' what the script may be run again for, or leave both out.",
    );
  return reasons && { ...reasons, attempts: attempts ?? DEFAULT_ATTEMPTS };
}

const REASONS = ["spot", "infrastructure", "unknown"] as const;

function retryReasons(text: string): ParseResult<Omit<Retry, "attempts">> {
  const items = list(text);
  const isReason = (item: string): boolean => REASONS.some((reason) => reason === item);
  const isCode = (item: string): boolean => /^[1-9]\d{0,2}$/.test(item) && Number(item) <= 255;
  const wrong = items.find((item) => !isReason(item) && !isCode(item));
  if (wrong !== undefined || items.length === 0)
    return {
      must: "reasons to run the script again: spot, infrastructure, unknown, or exit codes from 1 to 255, such as spot,75",
      got: quoteValue(wrong ?? text),
    };
  return {
    value: {
      reasons: REASONS.filter((reason) => items.includes(reason)),
      exitCodes: [...new Set(items.filter(isCode).map(Number))],
    },
  };
}
