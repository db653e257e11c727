import { type ActionStepRequest, loadStep } from "./action-step.ts";
import type { Annotation } from "./console.ts";
import type { StageResult } from "./stage.ts";
import { withRunner } from "./runner.ts";

export interface StepRequest extends ActionStepRequest {
  /** Values of the repository's secrets, which GitHub masks from the start. */
  readonly secrets?: readonly string[];
  /** Cancels the job when it aborts, like the button on GitHub: main is interrupted, post still runs. */
  readonly signal?: AbortSignal;
  /** Whether the job has a `container:`; needs root and podman. */
  readonly container?: boolean;
  /** Called between main and post, with main's outputs. */
  readonly beforePost?: (outputs: StepResult["outputs"]) => void | Promise<void>;
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
 * (github.com/actions/runner, `src/Runner.Worker`). Rejects only when the action itself can't be loaded; a failed step has a
 * result, too. Leaves no files behind.
 */
export async function runStep(request: StepRequest): Promise<StepResult> {
  return await withRunner(request, async (runner) => {
    const step = await loadStep(runner, request);
    const main = await step.main(request.signal);
    await request.beforePost?.(Object.fromEntries(main.collected.outputs));
    return stepResult(main, await step.post(main));
  });
}

/** The result of a step, from the results of its main and its post. */
export function stepResult(main: StageResult, post: StageResult | undefined): StepResult {
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
