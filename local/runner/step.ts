import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import type { Annotation, Console } from "./console.ts";
import { runnerEnvironment } from "./environment.ts";
import { mergeInputs, readManifest } from "./manifest.ts";
import { Masker } from "./masker.ts";
import { runnerPatience, type Patience } from "./process.ts";
import { runStage, type StageResult } from "./stage.ts";

export interface StepRequest {
  /** Holds `action.yml` and the bundles that it names. */
  readonly actionDir: string;
  /** As under `with:`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** As under `env:`. Nothing else of this process's environment reaches the action but PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly workspace: string;
  /** Values of the repository's secrets, which GitHub masks from the start. */
  readonly secrets?: readonly string[];
  /** The path of Node 24; by default that of the running Node, which for npm scripts is this repository's. */
  readonly node?: string;
  /** Called with each line of the log as GitHub would show it, of main and of post. */
  readonly onLine?: (line: string) => void;
  /** Aborted to cancel the job, as by the button on GitHub: main is interrupted, post still runs. */
  readonly signal?: AbortSignal;
  /** Called between main and post. */
  readonly beforePost?: () => void | Promise<void>;
  /** The times before a process is killed; tests shorten them. */
  readonly patience?: Patience;
}

export interface StepResult {
  readonly conclusion: "success" | "failure" | "cancelled";
  readonly exitCode: number;
  /** The log as GitHub would show it. */
  readonly log: readonly string[];
  /** The same lines before masking. */
  readonly rawLog: readonly string[];
  readonly outputs: Readonly<Record<string, string>>;
  /** Markdown of main and post. */
  readonly summary: string;
  readonly annotations: readonly Annotation[];
  /** Requests for problem matchers in main's output. */
  readonly matchers: readonly string[];
  /** Whether main's output had a command that could not be carried out. */
  readonly commandFailed: boolean;
  /** The state that main saved for post. */
  readonly state: Readonly<Record<string, string>>;
  /** Undefined when the action has no post. */
  readonly post: PostResult | undefined;
}

export interface PostResult {
  readonly conclusion: "success" | "failure";
  readonly exitCode: number;
  readonly log: readonly string[];
  readonly rawLog: readonly string[];
  readonly annotations: readonly Annotation[];
}

/**
 * Runs one step that uses a JavaScript action, main and post, by the rules of the GitHub runner
 * (github.com/actions/runner, `src/Runner.Worker`). Rejects when the action itself can't be loaded; the
 * result of a failed step is a value. Leaves no files behind.
 */
export async function runStep(request: StepRequest): Promise<StepResult> {
  const manifest = await readManifest(request.actionDir);
  const { inputs, unexpected } = mergeInputs(manifest, request.inputs);
  const root = await mkdtemp(join(tmpdir(), "runner-"));
  try {
    const base = await layOut(root, request);
    const masker = new Masker();
    request.secrets?.forEach((secret) => masker.addMask(secret));
    const common = {
      actionDir: resolve(request.actionDir),
      workspace: request.workspace,
      node: request.node ?? process.execPath,
      inputs,
      commandDir: join(root, "_temp", "_runner_file_commands"),
      masker,
      onLine: request.onLine ?? (() => undefined),
      patience: request.patience ?? runnerPatience,
    };

    const main = await runStage({
      ...common,
      script: manifest.main,
      env: { ...base, ...request.env },
      state: new Map(),
      signal: request.signal,
      preface: (console) => {
        warnOfUnexpected(console, unexpected, [...manifest.inputs.keys()]);
        printDetails(console, inputs, request.env);
      },
    });
    await request.beforePost?.();
    if (manifest.post === undefined) return stepResult(main, undefined);

    const { env, path, state } = main.collected;
    // The last directory added is searched first.
    const searched = [...path].reverse().concat(request.env["PATH"] ?? base["PATH"] ?? "");
    const post = await runStage({
      ...common,
      script: manifest.post,
      env: { ...base, ...Object.fromEntries(env), ...request.env, PATH: searched.join(delimiter) },
      state,
      // The job's cancel has no effect on post: post steps with always() run to their end.
      signal: undefined,
      preface: (console) => console.write("Post job cleanup."),
    });
    return stepResult(main, post);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Makes the directories of a runner below `root`, and the variables that name them. */
async function layOut(root: string, request: StepRequest): Promise<Record<string, string>> {
  const temp = join(root, "_temp");
  const home = join(root, "home");
  const eventPath = join(temp, "_github_workflow", "event.json");
  await mkdir(home);
  await mkdir(join(temp, "_runner_file_commands"), { recursive: true });
  await mkdir(join(temp, "_github_workflow"));
  await writeFile(
    eventPath,
    JSON.stringify({ ref: "refs/heads/main", repository: { full_name: "example-org/shop" } }),
  );
  return runnerEnvironment({
    temp,
    home,
    eventPath,
    workspace: request.workspace,
    actionDir: resolve(request.actionDir),
  });
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

function stepResult(main: StageResult, post: StageResult | undefined): StepResult {
  const { log, rawLog, annotations } = main.console;
  return {
    conclusion: main.conclusion,
    exitCode: main.exitCode,
    log,
    rawLog,
    annotations,
    matchers: main.console.matchers,
    commandFailed: main.console.commandFailed,
    outputs: Object.fromEntries(main.collected.outputs),
    summary: main.collected.summary + (post?.collected.summary ?? ""),
    state: Object.fromEntries(main.collected.state),
    post: post && {
      conclusion: post.conclusion === "success" ? "success" : "failure",
      exitCode: post.exitCode,
      log: post.console.log,
      rawLog: post.console.rawLog,
      annotations: post.console.annotations,
    },
  };
}
