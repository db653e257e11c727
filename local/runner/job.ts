import { loadStep, type ActionStep } from "./action-step.ts";
import { BackgroundSteps, type Conclusion, worst } from "./background.ts";
import { runnerPatience } from "./process.ts";
import { type Runner, type RunnerRequest, withRunner } from "./runner.ts";
import type { StageResult } from "./stage.ts";
import { stepResult, type StepRequest, type StepResult } from "./step.ts";

/** What a step sees of the steps before it: `steps.<id>.outputs`. */
export type StepsContext = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** A step that uses the action. Its inputs may name outputs of steps before it. */
export interface UsesStep {
  readonly id: string;
  readonly inputs: StepRequest["inputs"] | ((steps: StepsContext) => StepRequest["inputs"]);
  readonly env?: StepRequest["env"];
  readonly background?: boolean;
  readonly onLine?: (line: string) => void;
}

/** A step of a job: it uses the action, controls other steps, or runs code of the test. */
export type JobStep =
  | UsesStep
  | { readonly parallel: readonly UsesStep[] }
  | { readonly wait: readonly string[] }
  | { readonly waitAll: true }
  | { readonly cancel: readonly string[] }
  | { readonly run: (steps: StepsContext) => void | Promise<void> };

export interface JobRequest extends RunnerRequest, Pick<StepRequest, "node" | "patience" | "signal"> {
  readonly steps: readonly JobStep[];
  /** The variables of all steps. */
  readonly env: StepRequest["env"];
}

export interface JobResult {
  readonly conclusion: Conclusion;
  /** The steps that used the action, by their ids, including those that were given up. */
  readonly steps: ReadonlyMap<string, StepOfJob>;
}

export interface StepOfJob {
  readonly conclusion: Conclusion;
  /** Undefined when its main has never run. */
  readonly result: StepResult | undefined;
}

interface StartedStep {
  readonly id: string;
  readonly step: ActionStep;
  main: StageResult | undefined;
}

/**
 * Runs the steps of a job in order, with the background steps beside them. Then it runs the post steps, the last one first
 * (`StepsRunner.cs`). After a failure only steps that control others still run, since their condition is always().
 */
export async function runJob(request: JobRequest): Promise<JobResult> {
  return await withRunner(request, (runner) => new Job(runner, request).run());
}

class Job {
  readonly #runner: Runner;
  readonly #request: JobRequest;
  readonly #visible = new Map<string, Readonly<Record<string, string>>>();
  readonly #conclusions = new Map<string, Conclusion>();
  readonly #started: StartedStep[] = [];
  readonly #background: BackgroundSteps;
  #conclusion: Conclusion = "success";

  constructor(runner: Runner, request: JobRequest) {
    this.#runner = runner;
    this.#request = request;
    const grace = request.patience?.interrupt ?? runnerPatience.interrupt;
    this.#background = new BackgroundSteps(grace, (id, main, conclusion) =>
      this.#appear(id, main, conclusion),
    );
  }

  async run(): Promise<JobResult> {
    const { signal } = this.#request;
    for (const step of this.#request.steps) this.#merge(await this.#control(step));
    this.#merge(await this.#background.drain(signal));
    const posts = new Map<string, StageResult | undefined>();
    for (const { id, step, main } of [...this.#started].reverse()) posts.set(id, await step.post(main));
    await this.#background.ended();
    const steps = this.#started.map(({ id, main }): [string, StepOfJob] => [
      id,
      { conclusion: this.#conclusions.get(id) ?? "skipped", result: main && stepResult(main, posts.get(id)) },
    ]);
    return { conclusion: this.#conclusion, steps: new Map(steps) };
  }

  async #control(step: JobStep): Promise<Conclusion> {
    const { signal } = this.#request;
    if ("wait" in step) return await this.#background.wait(step.wait, signal);
    if ("waitAll" in step) return await this.#background.wait(undefined, signal);
    if ("cancel" in step) {
      await this.#background.cancel(step.cancel);
      return "success";
    }
    if (this.#conclusion !== "success" || signal?.aborted === true) return "skipped";
    if ("run" in step) {
      await step.run(this.#visible);
      return "success";
    }
    if (!("parallel" in step)) return await this.#uses(step);
    for (const one of step.parallel) await this.#uses({ ...one, background: true });
    return await this.#background.wait(
      step.parallel.map(({ id }) => id),
      signal,
    );
  }

  async #uses({ id, inputs, env = {}, background = false, onLine }: UsesStep): Promise<Conclusion> {
    const { actionDir, workspace, node, patience, signal } = this.#request;
    const step = await loadStep(this.#runner, {
      ...{ actionDir, workspace },
      ...(node === undefined ? {} : { node }),
      ...(patience === undefined ? {} : { patience }),
      ...(onLine === undefined ? {} : { onLine }),
      inputs: typeof inputs === "function" ? inputs(this.#visible) : inputs,
      env: { ...this.#request.env, GITHUB_ACTION: id, ...env },
    });
    const started: StartedStep = { id, step, main: undefined };
    const main = async (cancel?: AbortSignal): Promise<StageResult> => {
      this.#started.push(started);
      return (started.main = await step.main(cancel));
    };
    if (background) {
      this.#background.start(id, signal, main);
      return "success";
    }
    const ended = await main(signal);
    this.#appear(id, ended, ended.conclusion);
    return ended.conclusion;
  }

  #appear(id: string, main: StageResult | undefined, conclusion: Conclusion): void {
    this.#visible.set(id, Object.fromEntries(main?.collected.outputs ?? []));
    this.#conclusions.set(id, conclusion);
  }

  #merge(conclusion: Conclusion): void {
    this.#conclusion = worst([this.#conclusion, conclusion]);
  }
}
