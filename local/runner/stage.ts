import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Console } from "./console.ts";
import type { JobContainer } from "./container.ts";
import { createFileCommands, type CollectedFiles } from "./files.ts";
import type { Masker } from "./masker.ts";
import { runProcess, type Patience, type ProcessRequest } from "./process.ts";

/** One process of an action: its main or its post. */
export interface Stage {
  readonly script: string;
  readonly actionDir: string;
  readonly workspace: string;
  readonly node: string;
  readonly inputs: ReadonlyMap<string, string>;
  /** The variables of the runner and the workflow. */
  readonly env: Readonly<Record<string, string>>;
  /** The state that an earlier stage of the same action saved. */
  readonly state: ReadonlyMap<string, string>;
  /** The directory of the files that the process writes for the runner. */
  readonly commandDir: string;
  readonly masker: Masker;
  readonly onLine: (line: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly patience: Patience;
  /** Writes the runner's own lines before the process starts. */
  readonly preface: (console: Console) => void;
  /** The container of the job. */
  readonly container: JobContainer | undefined;
}

export interface StageResult {
  readonly conclusion: "success" | "failure" | "cancelled";
  readonly exitCode: number;
  readonly console: Console;
  readonly collected: CollectedFiles;
}

/** Runs a stage like `NodeScriptActionHandler.cs`. It fails when its exit code is not 0 or a command can't be carried out. */
export async function runStage(stage: Stage): Promise<StageResult> {
  const script = resolve(stage.actionDir, stage.script);
  if (!existsSync(script))
    throw new Error(`action.yml names ${stage.script}, which is not in ${stage.actionDir}`);
  const console = new Console({
    masker: stage.masker,
    debugging: stage.env["RUNNER_DEBUG"] === "1",
    onLine: stage.onLine,
  });
  const files = await createFileCommands(stage.commandDir, randomUUID());
  stage.preface(console);
  const onHost: ProcessRequest = {
    file: stage.node,
    args: [script],
    cwd: stage.workspace,
    env: {
      ...stage.env,
      ...stateVariables(stage.state),
      ...inputVariables(stage.inputs),
      ...files.environment,
    },
    onLine: (line) => console.receive(line),
    signal: stage.signal,
    patience: stage.patience,
  };
  const exitCode = await runProcess(stage.container?.inside(onHost) ?? onHost);
  // A process that succeeds after the cancel also counts as cancelled.
  const cancelled = stage.signal?.aborted === true;
  const written = await files.collect(console, stage.masker);
  // The older commands for outputs and state still work beside the files.
  const collected: CollectedFiles = {
    ...written,
    outputs: new Map([...console.outputs, ...written.outputs]),
    state: new Map([...console.state, ...written.state]),
  };
  if (cancelled) console.annotate("error", "The operation was canceled.");
  const failed = exitCode !== 0 || console.commandFailed;
  return {
    conclusion: cancelled ? "cancelled" : failed ? "failure" : "success",
    exitCode,
    console,
    collected,
  };
}

function inputVariables(inputs: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    [...inputs].map(([name, value]) => [`INPUT_${name.replaceAll(" ", "_").toUpperCase()}`, value]),
  );
}

function stateVariables(state: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...state].map(([name, value]) => [`STATE_${name}`, value]));
}
