import { closeSync, readSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  ResourceAlreadyExistsException,
  ResourceNotFoundException,
} from "@aws-sdk/client-cloudwatch-logs";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { NO_ROLE_KEYS, type Keys } from "../keys.ts";
import { openInContainer } from "./container-files.ts";
import type { ContainerHandle } from "./container-handle.ts";
import { cutIntoEvents } from "./events.ts";
import { Pty, StartError, type ExitReport } from "./pty.ts";

/** Where a session's transcript goes: to a bucket, a log group, both, or nowhere. */
export interface TranscriptLogs {
  cloudWatchLogGroup?: string;
  s3Bucket?: string;
  s3KeyPrefix?: string;
  /** The session is refused unless the group has a KMS key. */
  cloudWatchEncryption?: boolean;
  /** The session is refused unless the bucket has default encryption. */
  s3Encryption?: boolean;
}

/** The same, with the endpoint and the credentials that the agent writes with. */
export interface TranscriptTarget extends TranscriptLogs {
  endpoint: string;
  region: string;
  /** Those of the task role. */
  credentials?: Keys;
}

/** Faults in the upload of a transcript. */
export interface TranscriptFaults {
  /** Milliseconds from the command's end to the first upload. A task that stops meanwhile uploads nothing. */
  readonly delay?: number;
  /** The object's fault. S3 stores a whole object or none, so `keep` cuts the transcript before the upload. */
  readonly s3?: TranscriptLoss;
  /** The events' fault. */
  readonly cloudWatch?: TranscriptLoss;
}

/** Nothing arrives, or only the first `keep` bytes. */
export type TranscriptLoss = "missing" | { readonly keep: number };

const EVENTS_PER_CALL = 4;
/** The agent uploads once a second, the first time after a second. */
const UPLOAD_INTERVAL = 1000;

/**
 * The log of a session. The terminal's output is written to a file in the container. After the command's end the
 * container's own `script` makes a transcript of it, which is uploaded to S3, then to CloudWatch Logs.
 */
export class Transcript {
  readonly #container: ContainerHandle;
  readonly #python: string;
  readonly #sessionId: string;
  readonly #target: TranscriptTarget;
  readonly #faults: { readonly transcripts: TranscriptFaults };
  readonly #log: (line: string) => void;
  readonly #directory: string;
  readonly #raw: number;

  /** Throws with the words of the session's failure when the file cannot be made. */
  constructor(
    container: ContainerHandle,
    python: string,
    sessionId: string,
    target: TranscriptTarget,
    faults: { readonly transcripts: TranscriptFaults },
    log: (line: string) => void,
  ) {
    this.#container = container;
    this.#python = python;
    this.#sessionId = sessionId;
    this.#target = target;
    this.#faults = faults;
    this.#log = log;
    this.#directory = `/var/lib/amazon/ssm/${container.runtimeId}/session/orchestration/${sessionId}/InteractiveCommands`;
    try {
      this.#raw = openInContainer(container.pid, this.#rawPath, "write");
    } catch (error) {
      const text = `encountered an error while creating file ${this.#rawPath}: ${String(error)}`;
      throw new Error(text, { cause: error });
    }
  }

