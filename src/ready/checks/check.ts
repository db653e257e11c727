import {
  AccessDenied,
  Failure,
  type FailureCode,
  type Reader,
  type WordsForEach,
  wordsFor,
} from "../../errors.ts";

/** The check of one thing that a run needs. SKIP: the caller could not look at it. */
export type Check = { readonly name: string; readonly seen: string } & (
  | { readonly verdict: "OK" | "SKIP" }
  | {
      readonly verdict: "NG";
      /** What to do. */
      readonly fix: string | WordsForEach;
      /** The IAM actions that a policy does not allow, when that is the reason. */
      readonly lacks?: readonly string[];
      /** False when this keeps no agent from taking a session: it shows a fault of another row, or is only good to have. */
      readonly isCause?: false;
    }
);

/** OK when `isGood`, else NG. */
export function check(name: string, isGood: boolean, seen: string, fix: string): Check {
  return isGood ? passedCheck(name, seen) : { name, verdict: "NG", seen, fix };
}

export function passedCheck(name: string, seen: string): Check {
  return { name, verdict: "OK", seen };
}

export function skippedCheck(name: string, seen: string): Check {
  return { name, verdict: "SKIP", seen };
}

/** Like `check`, but SKIP when `known` is undefined: the caller may not read what the check is about. */
export function checkKnown(name: string, known: unknown, isGood: boolean, seen: string, fix: string): Check {
  return known === undefined
    ? skippedCheck(name, "not known: it may not be read")
    : check(name, isGood, seen, fix);
}

/** The same row, which is no reason why an agent takes no session. */
export function noCause(row: Check): Check {
  return row.verdict === "NG" ? { ...row, isCause: false } : row;
}

/** The check as a line of the log, in the words of this reader. */
export function checkLine(row: Check, reader: Reader): string {
  const line = `  ${row.verdict.padEnd(4)}  ${row.name}: ${row.seen}`;
  return row.verdict === "NG" ? `${line.replace(/\.$/, "")}. ${wordsFor(reader, row.fix)}` : line;
}

/** What AWS answered, or why there is no answer. */
export type Look<T> = { readonly value: T } | { readonly failure: Failure };

/** Waits for a look at AWS. Throws for a cancel and for a bug of the action, which are no answers. */
export async function lookAt<T>(look: Promise<T>): Promise<Look<T>> {
  try {
    return { value: await look };
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "cancelled" || error.code === "internal-error")
      throw error;
    return { failure: error };
  }
}

/** Failures of a look that a run may do without. */
const UNANSWERED: ReadonlySet<FailureCode> = new Set([
  "access-denied",
  "aws-unreachable",
  "throttled",
  "aws-error",
]);

/**
 * The check for a look that failed. It is SKIP when the caller has no right to look, or when AWS could not be reached:
 * a run may do without the look. When the look is `required`, and for any other failure, it is NG.
 */
export function unansweredCheck(
  name: string,
  failure: Failure,
  { required = false }: { readonly required?: boolean } = {},
): Check {
  const { code, failed, seen } = failure;
  if (UNANSWERED.has(code) && !required)
    return skippedCheck(name, `not known: ${code === "access-denied" ? failed : seen}`);
  const row = {
    name,
    verdict: "NG",
    seen: `${failed} ${seen}`,
    fix: forEach((reader) => failure.partsFor(reader).advice),
  } as const;
  return failure instanceof AccessDenied ? { ...row, lacks: [failure.action] } : row;
}

/**
 * Adds to the fix of each row that lacks a right: check the name in this input. It does so only when AWS denied `look`, a look at that
 * cluster or bucket: the role may then have its rights on another one.
 */
export function doubtInput(
  input: "cluster" | "bucket",
  look: Look<unknown>,
  rows: readonly Check[],
): readonly Check[] {
  if (!("failure" in look) || look.failure.code !== "access-denied") return rows;
  return rows.map((row) =>
    row.verdict === "NG" && row.lacks?.some((action) => OF_NAMED[input].test(action)) === true
      ? {
          ...row,
          fix: afterDoubt(input, row.fix),
        }
      : row,
  );
}

function afterDoubt(input: "cluster" | "bucket", fix: string | WordsForEach): string | WordsForEach {
  const doubt = `Check the input '${input}': the role may have rights only on another one.`;
  return forEach((reader) => `${doubt} ${wordsFor(reader, fix)}`);
}

/** What `inWordsOf` returns for each reader; one text when both read the same. */
function forEach(inWordsOf: (reader: Reader) => string): string | WordsForEach {
  const [workflow, program] = [inWordsOf("workflow"), inWordsOf("program")];
  return workflow === program ? workflow : { workflow, program };
}

/** The actions that a policy allows for one cluster, or for objects of one bucket. */
const OF_NAMED = { cluster: /^ecs:(?!\w+TaskDefinition)/, bucket: /^s3:/ };
