import type { Ecs } from "../aws/ecs.ts";
import { taskNotFound } from "../aws/missing.ts";
import { hasContainerEnded, type Task } from "../aws/task.ts";
import type { Clock } from "../clock.ts";
import { Failure, isAboutCredentials } from "../errors.ts";
import type { Log } from "../log.ts";
import { judgeTask } from "../ready/verdict.ts";
import { isEnding } from "../targets/tasks/choose-tasks.ts";
import type { Target } from "../targets/target.ts";
import { pauseAfter } from "../waiting.ts";

/** The interval of looks. An account may call DescribeTasks twenty times a second, and every job of a matrix calls it. */
const LOOK_EVERY_MS = 15_000;
const JITTER_MS = 1_000;
/** The interval while AWS throttles the account. */
const LONGEST_PAUSE_MS = 60_000;
/** The interval once the task is being stopped: its end is near. */
const LOOK_AT_END_EVERY_MS = 3_000;
/** The pause after AWS has refused the credentials. A second refusal counts. */
const LOOK_AGAIN_AFTER_MS = 3_000;

export interface TaskMonitorOptions {
  readonly ecs: Pick<Ecs, "describeTask">;
  readonly target: Pick<Target, "clusterArn" | "taskArn" | "taskId" | "container">;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Takes the refusal when AWS has refused the credentials of two looks in a row. */
  readonly refused?: (refusal: Failure) => void;
  /**
   * When the credentials end, in milliseconds since the epoch, if known. The monitor looks at that time.
   */
  readonly credentialsEnd?: number | undefined;
}

/**
 * Looks at the task beside a session, about four times a minute. Resolves with the reason when the container has
 * ended; rejects only with the signal's reason. A task that is being stopped still counts as running, because its job
 * may end in that time.
 */
export async function monitorTask(options: TaskMonitorOptions): Promise<Failure> {
  const { clock, log, signal } = options;
  let ending = false;
  let took = 0;
  let refused = false;
  for (;;) {
    const every = ending ? LOOK_AT_END_EVERY_MS : LOOK_EVERY_MS;
    const usual = pauseAfter(took, every, LONGEST_PAUSE_MS) + clock.random.fraction() * JITTER_MS;
    await clock.sleep(refused ? LOOK_AGAIN_AFTER_MS : untilNext(usual, options), signal);
    const asked = clock.now();
    const look = await lookAtTask(options);
    took = clock.now() - asked;
    if (look.kind === "gone") return look.failure;
    const isRefused = look.kind === "refused";
    if (isRefused && refused) options.refused?.(look.failure);
    refused = isRefused && !refused;
    if (look.kind === "seen" && isEnding(look.task) && !ending) {
      ending = true;
      const { stoppedReason, stopCode } = look.task;
      log.info(`The task is being stopped: ${stoppedReason ?? stopCode ?? "no reason given"}.`);
    }
  }
}

/** The pause before the next look: the usual one, or shorter when the credentials end before. */
function untilNext(usual: number, { clock, credentialsEnd }: TaskMonitorOptions): number {
  const left = credentialsEnd === undefined ? -1 : credentialsEnd - clock.now();
  return left > 0 && left < usual ? left : usual;
}

/** What one look at the task tells. */
type TaskLook =
  /** The container has ended. */
  | { readonly kind: "gone"; readonly failure: Failure }
  | { readonly kind: "seen"; readonly task: Task }
  /** AWS refuses these credentials. */
  | { readonly kind: "refused"; readonly failure: Failure }
  | { readonly kind: "unknown" };

/** One look. The debug log says why a look fails. */
export async function lookAtTask({ ecs, target, log, signal }: TaskMonitorOptions): Promise<TaskLook> {
  try {
    const task = await ecs.describeTask(target.clusterArn, target.taskArn);
    if (task === undefined) {
      const failure = taskNotFound(target.taskId, target.clusterArn, "ecs:DescribeTasks says MISSING.");
      return { kind: "gone", failure };
    }
    const over = hasContainerEnded(task, target.container);
    const now = judgeTask(task, target.container);
    return over && now.kind === "never" ? { kind: "gone", failure: now.failure } : { kind: "seen", task };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    log.debug(`The task could not be looked at. ${error.message}`);
    return isAboutCredentials(error) ? { kind: "refused", failure: error } : { kind: "unknown" };
  }
}