  write(output: Uint8Array): void {
    writeSync(this.#raw, output);
  }

  close(): void {
    closeSync(this.#raw);
  }

  /** Makes and uploads the transcript. Rejects when the image has no `script`: then nothing is uploaded. */
  async finish(stopped: AbortSignal): Promise<void> {
    const path = `${this.#directory}/${this.#sessionId}.log`;
    await this.#generate(path);
    const text = readInContainer(this.#container.pid, path);
    const { s3Bucket, cloudWatchLogGroup } = this.#target;
    const { delay, s3, cloudWatch } = this.#faults.transcripts;
    if (delay !== undefined) {
      await sleep(delay, undefined, { signal: stopped }).catch(() => undefined);
      if (stopped.aborted) return;
    }
    if (s3Bucket !== undefined && s3 !== "missing") await this.#uploadToS3(s3Bucket, applyLoss(text, s3));
    if (cloudWatchLogGroup !== undefined && cloudWatch !== "missing") {
      await this.#uploadToCloudWatch(cloudWatchLogGroup, applyLoss(text, cloudWatch), stopped);
    }
  }

  async #generate(path: string): Promise<void> {
    const withFlag = await this.#run(["script", path, "-c", `cat ${this.#rawPath}`]);
    if (withFlag.status === 0) return;
    // BSD's `script` has no flag -c.
    const withoutFlag = await this.#run(["script", path, "cat", this.#rawPath]);
    if (withoutFlag.status === 0) return;
    const tries = `${withFlag.stderr}\n${withoutFlag.stderr}`;
    throw new Error(
      `unable to generate log data: Failed to generate transcript with the following errors:\n${tries}`,
    );
  }

  /** The exit status, and the text of Go's `exec.ExitError`. */
  async #run(argv: readonly string[]): Promise<ExitReport> {
    try {
      const done = await Pty.run(this.#container, this.#python, { argv, env: this.#container.env });
      return { status: done.status, stderr: `exit status ${done.status}: ${done.stderr}` };
    } catch (error) {
      if (error instanceof StartError) return { status: -1, stderr: `${error.message}: ` };
      throw error;
    }
  }

  async #uploadToS3(bucket: string, text: Buffer): Promise<void> {
    const { endpoint, credentials = NO_ROLE_KEYS, s3KeyPrefix } = this.#target;
    const region = await this.#regionOf(bucket);
    const key = [s3KeyPrefix ?? "", `${this.#sessionId}.log`].filter((part) => part !== "").join("/");
    const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true });
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key.replaceAll(":", ""),
          Body: text,
          ContentType: "text/plain",
          ACL: "bucket-owner-full-control",
        }),
      );
    } catch (error) {
      this.#log(`agent: ${this.#sessionId}: failed to upload the session log to S3: ${String(error)}`);
    } finally {
      client.destroy();
    }
  }

  /**
   * The bucket's region as S3 names it to a caller without credentials, else the task's region (amazon-ssm-agent:
   * s3util.GetBucketRegion).
   */
  async #regionOf(bucket: string): Promise<string> {
    const { endpoint, region } = this.#target;
    const { headers } = await fetch(`${endpoint}/${bucket}`, { method: "HEAD" });
    return headers.get("x-amz-bucket-region") ?? region;
  }

  /** Gives up when the log stream can't be made or the group is missing; tries again after other errors until the task stops. */
  async #uploadToCloudWatch(logGroupName: string, text: Buffer, stopped: AbortSignal): Promise<void> {
    const { endpoint, region, credentials = NO_ROLE_KEYS } = this.#target;
    const client = new CloudWatchLogsClient({ endpoint, region, credentials });
    const stream = { logGroupName, logStreamName: this.#sessionId };
    const events = cutIntoEvents(text);
    let made = false;
    try {
      while (events.length > 0) {
        await sleep(UPLOAD_INTERVAL, undefined, { signal: stopped }).catch(() => undefined);
        if (stopped.aborted) return;
        const timestamp = Date.now();
        const logEvents = events.slice(0, EVENTS_PER_CALL).map((message) => ({ message, timestamp }));
        try {
          if (!made) await client.send(new CreateLogStreamCommand(stream)).catch(unlessItExists);
          made = true;
          await client.send(new PutLogEventsCommand({ ...stream, logEvents }));
          events.splice(0, logEvents.length);
        } catch (error) {
          this.#log(
            `agent: ${this.#sessionId}: failed to upload the session log to CloudWatch: ${String(error)}`,
          );
          if (!made || error instanceof ResourceNotFoundException) return;
        }
      }
      // AWS's agent waits once more before it finds that nothing is left to upload.
      await sleep(UPLOAD_INTERVAL, undefined, { signal: stopped }).catch(() => undefined);
    } finally {
      client.destroy();
    }
  }

  get #rawPath(): string {
    return `${this.#directory}/ipcTempFile.log`;
  }
}

/** The most bytes of a transcript that are uploaded. Root of the container may make the file as large as it likes. */
const MOST_BYTES = 256 * 2 ** 20;
const CHUNK = 2 ** 20;

function readInContainer(pid: number, path: string): Buffer {
  const file = openInContainer(pid, path, "read");
  try {
    return readUpTo(file, MOST_BYTES);
  } finally {
    closeSync(file);
  }
}

/** The first bytes of a file, `most` at most. */
export function readUpTo(file: number, most: number): Buffer {
  const pieces: Buffer[] = [];
  for (let left = most; left > 0;) {
    const piece = Buffer.alloc(Math.min(CHUNK, left));
    // All arguments: graceful-fs, which another test of the same process may have put over node:fs, takes a length that is left out for 0.
    const read = readSync(file, piece, 0, piece.length, null);
    if (read === 0) break;
    pieces.push(piece.subarray(0, read));
    left -= read;
  }
  return Buffer.concat(pieces);
}

function applyLoss(text: Buffer, loss: { readonly keep: number } | undefined): Buffer {
  return loss === undefined ? text : text.subarray(0, loss.keep);
}

function unlessItExists(error: unknown): void {
  if (!(error instanceof ResourceAlreadyExistsException)) throw error;
}
