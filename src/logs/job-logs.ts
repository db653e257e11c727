import type { JobContext } from "../job.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Extractor } from "../stream/extract.ts";
import { lastResort } from "./last-resort.ts";
import type { SessionLogs } from "../ready/session-logs.ts";
import type { Printer } from "../show/printer.ts";
import { readLogs } from "./read-logs.ts";
import type { JobEnd } from "../follow/job-end.ts";
import { lacksCredentials } from "../follow/expiry.ts";
import { parseArn } from "../targets/arn.ts";
import type { Target } from "../targets/target.ts";

/** The agent uploads a transcript some seconds after its session's end. */
const LOG_PATIENCE_MS = 90_000;

interface Reading {
  readonly places: SessionLogs;
  readonly extractor: Extractor;
  readonly printer: Printer;
  readonly newExtractor: () => Extractor;
}

/** The logs, where output is to come from there, or where no session could tell the end. */
export async function withLogs(
  attended: JobEnd,
  target: Target,
  { places, extractor, printer, newExtractor }: Reading,
  { inputs, aws, clock, log, cancel, known, drained }: JobContext,
): Promise<JobEnd> {
  if (!known.attached || cancel.aborted) return attended;
  if (attended.kind === "impossible" && lacksCredentials(attended.failure)) return attended;
  const { sessionIds } = known;
  const onShown = printer.print.bind(printer);
  const reading = {
    places,
    sessionIds,
    logs: aws.logs,
    s3: aws.s3,
    owners: logOwners(inputs, target),
    clock,
    signal: cancel,
    log,
    onShown,
    drained,
  };
  if (attended.kind === "status") {
    if (inputs.logs !== "cloudwatch" && inputs.logs !== "s3") return attended;
    log.info(`The job is over; reading its output from ${known.log?.name ?? inputs.logs}.`);
    const own = { extractor: newExtractor(), patience: LOG_PATIENCE_MS };
    return await readLogs(inputs.logs, { ...reading, ...own });
  }
  if (inputs.logs === "session" || known.log === undefined) return attended;
  // Where the output was not shown live, all of it is still to come.
  const from = inputs.logs === "auto" ? extractor : newExtractor();
  return await lastResort(attended, { ...reading, extractor: from, target });
}

/** A cluster may log to a bucket of its own account, or of the one that the user names. */
function logOwners(inputs: Pick<Inputs, "bucketOwner">, { clusterArn }: Target): readonly string[] {
  const owners = [parseArn(clusterArn)?.account, inputs.bucketOwner];
  return [...new Set(owners.filter((owner) => owner !== undefined && owner !== ""))] as string[];
}
