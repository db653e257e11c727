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

/** An account reads ECS twenty times a second at the most, and every job of a matrix looks. */
const LOOK_EVERY_MS = 15_000;
const JITTER_MS = 1_000;
/** Once it is being stopped: its end is near, and the reason is wanted soon. */
const LOOK_AT_END_EVERY_MS = 3_000;
/** Once AWS has refused the credentials: the next refusal is believed. */
const LOOK_AGAIN_AFTER_MS = 3_000;

export interface TaskMonitorOptions {
  readonly ecs: Pick<Ecs, "describeTask">;
  readonly target: Pick<Target, "clusterArn" | "taskArn" | "taskId" | "container">;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Told when AWS has refused the credentials of two looks in a row. */
  readonly onRefused?: (refusal: Failure) => void;
  /** When the credentials end, as far as that is known, in milliseconds since the epoch: then there is a look. */
  readonly credentialsEnd?: number | undefined;
}

/**
 * Looks at the task beside a session, about four times a minute. Resolves with the reason when the container has
 * ended; rejects only with the signal's reason. A task that is being stopped has its grace: a job may still end in it.
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

/** The pause before the next look: the usual one, unless the credentials end in it. */
function untilNext(usual: number, { clock, credentialsEnd }: TaskMonitorOptions): number {
  const left = credentialsEnd === undefined ? -1 : credentialsEnd - clock.now();
  return left > 0 && left < usual ? left : usual;
}

interface Look {
  /** Why the container has ended. */
  readonly gone: Failure | undefined;
  readonly task: Task | undefined;
  /** Why AWS does not answer to these credentials. */
  readonly refusal?: Failure;
}

/** One look: the reason if the container has ended. A look that fails tells nothing, and says so in the debug log. */
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
