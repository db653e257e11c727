import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Target } from "../targets/target.ts";
import { containerBusy } from "./failures.ts";
import { WaitLog, type WaitReason } from "./wait-log.ts";

export interface QueueOptions {
  readonly target: Pick<Target, "taskArn" | "taskId" | "container">;
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
  /** From 0 up to 1. */
  readonly random?: () => number;
}

/** What the log says of a run that waits for a seat in this container. */
export function seatWaitLog({
  target: { container, taskId },
  deadline,
  clock,
  log,
}: Pick<QueueOptions, "target" | "deadline" | "clock" | "log">): WaitLog {
  return new WaitLog({
    subject: `Container '${container}' of task ${taskId}`,
    got: `The seat in container '${container}' is free`,
    busy: (seconds, held) => containerBusy(container, taskId, seconds, held),
    ...{ deadline, clock, log },
  });
}

interface LookOptions extends Pick<QueueOptions, "deadline" | "clock" | "signal"> {
  readonly waitLog: WaitLog;
  /** Milliseconds until the next look. */
  readonly poll: () => number;
}

/**
 * Calls `look` again and again until it gives no reason to wait, and tells the log each reason. Returns whether there was one. Fails with
 * `container-busy` at the deadline; an abort throws its reason.
 */
export async function waitUntilFree(
  look: () => Promise<WaitReason | undefined>,
  { deadline, clock, signal, waitLog, poll }: LookOptions,
): Promise<boolean> {
  for (let waited = false; ; waited = true) {
    signal?.throwIfAborted();
    const reason = await look();
    if (reason === undefined) return waited;
    waitLog.tell(reason);
    await clock.sleep(Math.min(deadline - clock.now(), poll()), signal);
  }
}
