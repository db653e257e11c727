import type { Failure } from "../errors.ts";
import type { FollowJobOptions } from "./follow-options.ts";
import type { JobEnd } from "./job-end.ts";
import type { StepEvent } from "./step-event.ts";
import { lookAtTask, monitorTask, type TaskMonitorOptions } from "./task-monitor.ts";

/** What is known of the task of a followed job, and how long the job is followed. What happens is put among the events of the job. */
export class TaskWatch {
  readonly #sessions: Pick<FollowJobOptions["sessions"], "until">;
  readonly #monitoring: TaskMonitorOptions;
  readonly #put: (event: StepEvent) => void;
  #gone: Failure | undefined;

  constructor(
    { sessions, ecs, target, clock, log, credentialsEnd }: FollowJobOptions,
    signal: AbortSignal,
    put: (event: StepEvent) => void,
  ) {
    this.#sessions = sessions;
    this.#put = put;
    const refused = (refusal: Failure): void => put({ kind: "expired", refusal });
    this.#monitoring = { ecs, target, clock, log, refused, credentialsEnd, signal };
  }

  /** Why the container has ended, once that is known. */
  get gone(): Failure | undefined {
    return this.#gone;
  }

  /** The job's end, once the container has ended. */
  get end(): JobEnd | undefined {
    return this.#gone && { kind: "impossible", failure: this.#gone };
  }

  /** Monitors the task, and bounds the time for which the job is followed. */
  monitor(): void {
    monitorTask(this.#monitoring)
      .then((failure) => {
        this.#gone = failure;
        this.#put({ kind: "gone" });
      })
      .catch(() => undefined); // the job is over
    this.watchTime();
  }

  /** Tells when the time is over for which the job is followed. */
  watchTime(): void {
    const { clock, signal } = this.#monitoring;
    clock.sleep(Math.max(0, this.#sessions.until - clock.now()), signal).then(
      () => this.#put({ kind: "overdue" }),
      () => undefined, // the job ended in time
    );
  }

  /** Looks at the task once. Resolves with the job's end when the container has ended. */
  async look(): Promise<JobEnd | undefined> {
    const look = await lookAtTask(this.#monitoring);
    if (look.kind === "gone") this.#gone ??= look.failure;
    return this.end;
  }
}
