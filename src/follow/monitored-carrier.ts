import type { Failure } from "../errors.ts";
import type { Session } from "../session/session.ts";
import { PieceFollower } from "./follow-pieces.ts";
import type { JobEnd } from "./job-end.ts";
import { lookAtTask, monitorTask, type TaskMonitorOptions } from "./task-monitor.ts";

/** The time for the last output of a task that has ended. */
const LAST_WORDS_MS = 1_000;

/** What brings the output: a session, or pieces in S3. */
export type Carrier = Pick<Session, "close"> | PieceFollower;

/** Holds the carrier that brings a job's output now. Closes it soon after the container has ended, and when the job's time is over. */
export class MonitoredCarrier {
  readonly #monitoring: TaskMonitorOptions;
  #current: Carrier | undefined;
  /** Why the container has ended, once that is known. */
  #gone: Failure | undefined;

  constructor(monitoring: TaskMonitorOptions) {
    this.#monitoring = monitoring;
  }

  /** From now on this carrier brings the output. */
  use(carrier: Carrier): void {
    this.#current = carrier;
  }

  get isByPieces(): boolean {
    return this.#current instanceof PieceFollower;
  }

  /** Why the container has ended, as far as that is known yet. */
  get gone(): Failure | undefined {
    return this.#gone;
  }

  /** The job's end when its container is known to have ended. */
  get endOfTask(): JobEnd | undefined {
    return this.#gone && { kind: "impossible", failure: this.#gone };
  }

  /** Looks at the task once. Resolves with the job's end when the container has ended. */
  async look(): Promise<JobEnd | undefined> {
    const look = await lookAtTask(this.#monitoring);
    if (look.kind === "gone") this.#gone ??= look.failure;
    return this.endOfTask;
  }

  /** Monitors the task, and closes the carrier after `longest` milliseconds at the latest. */
  monitor(longest: number): void {
    monitorTask(this.#monitoring)
      .then(async (failure) => {
        this.#gone = failure;
        if (this.#current instanceof PieceFollower) this.#current.finish();
        else await this.#closeAfter(LAST_WORDS_MS);
      })
      .catch(() => undefined); // the job is over
    this.#closeAfter(longest).catch(() => undefined); // the job ended in time
  }

  async #closeAfter(ms: number): Promise<void> {
    const { clock, signal } = this.#monitoring;
    await clock.sleep(Math.max(0, ms), signal);
    await this.#current?.close();
  }
}
