import type { ExecConfiguration } from "../aws/ecs.ts";
import { logsOf } from "../ready/session-logs.ts";
import type { PieceUse } from "../follow/piece-carriers.ts";
import type { Inputs } from "../inputs/inputs.ts";

/** The inputs that say what carries the output. */
export type CarrierInputs = Pick<Inputs, "transport" | "bucket" | "logs" | "where" | "detach">;

/** Whether the inputs let S3 carry the output. A step that reads the log of its session needs all of it there. */
export function mayUsePieces({ transport, bucket, logs, where }: CarrierInputs): boolean {
  if (where.kind === "handle") return where.handle.pieces !== undefined;
  if (transport === "s3") return true;
  return transport === "auto" && bucket !== undefined && (logs === "auto" || logs === "session");
}

/**
 * By default S3 carries the output of a job that lasts. When the cluster asks for session logs (logging OVERRIDE) the
 * session carries all of it, so that the log is whole.
 */
export function choosePieceUse(inputs: CarrierInputs, exec: ExecConfiguration | undefined): PieceUse {
  const { transport, detach, where } = inputs;
  if (!mayUsePieces(inputs)) return "never";
  if (transport !== "s3" && where.kind !== "handle" && needsLogs(exec)) return "never";
  // Which carrier works is to be known before the job is detached.
  const isUrgent = transport === "s3" || where.kind === "handle" || detach !== undefined;
  return isUrgent ? "at once" : "when the job lasts";
}

/** Output is packed when more than this many bytes wait: the agent carries them in a quarter of a second. */
const PACK_ABOVE = 256 * 1024;

/**
 * The bytes above which output is packed; undefined: never. For a cluster that asks for session logs (logging
 * OVERRIDE) the output stays plain by default, so that the logs are readable. Logging DEFAULT writes the container's
 * own log group, for which packed output is accepted.
 */
export function choosePackAbove(
  { transport }: Pick<Inputs, "transport">,
  exec: ExecConfiguration | undefined,
): number | undefined {
  if (transport === "packed") return 0;
  return transport === "plain" || needsLogs(exec) ? undefined : PACK_ABOVE;
}

function needsLogs(exec: ExecConfiguration | undefined): boolean {
  return exec?.logging === "OVERRIDE" && logsOf(exec).length > 0;
}
