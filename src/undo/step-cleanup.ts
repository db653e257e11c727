import { cleanUp, type CleanupOptions } from "./cleanup.ts";
import type { Ledger } from "./ledger.ts";

type StepCleanupOptions = Pick<CleanupOptions, "aws" | "clock" | "log">;

/** The cleanup of a step: a first one as soon as the step is cancelled, and the last one when the run is over. */
export class StepCleanup {
  readonly #ledger: Ledger;
  readonly #options: StepCleanupOptions;
  #early: Promise<unknown> | undefined;

  constructor(ledger: Ledger, options: StepCleanupOptions, cancel: AbortSignal) {
    this.#ledger = ledger;
    this.#options = options;
    cancel.addEventListener("abort", () => {
      options.log.info("Cancelled: stopping what this step started.");
      this.#early = this.#cleanUp("fargate-exec: cancelled", true);
    });
  }

  /** Resolves when the cleanup that a cancel began is over. */
  async early(): Promise<void> {
    await this.#early;
  }

  /** What it can't undo stays on record for the post step. */
  async finish(): Promise<void> {
    await this.#cleanUp("fargate-exec: the job has ended", false);
  }

  async #cleanUp(reason: string, early: boolean): Promise<void> {
    await cleanUp(this.#ledger, { ...this.#options, reason, early });
  }
}
