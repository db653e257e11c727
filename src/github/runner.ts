import * as core from "@actions/core";
import { Screen } from "../show/screen.ts";
import { BatchedOutput } from "../show/stdout.ts";
import { redactionPatterns } from "../payload/redaction.ts";
import { explain } from "../report/explain.ts";
import { outputs } from "../report/outputs.ts";
import type { Result } from "../report/result.ts";
import { summary } from "../report/summary.ts";
import { parseState, type SavedState, STATE_KEY } from "../undo/ledger.ts";

const out = new BatchedOutput(process.stdout);

/** The step's screen. Nothing else writes to standard output. */
export const screen = new Screen({
  write: (...pieces) => out.write(...pieces),
  flush: () => out.flush(),
  commands: core,
});

/** Aborted, with the error, when nothing reads what is shown any more. */
export const unread = out.broken;

/** Back-pressure: resolves when the runner has read almost all that was shown. */
export function drained(): Promise<void> {
  return out.drained();
}

/** From now on the runner masks the secrets, in every form that the container redacts. */
export function mask(secrets: Readonly<Record<string, string>>): void {
  screen.mask(...Object.values(secrets), ...redactionPatterns(secrets));
}

export function saveState(state: SavedState): void {
  core.saveState(STATE_KEY, JSON.stringify(state));
}

export function savedState(): SavedState | undefined {
  return parseState(core.getState(STATE_KEY));
}

/** Writes outputs and summary, then ends the step as the run ended, with at most one annotation. */
export async function report(result: Result, withSummary: boolean): Promise<void> {
  screen.close();
  out.flush();
  for (const [name, value] of Object.entries(outputs(result))) core.setOutput(name, value);
  if (withSummary && process.env["GITHUB_STEP_SUMMARY"])
    await core.summary.addRaw(summary(result), true).write();
  const error = explain(result);
  if (error === undefined) return;
  screen.error(error.message, error.title);
  process.exitCode = core.ExitCode.Failure;
}
