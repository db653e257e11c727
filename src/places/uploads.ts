import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { SessionLogs } from "../ready/session-logs.ts";

/** Of events to CloudWatch Logs, once a second (amazon-ssm-agent: cloudwatchlogspublisher). */
const BYTES_A_CALL = 4 * 200_000;
const CALL_EVERY_MS = 1_000;
/** Of the one object in S3, on a slow network. */
const S3_BYTES_A_SECOND = 5_000_000;
/** `script` makes the transcript first, in which each line is a byte longer. */
const MARGIN_MS = 2_000;
const LONGER = 1.1;
/** Of a session whose connection was lost: what its command printed until the session was ended. */
const UNHEARD_BYTES = 1_000_000;

/**
 * How long the agent uploads the transcript of a session that carried so many bytes, at the most: to S3, then to
 * CloudWatch Logs. Until that has ended the session has its place in the container. `logs` is undefined where it isn't
 * known whether sessions are logged.
 */
export function uploadMs(bytes: number, logs: SessionLogs | undefined): number {
  const toS3 = logs?.s3Bucket !== undefined;
  const toCloudWatch = logs === undefined || logs.cloudWatchLogGroup !== undefined;
  if (!toS3 && !toCloudWatch) return 0;
  const size = bytes * LONGER;
  const calls = Math.ceil(size / BYTES_A_CALL);
  return (
    MARGIN_MS +
    (toS3 ? (size / S3_BYTES_A_SECOND) * 1_000 : 0) +
    // One more look at the end, to see that there is no more.
    (toCloudWatch ? (calls + 1) * CALL_EVERY_MS : 0)
  );
}

/** A session as its upload depends on it. */
interface LoggedSession {
  /** Bytes of its output. */
  readonly received: number;
  readonly ended: Promise<{ readonly kind: "closed" | "lost" | "detached" }>;
}

/** The sessions of one job, whose transcripts the agent uploads when they have ended. */
export class Uploads {
  readonly #logs: SessionLogs | undefined;
  readonly #clock: Clock;
  /** When each session's place is free, in milliseconds since the epoch. */
  readonly #freeAt: number[] = [];

  constructor(logs: SessionLogs | undefined, clock: Clock) {
    this.#logs = logs;
    this.#clock = clock;
  }

  /** The session's upload is waited for, once the session has ended. */
  expect(session: LoggedSession): void {
    void session.ended.then(({ kind }) => {
      const bytes = session.received + (kind === "lost" ? UNHEARD_BYTES : 0);
      this.#freeAt.push(this.#clock.now() + uploadMs(bytes, this.#logs));
    });
  }

  /** When all have been uploaded but `some`, which still may be under way, in milliseconds since the epoch. */
  doneAt(some = 0): number {
    return this.#freeAt.toSorted((a, b) => b - a)[some] ?? 0;
  }

  /**
   * Waits while two sessions of the job still have their places: the agent runs one or two and queues one more, and one
   * beyond that would block it for good. An abort throws its reason.
   */
  async place({ log, signal }: { readonly log: Log; readonly signal: AbortSignal }): Promise<void> {
    const ms = this.doneAt(1) - this.#clock.now();
    if (ms <= 0) return;
    log.info(
      `The exec agent still uploads the logs of two sessions; the next one waits ${seconds(ms)} s for that.`,
    );
    await this.#clock.sleep(ms, signal);
  }
}

export function seconds(ms: number): number {
  return Math.ceil(ms / 1_000);
}
