/**
 * The workflow run that a step belongs to. Everything that the step makes carries these values, so that it can be traced
 * and found again.
 */
export interface Origin {
  /** Letters, digits and hyphens, new for each run of the step; a job in one of several tasks has its own. */
  readonly id: string;
  /** The ids of the job's attempts before this one. They are over. */
  readonly earlier?: readonly string[];
  /** `owner/name`. */
  readonly repository: string;
  readonly runId: string;
  readonly runAttempt: string;
  /** The address of the workflow run's page. */
  readonly url: string;
  /** The step's id in its job, or the name that GitHub gives it there: the same in each run. Undefined outside of a workflow. */
  readonly step?: string | undefined;
  /** The workflow's variables that every job gets. None of them is secret. */
  readonly variables: Readonly<Record<string, string>>;
  /** The job's number among several of the step; absent for the only job. */
  readonly fanOut?: FanOutIndex;
}

/** A job's number among those that one step runs in several tasks at once. */
export interface FanOutIndex {
  /** The `id` of the step, the same for all of them. */
  readonly runId: string;
  /** From 0. */
  readonly task: number;
  readonly tasks: number;
}
