import { run } from "../main.ts";
import type { ForwardInputs, RunInputs, RunOptions, RunResult } from "./program/run-options.ts";
import { programSurroundings } from "./program/surroundings.ts";
import { type ForwardRun, runForward } from "../run/run-forward.ts";
import { runShell, type ShellRun } from "../run/run-shell.ts";
import { showUploaded } from "../run/show-uploaded.ts";
import type { Surroundings } from "../run/step/surroundings.ts";
import { undoRest } from "../undo/undo-rest.ts";

/**
 * Runs a script in a container on Fargate, as the action does with the same inputs. Resolves when the script has ended and
 * everything that the run has made is undone. Never rejects: a wrong input or a failure is a result, too.
 *
 * @example
 * const { outcome, exitCode } = await runOnFargate(
 *   { cluster: "prod", service: "web", run: "python manage.py migrate", region: "eu-west-1" },
 *   { stdout: process.stdout, stderr: process.stderr },
 * );
 */
export async function runOnFargate(inputs: RunInputs, options: RunOptions = {}): Promise<RunResult> {
  return await carryOut(run, inputs, options);
}

/** Forwards ports of this machine into a task, as `runOnFargate` runs a script there. The exit code is that of `during`. */
export async function forwardOnFargate(
  forward: ForwardRun,
  inputs: RunInputs & ForwardInputs,
  options: RunOptions = {},
): Promise<RunResult> {
  return await carryOut((surroundings) => runForward(forward, surroundings), inputs, options);
}

/** Opens a shell in a task, as `runOnFargate` runs a script there. The exit code is that of the shell. */
export async function shellOnFargate(
  shell: ShellRun,
  inputs: RunInputs,
  options: RunOptions = {},
): Promise<RunResult> {
  return await carryOut((surroundings) => runShell(shell, surroundings), inputs, options);
}

async function carryOut(
  step: (surroundings: Surroundings) => Promise<unknown>,
  inputs: RunInputs & Partial<ForwardInputs>,
  options: RunOptions,
): Promise<RunResult> {
  const surroundings = programSurroundings(inputs, options);
  const { saved, saveState, idToken, world, display: log } = surroundings;
  await step(surroundings);
  const state = saved();
  // A step of the action leaves this to its post step. A program has none.
  if (state !== undefined && state.undo.length > 0) await undoRest(state, { idToken, saveState, world, log });
  return surroundings.result();
}

/**
 * Shows the output of the job of the input `handle`, as far as its container has uploaded it to the bucket. Does not follow the job, and
 * changes nothing. The result is the script's end when that was uploaded, too, else `detached`. Never rejects.
 */
export async function showOnFargate(inputs: RunInputs, options: RunOptions = {}): Promise<RunResult> {
  const surroundings = programSurroundings(inputs, options);
  await showUploaded(surroundings);
  return surroundings.result();
}
