import type { SessionLogOptions } from "../scenario.ts";
import type { Host } from "../time.ts";
import { accessDenied, AwsError } from "./aws-error.ts";
import type { Base } from "./base.ts";
import { LOG_GROUP, LOG_PREFIX } from "./names.ts";
import type { Bucket } from "./s3.ts";

/** The agent cuts a transcript on line ends into events of at most so many bytes, and sends four a second (cloudwatchlogspublisher). */
const EVENT_BYTES = 200_000;
const EVENTS_A_CALL = 4;
const CALL_EVERY_MS = 1_000;
/** The agent's upload to S3, in bytes a millisecond. */
const S3_BYTES_A_MS = 20_000;
/** Of an answer of GetLogEvents. */
const PAGE_BYTES = 1 << 20;

type Input = Readonly<Record<string, unknown>>;

/** Whose session is over, and where the agent is. */
export interface LoggedSession {
  readonly id: string;
  /** The agent's process of the session. */
  readonly host: Host;
  /** The container, as the faults name it. */
  readonly container: string;
  /** Milliseconds that a program takes to start there. */
  readonly pace: number;
  /** All that the terminal has shown. */
  readonly output: Buffer;
}

/** The logs of sessions: the transcripts that agents upload, a log group, and CloudWatch's answers about it. */
export class SessionLogs {
  /** The events of each session's stream, and when the last of them came. */
  readonly streams = new Map<string, { readonly events: readonly string[]; readonly at: number }>();
  readonly options: SessionLogOptions | undefined;
  readonly #base: Base;
  readonly #bucket: Bucket;

  constructor(base: Base, bucket: Bucket) {
    this.#base = base;
    this.#bucket = bucket;
    this.options = base.options.sessionLogs;
  }

  /** Uploads a transcript as the agent does at the end of a session: to S3, then to CloudWatch. Never resolves when the agent's process dies. */
  async upload({ id, host, container, pace, output }: LoggedSession): Promise<void> {
    const { time, timeline } = this.#base;
    const { options } = this;
    if (options === undefined) return;
    await time.sleep(host, 2 * pace + (options.delay ?? 0));
    if (options.hasScript === false) return;
    const text = transcriptOf(id, output, time.now);
    if (options.bucket) {
      await time.sleep(host, text.length / S3_BYTES_A_MS);
      if (!this.#base.isS3Away(container)) this.#bucket.put(`${LOG_PREFIX}/${id}.log`, text);
    }
    if (options.group === undefined) return;
    const events = cutIntoEvents(text);
    while (events.length > 0) {
      await time.sleep(host, CALL_EVERY_MS);
      if (options.group === "missing") return;
      const known = this.streams.get(id)?.events ?? [];
      this.streams.set(id, { events: [...known, ...events.splice(0, EVENTS_A_CALL)], at: time.now });
    }
    // The agent looks once more before it finds that nothing is left.
    await time.sleep(host, CALL_EVERY_MS);
    timeline.note("world", `the log of session ${id.slice(-6)} is uploaded`);
  }

  /** The answer of an operation of CloudWatch Logs. Fails as it does. */
  answer(operation: string, input: Input): unknown {
    if (operation !== "GetLogEvents") throw new Error(`the world has no logs:${operation}`);
    const { mayRead, group, emptyPages = 0 } = this.options ?? { mayRead: false };
    const stream = String(input["logStreamName"]);
    if (!mayRead) throw accessDenied("logs:GetLogEvents", stream);
    if (group !== "there" || input["logGroupName"] !== LOG_GROUP)
      throw notFound("The specified log group does not exist.");
    const events = this.streams.get(stream)?.events;
    if (events === undefined) throw notFound("The specified log stream does not exist.");
    const token = input["nextToken"] as string | undefined;
    const [from = 0, empty = 0] = token?.split("/").slice(1).map(Number) ?? [];
    const limit = (input["limit"] as number | undefined) ?? Infinity;
    // A page may be empty though more follows: then its token is a new one (GetLogEvents).
    const isEmpty = empty < emptyPages && from < events.length;
    const page = isEmpty ? [] : pageOf(events.slice(from), limit);
    const next = isEmpty ? `f/${from}/${empty + 1}` : `f/${from + page.length}/${empty}`;
    const timestamp = this.#base.time.now;
    return {
      events: page.map((message) => ({ message, timestamp, ingestionTime: timestamp })),
      ...{ nextForwardToken: next, nextBackwardToken: `b/${from}`, $metadata: {} },
    };
  }
}

function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", 400, message);
}

/** At least one event, and as many as a page has room for. */
function pageOf(events: readonly string[], limit: number): readonly string[] {
  let bytes = 0;
  const end = events.findIndex((event, at) => at > 0 && (bytes += event.length) > PAGE_BYTES);
  return events.slice(0, Math.min(limit, end < 0 ? events.length : end));
}

/** What `script` makes of a terminal's output: it shows it on a terminal of its own, which puts a CR before each LF. */
function transcriptOf(id: string, output: Buffer, now: number): Buffer {
  const at = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")}+00:00`;
  const command = `cat /var/lib/amazon/ssm/simulated/session/orchestration/${id}/InteractiveCommands/ipcTempFile.log`;
  const body = output.toString("latin1").replaceAll("\n", "\r\n");
  const text = `Script started on ${at} [COMMAND="${command}" <not executed on terminal>]\n${body}\nScript done on ${at} [COMMAND_EXIT_CODE="0"]\n`;
  return Buffer.from(text, "latin1");
}

/** The events of a transcript: each CR LF is an LF, and the last line end of an event is cut. */
function cutIntoEvents(text: Buffer): string[] {
  const events: string[] = [];
  let event = "";
  for (const line of text
    .toString("utf8")
    .replaceAll("\r\n", "\n")
    .match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    if (event !== "" && event.length + line.length > EVENT_BYTES) {
      events.push(event.replace(/\n$/, ""));
      event = "";
    }
    event += line;
  }
  if (event !== "") events.push(event.replace(/\n$/, ""));
  return events;
}
