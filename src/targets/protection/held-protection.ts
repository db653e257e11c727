import type { ProtectionCalls } from "../../aws/ecs-protection.ts";
import { type Clock, timeOfDay } from "../../clock.ts";
import type { Log } from "../../log.ts";
import { withinTime } from "../../waiting.ts";
import { lastPart } from "../arn.ts";

/**
 * A protection that a job has set, and has to give back; plain data, since it is saved for the post step. Its end tells it
 * from a protection of another principal: each call sets a new end, in milliseconds.
 */
export interface HeldProtection {
  /** ARN. */
  readonly cluster: string;
  /** ARN. */
  readonly task: string;
  /** Its end in milliseconds since the epoch, as ECS has told it. */
  readonly until: number;
  /** Until when another principal may need the protection, too, in milliseconds since the epoch. */
  readonly sharedUntil: number;
}

/**
 * For how many minutes a job protects its task at a time. A lost runner delays a deployment for this long at most. So do jobs
 * that end together: none of them can know that it is the last one.
 */
export const LEASE_MINUTES = 3;

/**
 * How long the look at a protection may take, and how long the call that ends it is repeated after that, in milliseconds. Meanwhile another job
 * may protect the task, which a later try would end.
 */
const ENDED_WITHIN_MS = 5_000;

export interface GiveBackContext {
  readonly ecs: ProtectionCalls;
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly log: Pick<Log, "info">;
}

/**
 * Ends the protection of the task, unless another principal may have set it since, or may need it. It then ends by itself: at
 * most `LEASE_MINUTES` after the last call, when a job of this action made that call. A protection whose call got no answer
 * ends by itself, too, because its end is not known. Fails when ECS does not answer soon; a second call looks anew, and does no harm.
 */
export async function giveBackProtection(
  { cluster, task, until, sharedUntil }: HeldProtection,
  { ecs, clock, log }: GiveBackContext,
): Promise<void> {
  const asked = clock.now();
  const now = await ecs.getTaskProtection(cluster, task);
  const ms = clock.now() - asked;
  if (ms > ENDED_WITHIN_MS)
    throw new Error(`ECS told the task's protection only after ${Math.round(ms / 1_000)} s.`);
  if (now.kind !== "protection" || now.until === undefined) return;
  if (now.until !== until || sharedUntil > clock.now()) {
    log.info(
      `Task ${lastPart(task)} stays protected until ${timeOfDay(now.until)}, since another job or principal may still need that.`,
    );
    return;
  }
  await withinTime(ENDED_WITHIN_MS, clock, (late) =>
    ecs.updateTaskProtection({ cluster, task, minutes: undefined }, late),
  );
}
