import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { tellWhile } from "../waiting.ts";
import type { SessionLogs } from "../ready/session-logs.ts";

/**
 * Bytes of events that the agent sends to CloudWatch Logs in a call, once a second (amazon-ssm-agent:
 * cloudwatchlogspublisher).
 */
const BYTES_A_CALL = 4 * 200_000;
const CALL_EVERY_MS = 1_000;
/** The rate of the upload to S3 on a slow network. */
const S3_BYTES_A_SECOND = 5_000_000;
/** Before the upload the agent makes the transcript by `script`. It makes each line a byte longer. */
const MARGIN_MS = 2_000;
const LONGER = 1.1;
/** The most bytes that a command prints between the loss of its connection and the end of its session. */
const UNHEARD_BYTES = 1_000_000;

/**
 * The longest time, in milliseconds, that the agent takes to upload the transcript of a session with this many bytes
 * of output: to S3, then to CloudWatch Logs. Until then the session keeps its seat in the container. `logs` is
 * undefined when it is not known whether sessions are logged.
 */
export function uploadMs(bytes: number, logs: SessionLogs | undefined): number {
  const toS3 = logs?.some(({ kind }) => kind === "s3");
  const toCloudWatch = logs === undefined || logs.some(({ kind }) => kind === "cloudwatch");
  if (!toS3 && !toCloudWatch) return 0;
  const size = bytes * LONGER;
  const calls = Math.ceil(size / BYTES_A_CALL);
  return (
    MARGIN_MS +
    (toS3 ? (size / S3_BYTES_A_SECOND) * 1_000 : 0) +
    // The agent makes one more call, which finds the end.
    (toCloudWatch ? (calls + 1) * CALL_EVERY_MS : 0)
  );
}

/** What the upload of a session's log depends on. */
export interface LoggedSession {
  /** Bytes of its output. */
  readonly received: number;
  readonly ended: Promise<{ readonly kind: "closed" | "lost" | "closed-here" }>;
}

/** For how long one job's sessions occupy the agent. It uploads the log of a session when that has ended. */
export class Uploads {
  readonly #clock: Clock;
  /** When each session's seat is free, in milliseconds since the epoch. */
  readonly #freeAt: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts the upload of this session to these logs from the session's end. */
  expect(session: LoggedSession, logs: SessionLogs | undefined): void {
    void session.ended.then(({ kind }) => {
      const bytes = session.received + (kind === "lost" ? UNHEARD_BYTES : 0);
      this.#freeAt.push(this.#clock.now() + uploadMs(bytes, logs));
    });
  }

  /** Counts a session that can't be seen, and has ended by `until`, in milliseconds since the epoch. */
  occupy(until: number): void {
    this.#freeAt.push(until);
  }

  /** When at most `some` sessions still occupy the agent, in milliseconds since the epoch. */
  doneAt(some = 0): number {
    return this.#freeAt.toSorted((a, b) => b - a)[some] ?? 0;
  }

  /**
   * Waits while the uploads of two sessions occupy the agent. It runs one or two sessions and queues one more; a
   * further one would block it for good. An abort throws its reason.
   */
  async waitForSeat({ log, signal }: { readonly log: Log; readonly signal: AbortSignal }): Promise<void> {
    const ms = this.doneAt(1) - this.#clock.now();
    if (ms <= 0) return;
    log.info(
      `The exec agent still uploads the logs of two sessions; the next one waits ${seconds(ms)} s for that.`,
    );
    const uploads = "the exec agent, which uploads the logs of two sessions";
    await tellWhile(uploads, { clock: this.#clock, log }, this.#clock.sleep(ms, signal));
  }
}

export function seconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}
