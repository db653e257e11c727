import type { Runner } from "../runner/runner.ts";

/** Whether the step has said that the session of its stop command may wait behind those of others, so that the job goes on meanwhile. */
export function isInLine({ main, post }: Runner): boolean {
  return `${main.stdout}${post?.stdout ?? ""}`.includes(
    "at the latest when other sessions of the container have ended",
  );
}
