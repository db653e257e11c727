import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { TELL_EVERY_MS } from "../waiting.ts";
import type { Target } from "../targets/target.ts";
import { containerBusy } from "./failures.ts";
import { sinceWords } from "./wait-log.ts";

/** The holder of a container's place. */
export interface Holder {
  /** As in "in use by <who>". */
  readonly who: string;
  /** Milliseconds since the epoch; undefined when it is not known. */
  readonly since: number | undefined;
}

export interface QueueOptions {
  readonly target: Pick<Target, "taskArn" | "taskId" | "container">;
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal | undefined;
  /** From 0 up to 1. */
  readonly random?: () => number;
  /** Milliseconds until the next look; by default two to five seconds. */
  readonly poll?: () => number;
}

const SHORTEST_PAUSE_MS = 2_000;
const JITTER_MS = 3_000;

/**
 * Calls `look` again and again until it names no holder. Logs each new holder, and every 30 s the wait. Returns whether
 * there was a holder. Fails with `container-busy` at the deadline; an abort throws its reason.
 */
export async function waitUntilFree(
  look: () => Promise<Holder | undefined>,
  options: QueueOptions,
): Promise<boolean> {
  const { target, deadline, clock, log, signal, random = Math.random } = options;
  const { poll = () => SHORTEST_PAUSE_MS + random() * JITTER_MS } = options;
  const begun = clock.now();
  let told = begun;
  const seconds = (): number => Math.round((clock.now() - begun) / 1000);
  let said: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const holder = await look();
    if (holder === undefined) break;
    const held = ["in use by", holder.who, ...sinceWords(holder.since)].join(" ");
    const left = deadline - clock.now();
    if (left <= 0) throw containerBusy(target.container, target.taskArn, seconds(), held);
    if (said !== held) {
      said = held;
      log.info(`Container '${target.container}' of task ${target.taskId} is ${held}; waiting for its place.`);
      told = clock.now();
    } else if (clock.now() - told >= TELL_EVERY_MS) {
      log.info(`waiting for the place in container '${target.container}', ${held} (${seconds()} s)`);
      told = clock.now();
    }
    await clock.sleep(Math.min(left, poll()), signal);
  }
  if (said !== undefined) log.info(`The place in container '${target.container}' is free (${seconds()} s).`);
  return said !== undefined;
}
