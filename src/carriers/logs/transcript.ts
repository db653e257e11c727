import type { Logs } from "../../aws/logs.ts";
import { consoleHost, s3Arn } from "../../aws/partitions.ts";
import type { ObjectName, S3 } from "../../aws/s3.ts";
import type { Clock } from "../../clock.ts";
import { AccessDenied, Failure } from "../../errors.ts";
import { endsWithFooter } from "./footer.ts";
import type { SessionLog, SessionLogs } from "../../ready/session-logs.ts";

/** The location of a session's transcript. */
export type LogLocation =
  CloudWatchLocation | { readonly kind: "s3"; /** To be shown. */ readonly name: string };

export interface CloudWatchLocation {
  readonly kind: "cloudwatch";
  /** To be shown. */
  readonly name: string;
  readonly group: string;
  readonly stream: string;
  /**
   * The page of its group in the AWS console, with the streams of this session: the agent makes the stream when the session is over. Undefined for
   * a partition whose console is not known, for a log that may be missing, and while nothing has shown that there is such a group.
   */
  readonly url: string | undefined;
}

const POLL_MS = 1_000;
/** The agent uploads once a second. So much later nothing follows the line that `script` writes last, which a task may have printed, too. */
const AFTER_FOOTER_MS = 5_000;
/**
 * The longest time for the transcripts of a job. The agent uploads 0.8 MB a second to CloudWatch, so a gigabyte in 21 minutes. A task that may write to the log
 * must not keep a step for longer.
 */
const LONGEST_MS = 30 * 60_000;
/** The most bytes of them: what a session carries in nine hours. An object in S3 may have 5 TB. */
const MOST_BYTES = 32 * 2 ** 30;

export function cloudWatchLocation(group: string, sessionId: string, region: string): CloudWatchLocation {
  const host = consoleHost(region);
  // The console escapes twice, with $ instead of % the second time.
  const escape = (text: string): string => encodeURIComponent(encodeURIComponent(text)).replaceAll("%", "$");
  return {
    kind: "cloudwatch",
    name: `${group}/${sessionId}`,
    group,
    stream: sessionId,
    url:
      host === undefined
        ? undefined
        : `https://${host}/cloudwatch/home?region=${region}` +
          `#logsV2:log-groups/log-group/${escape(group)}` +
          `$3FlogStreamNameFilter$3D${escape(sessionId)}`,
  };
}

/** The log that the step names, CloudWatch before S3; undefined when there is none. Whether its group exists is not looked at. */
export function logLocation(
  [first]: SessionLogs,
  sessionId: string,
  region: string,
): LogLocation | undefined {
  if (first === undefined) return undefined;
  if (first.kind === "cloudwatch") {
    const location = cloudWatchLocation(first.group, sessionId, region);
    return first.mayBeMissing ? withoutPage(location) : location;
  }
  return { kind: "s3", name: transcriptName(first, sessionId) };
}

/**
 * The log with its page only where its group exists: the agent makes no group, and loses the log of one that is missing with a warning of its own. A
 * step that may not read the log has no page.
 */
export async function withProvenPage(
  location: CloudWatchLocation,
  logs: Pick<Logs, "hasGroup">,
): Promise<CloudWatchLocation> {
  if (location.url === undefined) return location;
  const exists = await logs.hasGroup(location).catch(() => false);
  return exists ? location : withoutPage(location);
}

export function withoutPage(location: CloudWatchLocation): CloudWatchLocation {
  return { ...location, url: undefined };
}

/** The stream or the object, to be shown. */
export function transcriptName(log: SessionLog, sessionId: string): string {
  if (log.kind === "cloudwatch") return `${log.group}/${sessionId}`;
  return `s3://${log.bucket}/${objectKey(log.prefix, sessionId)}`;
}

/** What the reading of logs needs. */
export interface LogAccess {
  /** The cluster's region. The bucket may be in another region of the same partition. */
  readonly region: string;
  readonly logs: Pick<Logs, "readPage">;
  readonly s3: Pick<S3, "getObject">;
  /** The bucket of the transcripts has to belong to one of these accounts; empty when they are not known. */
  readonly owners: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What all transcripts of a job may take together: half an hour, and 32 GiB. */
export class TranscriptLimits {
  readonly #clock: Clock;
  readonly #until: number;
  #left = MOST_BYTES;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#until = clock.now() + LONGEST_MS;
  }

  get isReached(): boolean {
    return this.#left <= 0 || this.#clock.now() >= this.#until;
  }

  count(bytes: number): void {
    this.#left -= bytes;
  }
}

export interface TranscriptContext extends LogAccess {
  /** By default those of a transcript that is alone. */
  readonly limits?: TranscriptLimits | undefined;
  /**
   * The transcript counts as complete after this many milliseconds without anything new. The agent uploads it some seconds
   * after the session's end.
   */
  readonly patience: number;
}

