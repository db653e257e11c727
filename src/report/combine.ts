import { STDOUT_LIMIT } from "../show/printer.ts";
import { Tail } from "../show/tail.ts";
import type { Result } from "./result.ts";

/**
 * One result for the job in several tasks. It is that of the first task in which the job did not succeed, else of the
 * first task; the workers are those of all, in the order of the tasks.
 */
export function combined(results: readonly Result[]): Result {
  const decisive = results.find(({ outcome }) => outcome !== "succeeded") ?? results[0];
  if (decisive === undefined) throw new Error("there is no task without a result");
  return {
    ...decisive,
    workers: results.flatMap(({ workers }) => workers),
    stdout: joined(results.map(({ stdout }) => stdout)),
    tasks: results,
  };
}

/** One after the other; the last of it where it is too long for an output. */
function joined(texts: readonly string[]): string {
  const tail = new Tail(STDOUT_LIMIT);
  tail.push(Buffer.from(texts.filter((text) => text !== "").join("\n")));
  return tail.toString();
}
