import { reliableUntil } from "../../aws/static-keys.ts";
import { followJob } from "../../carriers/follow-job.ts";
import type { RunningJob } from "../../carriers/follow-options.ts";
import { Expiry } from "../../carriers/expiry.ts";
import type { TypedInput } from "../../carriers/session-input.ts";
import type { EndedJob } from "../../carriers/logs/job-logs.ts";
import { HOLD_SLACK_MS } from "../../targets/definitions/hold-command.ts";
import type { JobContext } from "./context.ts";
import { isDetachedOnCancel } from "./detach.ts";
import type { JobPieces } from "./job-pieces.ts";
import type { JobOutput } from "./output.ts";
import type { JobSessions } from "./sessions.ts";

/** What may carry the job's output: sessions, and S3 when the inputs ask for that. */
export interface JobCarriers {
  readonly sessions: JobSessions;
  readonly pieces: JobPieces | undefined;
}

/**
 * Follows the job to its end through its carriers. Stops the job if it may still run after its last session. Never
 * rejects: an error is an end of kind `impossible`.
 */
export async function followToEnd(
  { sessions, pieces }: JobCarriers,
  typed: TypedInput,
  output: JobOutput,
  context: JobContext,
): Promise<EndedJob> {
  const { inputs, looks, target, drained, clock, env, log } = context;
  const expiry = expiryOf(context);
  const isDetached = isDetachedOnCancel(inputs);
  const followed = await followJob({
    ...{ sessions, folders: pieces, typed, ecs: looks, target, drained, expiry, clock, log },
    cancel: isDetached ? new AbortController().signal : context.cancel,
    detachNow: isDetached ? context.cancel : undefined,
    detachAfter: inputs.detach,
    isEnding: () => output.isEnding,
    isFenced: inputs.lock !== undefined,
    running: jobOfHandle(pieces, context),
    ...{ nonce: output.nonce, spool: output.spool, show: output.showLive },
    items: context.items,
    note: (text) => log.info(text),
    credentialsEnd: reliableUntil(env, inputs.roleToAssume, clock.now()),
  });
  pieces?.settle(followed);
  const opened = await sessions.settle(followed);
  return { ...followed, end: expiry.conclude(followed.end, followed.attached), ...opened };
}

/** The job that the handle names; undefined when this step starts the job. */
function jobOfHandle(
  pieces: JobPieces | undefined,
  { inputs: { where } }: JobContext,
): RunningJob | undefined {
  if (where.kind !== "handle") return undefined;
  const { handle } = where;
  return {
    pieces: handle.pieces && pieces?.resume(handle.pieces),
    writableUntil: handle.pieces?.writableUntil ?? 0,
  };
}

/** What to do if the credentials expire before the job's timeout, which counts from now. */
function expiryOf({ inputs, target, clock, log }: JobContext): Expiry {
  const { where, timeout } = inputs;
  const start = where.kind === "new" ? where.start : undefined;
  const until = where.kind === "handle" ? where.handle.until : clock.now() + timeout;
  return new Expiry({
    target,
    mustEndTask: start?.keepTask === "never",
    until,
    heldUntil: start?.hold ? until + HOLD_SLACK_MS : undefined,
    clock,
    log,
  });
}
