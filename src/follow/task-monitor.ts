import type { Ecs } from "../aws/ecs.ts";
import { taskNotFound } from "../aws/missing.ts";
import type { Task } from "../aws/task.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { verdict } from "../ready/verdict.ts";
import { isEnding } from "../targets/choose.ts";
import type { Target } from "../targets/target.ts";
import { lacksCredentials } from "./expiry.ts";

/** An account may call DescribeTasks twenty times a second, and every job of a matrix calls it. */
const LOOK_EVERY_MS = 15_000;
const JITTER_MS = 1_000;
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
  /** Called when AWS has refused the credentials of two looks in a row. */
  readonly onRefused?: (refusal: Failure) => void;
  /**
   * When the credentials end, in milliseconds since the epoch, where that is known. The monitor looks at that time.
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
  let refused = false;
  for (;;) {
    const usual = (ending ? LOOK_AT_END_EVERY_MS : LOOK_EVERY_MS) + Math.random() * JITTER_MS;
    await clock.sleep(refused ? LOOK_AGAIN_AFTER_MS : untilNext(usual, options), signal);
    const look = await lookAtTask(options);
    if (look.gone !== undefined) return look.gone;
    if (look.refusal !== undefined && refused) options.onRefused?.(look.refusal);
    refused = look.refusal !== undefined && !refused;
    if (look.task !== undefined && isEnding(look.task) && !ending) {
      ending = true;
      log.info(
        `The task is being stopped: ${look.task.stoppedReason ?? look.task.stopCode ?? "no reason given"}.`,
      );
    }
  }
}

/** The pause before the next look: the usual one, or shorter where the credentials end before. */
function untilNext(usual: number, { clock, credentialsEnd }: TaskMonitorOptions): number {
  const left = credentialsEnd === undefined ? -1 : credentialsEnd - clock.now();
  return left > 0 && left < usual ? left : usual;
}

interface Look {
  /** Why the container has ended. */
  readonly gone: Failure | undefined;
  readonly task: Task | undefined;
  /** Why AWS refuses these credentials. */
  readonly refusal?: Failure;
}

/**
 * One look. `gone` is the reason where the container has ended. A look that fails tells nothing; the debug log says
 * why.
 */
export async function lookAtTask({ ecs, target, log, signal }: TaskMonitorOptions): Promise<Look> {
  try {
    const task = await ecs.describeTask(target.clusterArn, target.taskArn);
    if (task === undefined) {
      return {
        gone: taskNotFound(target.taskId, target.clusterArn, "ecs:DescribeTasks says MISSING."),
        task,
      };
    }
    const container = task.containers.find(({ name }) => name === target.container);
    const over = container?.lastStatus === "STOPPED" || /^(DEPROVISIONING|STOPPED)$/.test(task.lastStatus);
    const now = verdict(task, target.container);
    return { gone: over && now.kind === "never" ? now.failure : undefined, task };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    log.debug(`The task could not be looked at. ${error.message}`);
    return { gone: undefined, task: undefined, ...(lacksCredentials(error) && { refusal: error }) };
  }
}
