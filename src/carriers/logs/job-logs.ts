import { isDeepStrictEqual } from "node:util";
import type { Aws } from "../../aws/calls.ts";
import type { Clock } from "../../clock.ts";
import { isAboutCredentials } from "../../errors.ts";
import type { FollowedJob } from "../follow-options.ts";
import type { JobEnd } from "../job-end.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import type { Log } from "../../log.ts";
import type { SessionLogs } from "../../ready/session-logs.ts";
import type { OutputItem } from "../stream/items.ts";
import type { Spool } from "../stream/spool.ts";
import { parseArn } from "../../targets/arn.ts";
import { tellWhile } from "../../waiting.ts";
import type { Target } from "../../targets/target.ts";
import { findEndInLogs } from "./last-resort.ts";
import { readLogs } from "./read-logs.ts";
import type { LogLocation } from "./transcript.ts";

/** The agent uploads a transcript some seconds after its session's end. */
const LOG_PATIENCE_MS = 90_000;

/** A job after its last session. */
export interface EndedJob extends FollowedJob {
  /** The job's sessions, in their order. */
  readonly sessionIds: readonly string[];
  /** The log of the last session. */
  readonly log: LogLocation | undefined;
}

export interface JobLogsOptions {
  readonly inputs: Pick<Inputs, "logs" | "bucketOwner" | "region">;
  readonly target: Target;
  readonly aws: Pick<Aws, "logs" | "s3">;
  /** Where the container's sessions are logged. */
  readonly sessionLogs: SessionLogs;
  readonly output: {
    readonly nonce: string;
    /** What the live carriers have brought. A log goes on where they ended. */
    readonly spool: Spool;
    /** An empty spool, for logs that are read from their beginning. */
    readonly fromTheStart: () => Spool;
    readonly show: (shown: OutputItem) => void;
  };
  readonly drained: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/**
 * Reads the logs of the job's sessions when the inputs ask for that, or when no session has told the job's end.
 * Otherwise returns `end` unchanged. An abort throws its reason, also where the end is known and the log that has the output is not read any more; but
 * a job that was stopped keeps its end.
 */
export async function readJobLogs(job: EndedJob, options: JobLogsOptions): Promise<JobEnd> {
  const { end, attached, sessionIds } = job;
  const { inputs, target, aws, sessionLogs, output, drained, clock, log, cancel } = options;
  if (!attached || end.kind === "detached") return end;
  if (cancel.aborted && end.kind !== "status") return end;
  if (end.kind === "impossible" && isAboutCredentials(end.failure)) return end;
  const reading = {
    sessionIds,
    region: inputs.region,
    logs: aws.logs,
    s3: aws.s3,
    owners: logOwners(inputs, target),
    clock,
    signal: cancel,
    log,
    nonce: output.nonce,
    show: output.show,
    drained,
  };
  if (end.kind === "status") {
    if (inputs.logs !== "cloudwatch" && inputs.logs !== "s3") return end;
    const from = sessionLogs.find(({ kind }) => kind === inputs.logs);
    if (from === undefined) return end;
    if (cancel.aborted) {
      log.info(`The job had ended. Its output is in ${job.log?.name ?? inputs.logs}, and was not read.`);
      if (isStopped(end)) return end;
    }
    cancel.throwIfAborted();
    log.phase("Reading the output from the log of the session");
    log.info(`The job is over; reading its output from ${job.log?.name ?? inputs.logs}.`);
    const own = { spool: output.fromTheStart(), patience: LOG_PATIENCE_MS };
    const upload = "the log of the session, which the exec agent uploads";
    const found = await tellWhile(upload, { clock, log }, readLogs(from, { ...reading, ...own }));
    return found.kind === "status" ? endOfBoth(end, found, log) : found;
  }
  const sessionId = sessionIds.at(-1);
  if (inputs.logs === "session" || sessionId === undefined || sessionLogs.length === 0) return end;
  // With 'logs: auto' and 'bucket' the output was shown live. Otherwise none was shown, so it is read from the beginning.
  const isLive = inputs.logs === "auto" || inputs.logs === "bucket";
  const spool = isLive ? output.spool : output.fromTheStart();
  return await findEndInLogs(end, { ...reading, sessionLogs, sessionId, spool, target });
}

/** Whether the job ended because it was told to: the first worker that failed says so. */
function isStopped({ status }: Ended): boolean {
  if (status.kind !== "ended") return true;
  return status.workers.find(({ exitCode }) => exitCode !== 0)?.stopped === true;
}

type Ended = Extract<JobEnd, { kind: "status" }>;

/**
 * The end that the session has told. A principal that may read and write the log knows the nonce, and can forge a status there.
 */
function endOfBoth(told: Ended, logged: Ended, log: Log): Ended {
  if (!isDeepStrictEqual(told.status, logged.status))
    log.warning(
      "The log of the session tells another end of the job than the session itself did. The session's counts; what is shown above is the log's.",
      "security.md#who-may-write-to-the-logs",
    );
  return told;
}

/** The accounts that may own the log bucket: the cluster's own, and the one that the user names. */
function logOwners(inputs: Pick<Inputs, "bucketOwner">, { clusterArn }: Target): readonly string[] {
  const owners = [parseArn(clusterArn)?.account, inputs.bucketOwner];
  return [...new Set(owners.filter((owner) => owner !== undefined))];
}
