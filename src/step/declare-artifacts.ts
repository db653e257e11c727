import { statOf } from "../artifacts/refusal.ts";
import { declaredArtifacts } from "../report/declared-artifacts.ts";
import { decisiveResult, type Result, taskResults } from "../report/result.ts";
import { harmlessLine } from "../show/sanitise.ts";
import type { StepContext } from "../step-context.ts";
import type { Surroundings } from "./surroundings.ts";

/** The most names in a warning. */
const MOST_NAMES = 5;

/** Declares the files among the artifacts of a step whose scripts have succeeded, when `artifacts-declare` asks for it. Never rejects. */
export function declareArtifacts(
  result: Result,
  { inputs, log, cancel }: Pick<StepContext, "inputs" | "log" | "cancel">,
  declare: Surroundings["declare"],
): void {
  if (inputs.artifacts?.declare !== true || cancel.aborted || decisiveResult(result).outcome !== "succeeded")
    return;
  if (declare === undefined) {
    log.warning("No artifact is declared for attestation: this runner offers no GITHUB_ARTIFACTS.");
    return;
  }
  const files = taskResults(result).flatMap(({ task }) => task?.artifacts?.files ?? []);
  // What came later may have taken the place of a file.
  const { lines, leftOut } = declaredArtifacts(files.filter((path) => statOf(path)?.isFile() === true));
  declare(lines);
  log.info(`Declared for attestation: ${lines.length} ${lines.length === 1 ? "file" : "files"}.`);
  if (leftOut.length === 0) return;
  const names = leftOut.slice(0, MOST_NAMES).map((path) => `'${harmlessLine(path, 200)}'`);
  const more = leftOut.length > MOST_NAMES ? ` and ${leftOut.length - MOST_NAMES} more` : "";
  log.warning(
    `Not declared for attestation: ${names.join(", ")}${more}. The runner takes 500 files at most, one of each name, and no '=' in a path.`,
  );
}
