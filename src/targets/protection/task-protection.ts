import type { ProtectionCalls } from "../../aws/ecs-protection.ts";
import { type Clock, timeOfDay } from "../../clock.ts";
import { AccessDenied, factsOf, Failure } from "../../errors.ts";
import { type Log, logFailure } from "../../log.ts";
import type { Target } from "../target.ts";
import { giveBackProtection, type HeldProtection, LEASE_MINUTES } from "./held-protection.ts";

/**
 * How often a job protects its task anew, so that two calls may fail. The jitter spreads the jobs of one task. A thousand tasks
 * make 40 calls a second, of the 80 that ECS takes.
 */
const RENEW_MS = 55_000;
const JITTER_MS = 7_500;
/** The pause before the first renewal, for another job that has begun at the same time. It is up to twice as long. */
const FIRST_RENEWAL_MS = 2_000;
/** How long a protection may last beyond the job's `timeout`, for its output and artifacts. */
const BEYOND_TIMEOUT_MS = 2 * 60_000;

export interface TaskProtectionOptions {
  readonly target: Pick<Target, "clusterArn" | "taskArn" | "taskId">;
  /** The calls of the run. */
  readonly ecs: ProtectionCalls;
  /** The calls of the cleanup. */
  readonly undoing: ProtectionCalls;
  /** The job's `timeout` in milliseconds. */
  readonly timeout: number;
  /** Called when ECS has told the protection's end, and with undefined when it is given back. */
  readonly onHeld: (held: HeldProtection | undefined) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/**
 * Protects a task from scale-in and deployments while a job runs in it, for three minutes at a time. A protection of
 * the application stays as it is, and when it ends before the job, the job's own follows it.
 *
 * Several jobs may run in one task, and only the protection tells them of one another. So each job sets it every minute. A job
 * that finds an end that it has not set itself is not alone, and does not end the protection. Jobs that begin together do not
 * find each other's end, so each renews a few seconds later. It does so also when it finds its own end: two jobs that set the
 * protection in the same millisecond have the same end.
 */
export class TaskProtection {
  readonly #options: TaskProtectionOptions;
  readonly #over = new AbortController();
  /** No end is set after this time, in milliseconds since the epoch. */
  readonly #latest: number;
  #held: HeldProtection | undefined;
  #kept: Promise<void> | undefined;
  #ended: Promise<void> | undefined;
  #told: string | undefined;

  /** The job begins now. */
  constructor(options: TaskProtectionOptions) {
    this.#options = options;
    this.#latest = options.clock.now() + options.timeout + BEYOND_TIMEOUT_MS;
  }

  /** Protects the task from now on. A job without protection does not fail: the log says why it has none. */
  begin(): void {
    this.#kept ??= this.#keep().catch(() => undefined); // ended or cancelled
  }

  /** Gives the protection back. Never rejects: what fails is in the ledger, and the cleanup tries again. */
  async end(): Promise<void> {
    this.#ended ??= this.#end();
    await this.#ended;
  }

