import type { ExecConfiguration } from "../aws/ecs.ts";
import type { Logs } from "../aws/logs.ts";
import type { S3 } from "../aws/s3.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";

/** Where ECS Exec leaves the transcript of a session. */
export interface LogPlace {
  /** For people: the stream or the object. */
  readonly name: string;
  /** Empty for a transcript in S3. */
  readonly group: string;
  readonly stream: string;
  /** The console's page of it; empty for a transcript in S3. */
  readonly url: string;
}

/** The agent uploads a transcript seconds after the session's end; this long we wait for it. */
const PATIENCE_MS = 90_000;
const POLL_MS = 1_000;

export function cloudWatchPlace(group: string, sessionId: string, region: string): LogPlace {
  const host = region.startsWith("cn-")
    ? "console.amazonaws.cn"
    : region.startsWith("us-gov-")
      ? "console.amazonaws-us-gov.com"
      : "console.aws.amazon.com";
  // The console escapes twice, with a $ for the outer %.
  const escape = (text: string): string => encodeURIComponent(encodeURIComponent(text)).replaceAll("%", "$");
  return {
    name: `${group}/${sessionId}`,
    group,
    stream: sessionId,
    url:
      `https://${region}.${host}/cloudwatch/home?region=${region}` +
      `#logsV2:log-groups/log-group/${escape(group)}/log-events/${escape(sessionId)}`,
  };
}

/** The log that people are pointed to; undefined where the cluster logs no sessions to a place of its own. */
export function logPlace(
  exec: ExecConfiguration | undefined,
  sessionId: string,
  region: string,
): LogPlace | undefined {
  if (exec?.cloudWatchLogGroup !== undefined)
    return cloudWatchPlace(exec.cloudWatchLogGroup, sessionId, region);
  if (exec?.s3Bucket === undefined) return undefined;
  return { name: `s3://${exec.s3Bucket}/${s3Key(exec, sessionId)}`, group: "", stream: "", url: "" };
}

/** Fails with `logs-not-configured` where output is to be read from a log that the cluster doesn't write. */
export function requireLog(logs: "cloudwatch" | "s3", exec: ExecConfiguration, cluster: string): void {
  const place = logs === "cloudwatch" ? exec.cloudWatchLogGroup : exec.s3Bucket;
  if (place !== undefined) return;
  const setting = logs === "cloudwatch" ? "cloudWatchLogGroupName" : "s3BucketName";
  throw new Failure("logs-not-configured", {
    failed: `Input 'logs' is '${logs}', but the cluster '${cluster}' does not log its ECS Exec sessions there.`,
    seen: `Its executeCommandConfiguration has logging ${exec.logging} and no ${setting}.`,
    advice: `Set logging to OVERRIDE with a ${setting} in the cluster's executeCommandConfiguration, or use 'logs: auto'.`,
  });
}

/** What the agent uploaded of this session, as it arrives; see `cloudWatchTranscript` and `s3Transcript`. */
export function transcript(
  from: "cloudwatch" | "s3",
  exec: ExecConfiguration,
  sessionId: string,
  context: {
    readonly logs: Pick<Logs, "page">;
    readonly s3: Pick<S3, "getObject">;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): AsyncIterable<Uint8Array> {
  const { logs, s3, clock, signal } = context;
  return from === "cloudwatch"
    ? cloudWatchTranscript(logs, { group: exec.cloudWatchLogGroup ?? "", stream: sessionId }, clock, signal)
    : s3Transcript(s3, { bucket: exec.s3Bucket ?? "", key: s3Key(exec, sessionId) }, clock, signal);
}

function s3Key(exec: Pick<ExecConfiguration, "s3Prefix">, sessionId: string): string {
  const prefix = exec.s3Prefix?.replace(/\/$/, "");
  return `${prefix ? `${prefix}/` : ""}${sessionId}.log`;
}

/**
 * The bytes of a transcript in CloudWatch, as they arrive. Its events are pieces of one text, cut at line ends
 * which are not in them. Ends when nothing has come for a minute and a half; the reader stops when it has enough.
 */
export async function* cloudWatchTranscript(
  logs: Pick<Logs, "page">,
  place: { readonly group: string; readonly stream: string },
  clock: Clock,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let from: string | undefined;
  let first = true;
  let until = clock.now() + PATIENCE_MS;
  while (clock.now() < until) {
    const page = await logs.page(place, from);
    for (const event of page?.events ?? []) {
      yield Buffer.from(first ? event.message : `\n${event.message}`);
      first = false;
      until = clock.now() + PATIENCE_MS;
    }
    from = page?.next ?? from;
    if (page === undefined || page.last) await clock.sleep(POLL_MS, signal);
  }
}

/** The bytes of a transcript in S3, which is there whole or not at all; ends after a minute and a half without it. */
export async function* s3Transcript(
  s3: Pick<S3, "getObject">,
  object: { readonly bucket: string; readonly key: string },
  clock: Clock,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (const until = clock.now() + PATIENCE_MS; clock.now() < until; await clock.sleep(POLL_MS, signal)) {
    const body = await s3.getObject(object);
    if (body === undefined) continue;
    yield* body;
    return;
  }
}
