import type { ExecConfiguration } from "../aws/ecs.ts";
import type { Logs } from "../aws/logs.ts";
import type { S3 } from "../aws/s3.ts";
import type { Clock } from "../clock.ts";

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

export function s3Key(exec: Pick<ExecConfiguration, "s3Prefix">, sessionId: string): string {
  return `${exec.s3Prefix ? `${exec.s3Prefix.replace(/\/$/, "")}/` : ""}${sessionId}.log`;
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