/** The transcript of this session, as it arrives; see `cloudWatchTranscript` and `s3Transcript`. */
export function readTranscript(
  log: SessionLog,
  sessionId: string,
  context: TranscriptContext,
): AsyncIterable<Uint8Array> {
  return log.kind === "cloudwatch"
    ? cloudWatchTranscript({ group: log.group, stream: sessionId }, context)
    : s3Transcript({ bucket: log.bucket, key: objectKey(log.prefix, sessionId) }, context);
}

function objectKey(prefix: string | undefined, sessionId: string): string {
  const folder = prefix?.replace(/\/$/, "");
  return folder ? `${folder}/${sessionId}.log` : `${sessionId}.log`;
}

/**
 * The bytes of a transcript in CloudWatch, as they arrive. Its events are pieces of one text without the line ends
 * between them. Ends after `patience` without an event, some seconds after what looks like its end, and at the limits at the latest.
 */
async function* cloudWatchTranscript(
  stream: { readonly group: string; readonly stream: string },
  { logs, clock, signal, patience, limits = new TranscriptLimits(clock) }: TranscriptContext,
): AsyncGenerator<Uint8Array> {
  let from: string | undefined;
  let first = true;
  let until = clock.now() + patience;
  while (!limits.isReached) {
    const page = await logs.readPage(stream, from);
    for (const message of page?.messages ?? []) {
      const bytes = Buffer.from(first ? message : `\n${message}`);
      limits.count(bytes.length);
      yield bytes;
      first = false;
      until = clock.now() + (endsWithFooter(`\n${message}`) ? Math.min(patience, AFTER_FOOTER_MS) : patience);
    }
    from = page?.next ?? from;
    if (page !== undefined && !page.last) continue;
    if (clock.now() >= until) return;
    await clock.sleep(POLL_MS, signal);
  }
}

/**
 * The bytes of a transcript in S3, whose object is there whole or not at all. Ends at the limits at the latest. Without `s3:ListBucket` S3 also denies
 * an object that is not there yet. So a denial fails only after `patience`, as `UnreadableLog`.
 */
async function* s3Transcript(
  object: ObjectName,
  { region, s3, owners, clock, signal, patience, limits = new TranscriptLimits(clock) }: TranscriptContext,
): AsyncGenerator<Uint8Array> {
  const until = clock.now() + patience;
  for (;;) {
    const found = await asOneOf(owners, object, s3);
    if (found !== undefined && !(found instanceof Failure)) {
      yield* upToLimits(found, limits);
      return;
    }
    if (clock.now() >= until) {
      if (found === undefined) return;
      throw unreadable(object, region, owners, found);
    }
    await clock.sleep(POLL_MS, signal);
  }
}

async function* upToLimits(
  bytes: AsyncIterable<Uint8Array>,
  limits: TranscriptLimits,
): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    yield piece;
    limits.count(piece.length);
    if (limits.isReached) return;
  }
}

/**
 * Reads the object as one of a bucket that belongs to one of these accounts. Undefined when it is not there; the
 * last denial when S3 denies it for every account.
 */
async function asOneOf(
  owners: readonly string[],
  object: ObjectName,
  s3: TranscriptContext["s3"],
): Promise<AsyncIterable<Uint8Array> | Failure | undefined> {
  let denial: Failure | undefined;
  for (const owner of owners.length === 0 ? [undefined] : owners) {
    try {
      return await s3.getObject({ ...object, owner });
    } catch (error) {
      if (!(error instanceof AccessDenied)) throw error;
      // When AWS names the right to the object itself, the object is there.
      if (error.isNamed && error.action === "s3:GetObject") throw error;
      denial = error;
    }
  }
  return denial;
}

/** A transcript that is not there or may not be read: S3 does not tell which. */
export class UnreadableLog extends Failure {}

function unreadable(
  { bucket, key }: ObjectName,
  region: string,
  owners: readonly string[],
  denial: Failure,
): UnreadableLog {
  return new UnreadableLog("no-status", {
    failed: `The transcript s3://${bucket}/${key} could not be read: either it is not there, or the credentials have no right to it.`,
    seen: `S3 says the same of both where 's3:ListBucket' on the bucket is missing: ${denial.seen}`,
    advice:
      `Allow 's3:GetObject' on ${s3Arn(region, bucket, key)}, and 's3:ListBucket' on ${s3Arn(region, bucket)} to tell the two apart. ` +
      "The agent uploads a transcript when the session is over: the image needs 'script' and 'cat', and the task role 's3:PutObject'." +
      (owners.length === 0
        ? ""
        : ` The bucket has to belong to the account ${owners.join(" or ")} ('bucket-owner').`),
    cause: denial,
  });
}
