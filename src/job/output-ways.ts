import type { ExecConfiguration } from "../aws/ecs.ts";
import { logsOf } from "../ready/session-logs.ts";
import type { JobContext } from "./context.ts";

/** Whether S3 may carry the output, and whether it is to do so from the job's beginning. */
export type PieceUse = "never" | "at once" | "when the job lasts";

export function pieceUse({ transport }: Pick<JobContext["inputs"], "transport">): PieceUse {
  return transport === "s3" ? "at once" : "never";
}

/** Output is packed when more than this many bytes wait: the agent carries them in a quarter of a second. */
const PACK_ABOVE = 256 * 1024;

/**
 * The bytes above which output is packed; undefined: never. For a cluster that asks for session logs (logging
 * OVERRIDE) the output stays plain by default, so that the logs are readable. Logging DEFAULT writes the container's
 * own log group, for which packed output is accepted.
 */
export function packAbove(
  { transport }: Pick<JobContext["inputs"], "transport">,
  exec: ExecConfiguration | undefined,
): number | undefined {
  if (transport === "packed") return 0;
  return transport === "plain" || asksForLogs(exec) ? undefined : PACK_ABOVE;
}

function asksForLogs(exec: ExecConfiguration | undefined): boolean {
  return exec?.logging === "OVERRIDE" && logsOf(exec).length > 0;
}
