import { systemClock as clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { type InputName, inputNames } from "../../inputs/names.ts";
import { harmlessText } from "../../report/show/sanitise.ts";
import type { RunInputs, RunOptions, RunResult } from "../program/run-options.ts";
import { runOnFargate } from "../run-on-fargate.ts";
import { exitCodeOf, OWN_FAILURE } from "./exit-code.ts";
import { watchFaults } from "./faults.ts";
import { messageWithOptions } from "./lacking-options.ts";
import { checkOutputsFile, writeOutputs } from "./outputs-file.ts";
import { cancelOnSignals } from "./signals.ts";
import { Terminal } from "./terminal.ts";
import { watchWrites } from "./watch-writes.ts";

/** The options that are no inputs. `runFile` and `resume` are of `run` alone. */
export interface OwnOptions {
  readonly runFile?: string;
  readonly resume?: string;
  readonly outputsFile?: string;
  /** The inputs that the command has; all by default. No option gives them. */
  readonly names?: readonly InputName[];
  /** How its help is called when it is not that of `run`. No option gives it. */
  readonly help?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** The command copies, so a terminal shows how many bytes. No option gives it. */
  readonly copies?: boolean;
  /** The outputs that the file gets at the end; all by default, and without one nothing is written. No option gives it. */
  readonly outputs?: readonly string[];
  /** Whether a command has the terminal now. No option gives it. */
  readonly hasCommand?: () => boolean;
}

/** Runs the script of these inputs, and sets the exit code of the process. */
export async function runAndSetExitCode(
  inputs: RunInputs,
  own: OwnOptions,
  more: Pick<RunOptions, "stdin" | "resume"> = {},
): Promise<void> {
  const isAllWritten = watchWrites(process.stdout);
  const result = await carryOut(inputs, own, (given, options) =>
    runOnFargate(given, { ...options, ...more }),
  );
  setExitCode(exitCodeOf(result, await isAllWritten()));
}

/** Sets the exit code of the process. 0 does not replace the code that `carryOut` has set for a failure of its own. */
export function setExitCode(code: number): void {
  if (code !== 0) process.exitCode = code;
}

/** Carries out a command whose messages `log` shows. */
type Engine = (
  inputs: RunInputs,
  options: Required<Pick<RunOptions, "signal">> & RunOptions,
  log: Terminal,
) => Promise<RunResult>;

/**
 * Carries out a command by the engine, shows how it ended, and writes its outputs. Outputs that can't be written are an error, which sets the
 * exit code of the process.
 */
export async function carryOut(inputs: RunInputs, own: OwnOptions, engine: Engine): Promise<RunResult> {
  const { outputsFile, outputs } = own;
  if (outputsFile !== undefined)
    checkOutputsFile(outputsFile, { getsHandle: inputs.detach !== undefined || inputs.handle !== undefined });
  // The lines of a check are its result.
  const log = terminal(own, { lines: inputs.check !== undefined });
  const { stdout, stderr } = inputs.items === undefined ? process : log.above(process);
  const faults = watchFaults(log);
  const signal = AbortSignal.any([cancelOnSignals(() => log.leave(), own.hasCommand), faults.signal]);
  const ended = await engine(inputs, { stdout, stderr, log, signal }, log);
  log.end();
  const result = faults.signal.aborted ? withoutEnd(ended) : ended;
  const { error } = result;
  const { names = inputNames, help } = own;
  if (error !== undefined) {
    log.error({ page: error.page, message: harmlessText(messageWithOptions(error.parts, { names, help })) });
  }
  if (outputsFile === undefined || outputs?.length === 0) return result;
  try {
    writeOutputs(outputsFile, { outputs: outputsOf(result, outputs) });
  } catch (error) {
    const why = `The outputs are lost, because the file of --outputs-file can't be written: ${messageOf(error)}`;
    log.usage(harmlessText(why));
    process.exitCode = OWN_FAILURE;
  }
  return result;
}

function outputsOf(
  { outputs }: RunResult,
  names: readonly string[] = Object.keys(outputs),
): RunResult["outputs"] {
  return Object.fromEntries(names.map((name) => [name, outputs[name] ?? ""]));
}

/** A result after a fault of this program: whatever it says of the script's end, and why, is not to be trusted. The fault was shown. */
function withoutEnd(result: RunResult): RunResult {
  const outputs = { ...result.outputs, outcome: "unknown", "exit-code": "" };
  return { outcome: "unknown", exitCode: undefined, outputs, error: undefined };
}

/** What shows the messages of a command. `lines`: each is a line of its own, also on a terminal. */
export function terminal(
  { quiet = false, verbose = false, copies }: Pick<OwnOptions, "quiet" | "verbose" | "copies">,
  { lines }: { readonly lines: boolean } = { lines: true },
): Terminal {
  const canErase = !lines && process.env["TERM"] !== "dumb";
  return new Terminal({ stream: process.stderr, quiet, verbose, canErase, showsBytes: copies, clock });
}
