import type { StageResult } from "./stage.ts";

export type Conclusion = StageResult["conclusion"] | "skipped";

/** How many background steps run at once (`DefaultMaxBackgroundSteps`). */
const SLOTS = 10;

interface BackgroundStep {
  readonly cancel: AbortController;
  /** Settles when its process has ended. */
  ended: Promise<void>;
  isOver: boolean;
  /** Undefined until it has ended or was given up. */
  conclusion: Conclusion | undefined;
  main: StageResult | undefined;
}

/**
 * The background steps of a job, by the rules of `BackgroundStepCoordinator.cs` in github.com/actions/runner. Ten run at once.
 * Other steps see a step's outputs once it was waited for or cancelled. A cancel interrupts a step's process, waits for the grace
 * period and then gives the process up. A step that a `cancel` names does not fail the job by being cancelled.
 */
export class BackgroundSteps {
  readonly #steps = new Map<string, BackgroundStep>();
  readonly #completed = new Set<string>();
  readonly #cancelled = new Set<string>();
  readonly #grace: number;
  readonly #appear: (id: string, main: StageResult | undefined, conclusion: Conclusion) => void;
  readonly #waiting: (() => void)[] = [];
  #free = SLOTS;

  /** `grace` is in milliseconds. `appear` is called when other steps may see a step's outputs. */
  constructor(
    grace: number,
    appear: (id: string, main: StageResult | undefined, conclusion: Conclusion) => void,
  ) {
    this.#grace = grace;
    this.#appear = appear;
  }

  /** Queues a step. Does not wait for it. */
  start(id: string, job: AbortSignal | undefined, main: (cancel: AbortSignal) => Promise<StageResult>): void {
    const cancel = new AbortController();
    const signal = job === undefined ? cancel.signal : AbortSignal.any([job, cancel.signal]);
    const step: BackgroundStep = {
      ...{ cancel, ended: Promise.resolve(), isOver: false },
      ...{ conclusion: undefined, main: undefined },
    };
    const work = async (): Promise<void> => {
      step.main = await main(signal);
    };
    step.ended = this.#inSlot(signal, work).finally(() => {
      step.isOver = true;
      step.conclusion ??= step.main?.conclusion ?? "cancelled";
    });
    // The call that waits for the step gets the error.
    step.ended.catch(() => undefined);
    this.#steps.set(id, step);
  }

  /** Waits for these steps; without ids, for all that were not waited for yet. Resolves with the worst of their conclusions. */
  async wait(ids: readonly string[] = this.#open(), job?: AbortSignal): Promise<Conclusion> {
    const steps = this.#of(ids);
    const ended = Promise.all(steps.map((step) => step.ended));
    const cancelled = job !== undefined && (await Promise.race([ended.then(() => false), waitForAbort(job)]));
    if (cancelled) await this.#endWithin(steps);
    else await ended;
    return this.#complete(ids);
  }

  /** Cancels steps. It never fails, however the steps end. */
  async cancel(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#cancelled.add(id);
    await this.#endWithin(this.#of(ids));
    this.#complete(ids);
  }

  /** Called before the post steps: waits for all steps that were not waited for yet. Resolves with their conclusion for the job. */
  async drain(job?: AbortSignal): Promise<Conclusion> {
    await this.wait(this.#open(), job);
    const counted = [...this.#steps].filter(
      ([id, { conclusion }]) => !(this.#cancelled.has(id) && conclusion === "cancelled"),
    );
    return worst(counted.map(([, { conclusion }]) => conclusion));
  }

  /** Resolves when the processes of all steps have ended, including those that were given up. */
  async ended(): Promise<void> {
    await Promise.all([...this.#steps.values()].map((step) => step.ended));
  }

  #open(): readonly string[] {
    return [...this.#steps.keys()].filter((id) => !this.#completed.has(id));
  }

  #of(ids: readonly string[]): readonly BackgroundStep[] {
    return ids.flatMap((id) => this.#steps.get(id) ?? []);
  }

  async #endWithin(steps: readonly BackgroundStep[]): Promise<void> {
    const running = steps.filter(({ isOver }) => !isOver);
    for (const { cancel } of running) cancel.abort();
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.#grace)));
    await Promise.race([
      Promise.all(running.map(({ ended }) => ended)),
      running.length > 0 ? grace : undefined,
    ]);
    clearTimeout(timer);
    for (const step of running) step.conclusion ??= "cancelled";
  }

  #complete(ids: readonly string[]): Conclusion {
    for (const id of ids) {
      const step = this.#steps.get(id);
      if (step === undefined || this.#completed.has(id)) continue;
      this.#completed.add(id);
      this.#appear(id, step.main, step.conclusion ?? "cancelled");
    }
    return worst(this.#of(ids).map(({ conclusion }) => conclusion));
  }

  async #inSlot(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else
      await Promise.race([new Promise<void>((resolve) => this.#waiting.push(resolve)), waitForAbort(signal)]);
    try {
      if (!signal.aborted) await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

/** True once the signal is aborted. */
function waitForAbort(signal: AbortSignal): Promise<true> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(true);
    signal.addEventListener("abort", () => resolve(true), { once: true });
  });
}

/** The worst of several conclusions. As in `TaskResultUtil.MergeTaskResults`, cancelled is worse than failed. */
export function worst(conclusions: readonly (Conclusion | undefined)[]): Conclusion {
  return (["cancelled", "failure"] as const).find((one) => conclusions.includes(one)) ?? "success";
}
