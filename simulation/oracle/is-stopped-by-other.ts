import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { hasLostCredentials } from "./credentials.ts";

/** Whether another step that follows the same job has stopped it. */
export function isStoppedByOther({ name, jobUrl }: Runner, ended: Simulated): boolean {
  return ended.runners
    .filter((other) => other.jobUrl === jobUrl && other.name !== name)
    .some(
      (other) =>
        other.cancelledAt !== undefined || hasLostCredentials(other, ended) || isStoppedByPost(other),
    );
}

/** Whether the step was killed, and its post step has stopped the job in its place. */
function isStoppedByPost({ isKilled, post }: Runner): boolean {
  return isKilled && post?.stdout.includes("Stopping the job in container") === true;
}
