import { type Aws, awsCalls } from "../aws/calls.ts";
import type { AwsOptions } from "../aws/clients.ts";
import type { Clock } from "../clock.ts";
import { afterGrace, begunInTime } from "./grace.ts";

export interface StepAwsOptions extends Pick<AwsOptions, "region" | "credentials" | "throttledFor"> {
  readonly cancel: AbortSignal;
  readonly clock: Clock;
}

/** AWS as a step calls it: once for the run, which a cancel ends, and once for what carries the cancel out. */
export class StepAws {
  /**
   * Obeys the cancel. A call that makes something, and is under way then, has a moment left to say what it has made;
   * after the cancel no such call is begun.
   */
  readonly run: Aws;
  /** Does not obey the cancel. */
  readonly undoing: Aws;
  readonly #making: Aws;
  readonly #over = new AbortController();

  constructor({ cancel, clock, ...options }: StepAwsOptions) {
    const { region, credentials } = options;
    this.undoing = awsCalls({ region, credentials });
    this.#making = awsCalls({ ...options, signal: afterGrace(cancel, clock, this.#over.signal) });
    const calls = awsCalls({ ...options, signal: cancel });
    const begun = begunInTime(this.#making, cancel);
    this.run = { ...calls, ecs: { ...calls.ecs, ...begun.ecs }, s3: { ...calls.s3, ...begun.s3 } };
  }

  /** The run is over: from now on there is only to undo. */
  endRun(): void {
    for (const { clients } of [this.run, this.#making]) clients.destroy();
    this.#over.abort();
  }

  close(): void {
    this.undoing.clients.destroy();
  }
}
