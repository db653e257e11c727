import { cleanUp, isOverdue, type CleanupOptions } from "./cleanup.ts";
import type { Ledger } from "./ledger.ts";

type StepCleanupOptions = Pick<CleanupOptions, "aws" | "clock" | "log">;

/** The cleanups of a step: a first one at a cancel, and the last one after the run. */
export class StepCleanup {
  readonly #ledger: Ledger;
  readonly #options: StepCleanupOptions;
  #early: Promise<unknown> | undefined;

  constructor(ledger: Ledger, options: StepCleanupOptions, cancel: AbortSignal) {
    this.#ledger = ledger;
    this.#options = options;
    cancel.addEventListener("abort", () => {
      options.log.info("Cancelled: stopping what this run started.");
      this.#early = this.#cleanUp("fargate-exec: cancelled", true);
    });
  }

  /** Resolves when the cleanup of a cancel is over, or at once without a cancel. */
  async early(): Promise<void> {
    await this.#early;
  }

  /** The last cleanup. What it can't undo stays in the ledger for the post step. */
  async finish(): Promise<void> {
    await this.#cleanUp("fargate-exec: the job has ended", false);
    const left = this.#ledger.entries.length;
    if (isOverdue(this.#options) && left > 0)
      this.#options.log.info(`This process is ended soon. What is left to undo is undone after it: ${left}.`);
  }

  async #cleanUp(reason: string, early: boolean): Promise<void> {
    await cleanUp(this.#ledger, { ...this.#options, reason, early });
  }
}
