import * as core from "./core.ts";
import { Screen } from "../show/screen.ts";
import { BatchedOutput } from "../show/stdout.ts";
import { redactionPatterns } from "../payload/redaction.ts";
import { makeAnnotation, explain, type ExplainedStep } from "../report/explain.ts";
import { cutOutputs, makeOutputs } from "../report/outputs.ts";
import type { TestResults } from "../junit/test-results.ts";
import type { Result } from "../report/result.ts";
import { scriptSummaries } from "../report/script-summaries.ts";
import { makeSummary } from "../report/summary.ts";
import { testAnnotations } from "../report/test-section.ts";
import type { StepTimes } from "../report/timeline.ts";
import type { ReportedInputs } from "../step/surroundings.ts";
import { docsAddress } from "./docs.ts";
import { workflowRun } from "./workflow.ts";
import { parseState, type SavedPage, type SavedState, stateKey } from "../undo/ledger.ts";

const out = new BatchedOutput(process.stdout);

/** The step's screen. Nothing else writes to standard output. */
export const screen = new Screen({
  write: (...pieces) => out.write(...pieces),
  flush: () => out.flush(),
  commands: core.commands,
  docs: docsAddress(process.env),
});

/** Aborts with the error of a write when nothing reads the step's output any more. */
export const unread = out.broken;

/** Back-pressure: resolves when the runner has read almost all that was shown. */
export function waitUntilDrained(): Promise<void> {
  return out.drained();
}

/** From now on the runner masks the secrets, in every form that the container redacts. */
export function mask(secrets: Readonly<Record<string, string>>): void {
  screen.mask(...Object.values(secrets), ...redactionPatterns(secrets));
}

export function saveState(page: SavedPage): void {
  byFile("GITHUB_STATE", () => core.saveState(stateKey(page), JSON.stringify(page)));
}

export function savedState(): SavedState | undefined {
  return parseState(core.getStates());
}

function explainedStep(inputs: ReportedInputs | undefined): ExplainedStep {
  const { timeout, script } = inputs ?? {};
  return {
    reader: "workflow",
    page: `${docsAddress(process.env)}errors.md`,
    timeout,
    scriptFile: script?.kind === "file" ? script.inWorkspace : undefined,
    selection: inputs,
    run: workflowRun(process.env),
  };
}

/** Calls `write`, which writes to the file that the runner names by this variable. Without a file it writes a command. */
function byFile(variable: string, write: () => void): void {
  if (process.env[variable]) write();
  else screen.command(write);
}

/** Writes outputs and summary. */
export async function report(
  result: Result,
  inputs: ReportedInputs | undefined,
  tests: TestResults | undefined,
): Promise<void> {
  out.flush();
  byFile("GITHUB_OUTPUT", () => {
    for (const [name, value] of Object.entries(makeOutputs(result, tests))) core.setOutput(name, value);
  });
  if (!process.env["GITHUB_STEP_SUMMARY"]) return;
  const own = (inputs?.summary ?? true) ? makeSummary(result, explainedStep(inputs), stepTimes(), tests) : "";
  const text = own + scriptSummaries(result, Buffer.byteLength(own));
  if (text !== "") await core.summary.addRaw(text, true).write();
}

/** The time from the start of this process to now. */
function stepTimes(): StepTimes {
  return { from: performance.timeOrigin, to: Date.now() };
}

const ALL_IN_LOG = "An output holds no more. All that was printed is in this log.";

/** Ends the step. Shows annotations for failed tests, and one for a failure of the run, which is the step's last line and makes it fail. */
export function endStep(
  result: Result,
  inputs: ReportedInputs | undefined,
  tests: TestResults | undefined,
): void {
  screen.phase();
  for (const name of cutOutputs(result))
    screen.fold(`The output '${name}' has the last 1 MiB of what the script printed`, ALL_IN_LOG);
  screen.close();
  for (const { text, ...place } of tests === undefined ? [] : testAnnotations(tests))
    screen.error(text, place);
  out.flush();
  const error = explain(result, { ...explainedStep(inputs), tests });
  if (error === undefined) return;
  screen.error(makeAnnotation(error), { title: error.title, ...error.place });
  process.exitCode = 1;
}
