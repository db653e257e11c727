import type { ObjectName, StoredVersion } from "../../../aws/s3.ts";
import { Failure } from "../../../errors.ts";
import type { Log } from "../../../log.ts";
import { OldVersions } from "../../../aws/old-versions.ts";
import type { QueueS3 } from "../../../queue/queue-object.ts";
import { MOST } from "./fields.ts";
import { type ItemRecord, LARGEST_RECORD, parseRecord, writeRecord } from "./record.ts";

/** How often the step tries to replace a record that changes at each try. */
const TRIES = 5;

export interface StoredRecordOptions {
  readonly object: ObjectName;
  readonly kmsKeyId: string | undefined;
  readonly s3: Pick<QueueS3, "getVersion" | "putIf" | "deleteVersion">;
  readonly log: Log;
}

/** The object of a record, which this step replaces by compare-and-swap. */
export class StoredRecord {
  readonly #options: StoredRecordOptions;
  /** What this step replaces; `absent`: there is no object; undefined: what is there was not read. */
  #replaced: StoredVersion | "absent" | undefined;
  #isRefused = false;

  constructor(options: StoredRecordOptions) {
    this.#options = options;
  }

  /** True when nothing was there at the last look, and nothing was written since. */
  get isAbsent(): boolean {
    return this.#replaced === "absent";
  }

  /** True when S3 has refused a write, since the object has changed, and has not told yet who has written it. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** As in `s3://bucket/key`. */
  get name(): string {
    const { bucket, key } = this.#options.object;
    return `s3://${bucket}/${key}`;
  }

  /** Nothing can be there yet, so nothing is read before the first write. */
  assumeAbsent(): void {
    this.#replaced = "absent";
  }

  /** The record that is there, for a list of `total` items: `absent` without an object, undefined when its bytes are none. */
  async read(total: number, signal?: AbortSignal): Promise<ItemRecord | "absent" | undefined> {
    const { s3, object } = this.#options;
    const found = await s3.getVersion(object, LARGEST_RECORD, signal);
    this.#replaced = found ?? "absent";
    return found === undefined ? "absent" : parseRecord(found.bytes, total);
  }

  /** Puts this record in the place of the last one. False when another step of its attempt, or whatever else, has written the object. */
  async replace(record: ItemRecord): Promise<boolean> {
    const { s3, log, object } = this.#options;
    if (this.#replaced === undefined) {
      const found = await this.read(MOST.items);
      if (found !== undefined && found !== "absent" && found.attempt >= record.attempt) return false;
    }
    for (let tries = 0; tries < TRIES; tries += 1) {
      const replaced = this.#replaced ?? "absent";
      const written = await s3.putIf(object, writeRecord(record), replaced, this.#options);
      if (written !== undefined) {
        this.#replaced = written;
        if (replaced !== "absent") void new OldVersions({ object, s3, log }).remove(replaced.versionId);
        return true;
      }
      // The answer to an earlier write may be lost: then the object is this step's own, and may lack what is new.
      this.#isRefused = true;
      const found = await this.read(MOST.items);
      this.#isRefused = false;
      if (found === undefined || found === "absent") return false;
      if (found.attempt !== record.attempt || found.writer !== record.writer) return false;
    }
    throw this.#neverReplaced();
  }

  /** Writes this record, which says that nothing is to be trusted, over whatever is there, unless that says so of its attempt, too. */
  async mark(record: ItemRecord): Promise<void> {
    const { s3, object } = this.#options;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const found = await this.read(MOST.items);
      const isMarked = found !== undefined && found !== "absent" && found.isContested;
      if (isMarked && found.attempt >= record.attempt) return;
      const marked = await s3.putIf(object, writeRecord(record), this.#replaced ?? "absent", this.#options);
      if (marked !== undefined) return;
    }
    throw this.#neverReplaced();
  }

  #neverReplaced(): Failure {
    return new Failure("aws-error", {
      failed: `${this.name} can't be written.`,
      seen: `Another step has changed it at each of ${TRIES} tries.`,
      advice: "Give one of the steps with the same script, items and inputs an 'env' of its own.",
    });
  }
}
