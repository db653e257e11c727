import type { FollowJobOptions } from "./follow-options.ts";

/** When a job is to be detached: some time after it has begun, or at once when the step is to end. */
export class DetachTime {
  readonly #options: Pick<
    FollowJobOptions,
    "clock" | "cancel" | "detachAfter" | "detachNow" | "isEnding" | "folders" | "items"
  >;
  readonly #over: AbortSignal;
  readonly #detach: () => void;
  #hasBegun = false;
  #decide: () => void = () => undefined;
  /** Resolves when it is known for the first time whether S3 works in the container. */
  readonly #decided = new Promise<void>((resolve) => (this.#decide = resolve));

  constructor(
    options: Pick<
      FollowJobOptions,
      "clock" | "cancel" | "detachAfter" | "detachNow" | "isEnding" | "folders" | "items"
    >,
    over: AbortSignal,
    detach: () => void,
  ) {
    this.#options = options;
    this.#over = over;
    this.#detach = detach;
    if (options.folders === undefined) this.#decide();
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The job is there. It is detached only when it is known which carrier works, since another step resumes that one. */
  begin(): void {
    const { clock, detachAfter, detachNow, isEnding, cancel, items } = this.#options;
    this.#hasBegun = true;
    if (detachAfter === undefined) return;
    if (detachNow?.aborted) this.#detach();
    else detachNow?.addEventListener("abort", () => this.#detach(), { once: true, signal: this.#over });
    Promise.all([clock.sleep(detachAfter, this.#over), this.#decided, items?.allGiven]).then(
      () => {
        // A cancel stops the job, so there is nothing to leave.
        if (isEnding?.() !== true && !cancel.aborted) this.#detach();
      },
      () => undefined, // the job is over
    );
  }

  /** It is known whether S3 works in the container. */
  decide(): void {
    this.#decide();
  }
}