  async #end(): Promise<void> {
    this.#over.abort();
    await this.#kept;
    if (this.#held === undefined) return;
    const { undoing, onHeld, clock, log } = this.#options;
    try {
      // The line comes after the job's output, where no phase folds it.
      const folded = { info: (line: string) => log.fold("The task stays protected", line) };
      await giveBackProtection(this.#held, { ecs: undoing, clock, log: folded });
      onHeld(undefined);
    } catch (error) {
      log.debug(`The protection of the task could not be given back. ${factsOf(error)}`);
    }
  }

  async #keep(): Promise<void> {
    const { clock, cancel } = this.#options;
    const over = AbortSignal.any([cancel, this.#over.signal]);
    let goesOn = await this.#renew();
    let pause = FIRST_RENEWAL_MS * (1 + clock.random.fraction());
    while (goesOn) {
      await clock.sleep(pause, over);
      goesOn = await this.#renew();
      pause = RENEW_MS - clock.random.fraction() * JITTER_MS;
    }
  }

  /** False when the task can't be protected, or not any longer. */
  async #renew(): Promise<boolean> {
    const { target, cancel, log } = this.#options;
    try {
      return await this.#protect();
    } catch (error) {
      if (cancel.aborted) throw error;
      if (!(error instanceof Failure)) throw logFailure(error, log);
      if (!(error instanceof AccessDenied)) {
        log.info(`The protection of task ${target.taskId} could not be renewed. ${factsOf(error)}`);
        return true;
      }
      // Without the task's name, so that jobs that run side by side say it once.
      log.notice(
        `No task is protected from scale-in and deployments while the job runs: the credentials have no right to ${error.action}. ` +
          "Allow it as docs/iam/caller-protect.json has it, or set 'protect' to false.",
        "how-it-works.md#protection",
      );
      return false;
    }
  }

  async #protect(): Promise<boolean> {
    const { target, ecs, clock } = this.#options;
    if (this.#mostMinutes() < 1) return false;
    const asked = clock.now();
    const seen = await ecs.getTaskProtection(target.clusterArn, target.taskArn);
    if (seen.kind === "no-task-of-a-service" || this.#over.signal.aborted) return false;
    if (seen.kind === "refused") {
      this.#tell(`ECS does not tell whether task ${target.taskId} is protected: ${seen.why}.`);
      return true;
    }
    const now = clock.now();
    const foreign = seen.until === this.#held?.until ? undefined : seen.until;
    if (foreign !== undefined && !isLease(foreign, now)) {
      this.#tell(`Task ${target.taskId} is protected until ${timeOfDay(foreign)} by another principal.`);
      return true;
    }
    const sharedUntil = foreign === undefined ? 0 : Math.max(foreign, now + 2 * RENEW_MS);
    await this.#set(Math.max(this.#held?.sharedUntil ?? 0, sharedUntil), asked);
    return true;
  }

  /**
   * Sets the protection, never to an earlier end than `sharedUntil`. When that is later than the job may protect its task, the end is less
   * than a minute after it: the new end tells the other job that it is not alone. When the call fails, `#held` stays. If the failed call has taken effect all the same, the job
   * takes the new end for another job's, and does not end the protection.
   *
   * Another job may have begun after the look, which this job asked for at `asked`, and have set an end that this call has replaced unseen. Its first renewal, which shows
   * the jobs to each other, comes after `FIRST_RENEWAL_MS`. When look and call take longer, that renewal may come before the call, and the next one a minute later.
   */
  async #set(sharedUntil: number, asked: number): Promise<void> {
    const { target, ecs, onHeld, clock } = this.#options;
    const { clusterArn: cluster, taskArn: task } = target;
    const most = this.#mostMinutes();
    const least = Math.max(1, Math.ceil((sharedUntil - clock.now()) / 60_000));
    const minutes = Math.max(least, Math.min(LEASE_MINUTES, most));
    const set = await ecs.updateTaskProtection({ cluster, task, minutes });
    if (set.kind === "protection" && set.until !== undefined) {
      const now = clock.now();
      const unseenUntil = now - asked < FIRST_RENEWAL_MS ? 0 : now + 2 * RENEW_MS;
      this.#held = { cluster, task, until: set.until, sharedUntil: Math.max(sharedUntil, unseenUntil) };
      onHeld(this.#held);
      this.#tell(
        `Task ${target.taskId} is protected from scale-in and deployments until the job ends, at ${timeOfDay(this.#latest)} at the latest, so that ` +
          "the service doesn't stop it under the job. A deployment waits as long, and goes on where 'protect' is false.",
      );
    }
    if (set.kind === "refused")
      this.#tell(
        `Task ${target.taskId} is not protected from scale-in and deployments: ${set.why}. A service has no more protected ` +
          "tasks than its desired count.",
        "notice",
      );
  }

  #mostMinutes(): number {
    return Math.floor((this.#latest - this.#options.clock.now()) / 60_000);
  }

  /** Logs a text, unless it was the last one. */
  #tell(what: string, as: "info" | "notice" = "info"): void {
    if (what !== this.#told) this.#options.log[as](what);
    this.#told = what;
  }
}

/** Whether a protection with this end may be a job's: those of applications last longer, two hours by default. */
function isLease(until: number, now: number): boolean {
  return until - now <= (LEASE_MINUTES + 1) * 60_000;
}
