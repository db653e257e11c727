import type { Clock } from "../clock.ts";
import { Failure, isAboutCredentials, type WordsForEach } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Target } from "../targets/target.ts";
import type { JobEnd } from "./job-end.ts";

const RENEW: WordsForEach = {
  workflow:
    "Set 'role-to-assume': then the step renews its credentials while the job runs. Or begin, before the step, a session that lasts " +
    "longer than the job ('role-duration-seconds' of aws-actions/configure-aws-credentials).",
  program:
    "Set 'role-to-assume', or AWS_PROFILE to a profile whose credentials are renewed: keys in the environment end with their session.",
};

export interface ExpiryOptions {
  readonly target: Pick<Target, "clusterArn" | "taskArn" | "taskId" | "container" | "started">;
  /** Whether a task that the step has started ends with the job. */
  readonly mustEndTask: boolean;
  /** When the job's `timeout` stops it at the latest, in milliseconds since the epoch. */
  readonly until: number;
  /**
   * When a held container ends by itself at the latest, in milliseconds since the epoch; undefined for one that is
   * not held.
   */
  readonly heldUntil: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Ends a job whose step has lost its credentials. An open session needs no credentials. So the step tells the job through
 * the session to stop, and tells a task that it has started to end. The result is a failure of the step, never an end of
 * the job itself.
 */
export class Expiry {
  readonly #options: ExpiryOptions;
  #refusal: Failure | undefined;
  /** Whether the job was told to stop. */
  #isTold = false;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  /** Whether the task is told to end, too. */
  get mustEndTask(): boolean {
    return this.#options.target.started && this.#options.mustEndTask;
  }

  /** AWS refuses the credentials, and there are no others: the job has to stop. `hasSession`: whether a session of the job is open. */
  refuse(refusal: Failure, hasSession: boolean): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = refusal;
    this.#isTold = hasSession;
    const told = `The job is told to stop through the session that is still open${this.mustEndTask ? ", and its task to end" : ""}.`;
    this.#options.log.warning(
      `${refusal.failed} ${refusal.seen} ${hasSession ? told : this.#goesOn()}`,
      "iam/README.md#credentials",
    );
  }

  /**
   * The end of the job as the step reports it: a failure when the credentials ended before the job. A job that ended
   * by itself keeps its end.
   */
  conclude(end: JobEnd, attached: boolean): JobEnd {
    const refused = end.kind === "impossible" && isAboutCredentials(end.failure);
    const refusal = this.#refusal ?? (refused ? end.failure : undefined);
    if (refusal === undefined || !attached) return end;
    if (end.kind !== "status") return { kind: "impossible", failure: this.#failure(refusal, this.#goesOn()) };
    const { status } = end;
    if (status.kind === "ended" && status.reason === "exited") return end;
    const told = this.mustEndTask ? ", and its task was told to end" : "";
    return {
      kind: "impossible",
      failure: this.#failure(
        refusal,
        `The job was told to stop through its session, and has stopped${told}.`,
      ),
    };
  }

  #failure({ code, seen, advice, program, cause }: Failure, now: string): Failure {
    return new Failure(code, {
      failed: "The AWS credentials ended before the job did.",
      seen: `${seen} ${now}`,
      advice: code === "no-credentials" ? RENEW : { workflow: advice, program: program.advice ?? advice },
      cause,
    });
  }

  #goesOn(): string {
    const { target, until, heldUntil, clock } = this.#options;
    const { clusterArn, taskArn, taskId, container, started } = target;
    const at = (ms: number): string => new Date(Math.max(ms, clock.now())).toISOString();
    const goesOn = this.#isTold
      ? "The job was told to stop, but no session shows whether it has. It may go on"
      : "No session is open to stop the job through. The job goes on";
    const job = `${goesOn} in container '${container}' of task ${taskId}, until it ends or its 'timeout' stops it at ${at(until)}.`;
    if (!started) return job;
    const task = heldUntil === undefined ? "until you stop it" : `until ${at(heldUntil)} at the latest`;
    return `${job} The task runs ${task}: 'aws ecs stop-task --cluster ${clusterArn} --task ${taskArn}'.`;
  }
}
