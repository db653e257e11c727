import type { ExecConfiguration } from "../../aws/ecs.ts";
import { logsOf } from "../../ready/session-logs.ts";
import type { PieceUse } from "../../carriers/upload-orders.ts";
import type { Inputs } from "../../inputs/inputs.ts";

/** The inputs that say what carries the output. */
export type CarrierInputs = Pick<Inputs, "bucket" | "logs" | "where" | "detach">;

/** Whether the inputs let S3 carry the output. A step that reads the log of its session needs all of it there. */
export function mayUsePieces({ bucket, logs, where }: CarrierInputs): boolean {
  if (where.kind === "handle") return where.handle.pieces !== undefined;
  return logs === "bucket" || (logs === "auto" && bucket !== undefined);
}

/**
 * By default S3 carries the output of a job that lasts. When the cluster asks for session logs (logging OVERRIDE) the
 * session carries all of it, so that the log is whole.
 */
export function choosePieceUse(inputs: CarrierInputs, exec: ExecConfiguration | undefined): PieceUse {
  const { logs, detach, where } = inputs;
  if (!mayUsePieces(inputs)) return "never";
  if (logs !== "bucket" && where.kind !== "handle" && needsLogs(exec)) return "never";
  // Which carrier works is to be known before the job is detached.
  const isUrgent = logs === "bucket" || where.kind === "handle" || detach !== undefined;
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
  { logs }: Pick<Inputs, "logs">,
  exec: ExecConfiguration | undefined,
): number | undefined {
  return logs === "session" || needsLogs(exec) ? undefined : PACK_ABOVE;
}

function needsLogs(exec: ExecConfiguration | undefined): boolean {
  return exec?.logging === "OVERRIDE" && logsOf(exec).length > 0;
}
