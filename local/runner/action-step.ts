import { delimiter, resolve } from "node:path";
import type { Console } from "./console.ts";
import type { CollectedFiles } from "./files.ts";
import { mergeInputs, readManifest, type StrategyContext } from "./manifest.ts";
import { type Patience, runnerPatience } from "./process.ts";
import type { Runner } from "./runner.ts";
import { runStage, type StageResult } from "./stage.ts";

export interface ActionStepRequest {
  /** The directory that has `action.yml` and the bundles that it names. */
  readonly actionDir: string;
  /** The values under `with:`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The values under `env:`. Of this process's own environment only PATH and NODE_COMPILE_CACHE reach the action. */
  readonly env: Readonly<Record<string, string>>;
  readonly workspace: string;
  /** The context `strategy`, of a job in a matrix; empty unless given, as with act. */
  readonly strategy?: StrategyContext | undefined;
  /** The path of Node 24; by default that of the running Node. npm scripts run by this repository's Node. */
  readonly node?: string;
  /** Called with each line of main's and post's log as GitHub would show it. */
  readonly onLine?: (line: string) => void;
  /** The times before a process is killed; tests shorten them. */
  readonly patience?: Patience;
}

/** The two processes of a step that uses a JavaScript action. */
export interface ActionStep {
  /** Runs main. When `signal` aborts, main is interrupted. */
  main(signal?: AbortSignal): Promise<StageResult>;
  /** Runs post with the state that main has saved. Resolves with undefined when the action has no post. */
  post(main: StageResult | undefined): Promise<StageResult | undefined>;
}

const NOTHING: Pick<CollectedFiles, "env" | "path" | "state"> = {
  env: new Map(),
  path: [],
  state: new Map(),
};

/** Reads `action.yml`. Rejects when the action can't be loaded. */
export async function loadStep(runner: Runner, request: ActionStepRequest): Promise<ActionStep> {
  const manifest = await readManifest(request.actionDir);
  const { inputs, unexpected } = mergeInputs(manifest, request.inputs, request.strategy);
  const common = {
    actionDir: resolve(request.actionDir),
    workspace: request.workspace,
    node: request.node ?? process.execPath,
    inputs,
    commandDir: runner.commandDir,
    masker: runner.masker,
    container: runner.container,
    onLine: request.onLine ?? (() => undefined),
    patience: request.patience ?? runnerPatience,
  };
  return {
    main: (signal) =>
      runStage({
        ...common,
        script: manifest.main,
        env: { ...runner.env, ...request.env },
        state: new Map(),
        signal,
        preface: (console) => {
          warnOfUnexpected(console, unexpected, [...manifest.inputs.keys()]);
          printDetails(console, inputs, request.env);
        },
      }),
    post: async (main) => {
      if (manifest.post === undefined) return undefined;
      // The files of a main that was given up were not read.
      const { env, path, state } = main?.collected ?? NOTHING;
      // The last directory added is searched first.
      const searched = [...path].reverse().concat(request.env["PATH"] ?? runner.env["PATH"] ?? "");
      return await runStage({
        ...common,
        script: manifest.post,
        env: {
          ...{ ...runner.env, ...Object.fromEntries(env), ...request.env },
          PATH: searched.join(delimiter),
        },
        state,
        // The job's cancel has no effect on post: post steps with always() run to their end.
        signal: undefined,
        preface: (console) => console.write("Post job cleanup."),
      });
    },
  };
}

function warnOfUnexpected(console: Console, unexpected: readonly string[], valid: readonly string[]): void {
  if (unexpected.length === 0) return;
  const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(", ");
  console.annotate("warning", `Unexpected input(s) ${list(unexpected)}, valid inputs are [${list(valid)}]`);
}

function printDetails(
  console: Console,
  inputs: ReadonlyMap<string, string>,
  env: Readonly<Record<string, string>>,
): void {
  console.write("##[group]Run org/fargate-exec@v1");
  console.write("with:");
  for (const [name, value] of inputs) if (value !== "") console.write(`  ${name}: ${value}`);
  if (Object.keys(env).length > 0) console.write("env:");
  for (const [name, value] of Object.entries(env)) console.write(`  ${name}: ${value}`);
  console.write("##[endgroup]");
}
