import { logRetention } from "../aws/s3-retention.ts";
import type { ObjectName, S3, StoredVersion } from "../aws/s3.ts";
import type { Clock } from "../clock.ts";
import { Failure, isDenied } from "../errors.ts";
import type { Log } from "../log.ts";
import { OldVersions } from "../aws/old-versions.ts";
import { isVersion } from "../aws/s3-deletes.ts";
import { claimOf, EMPTY, LARGEST_QUEUE, parseQueue, type Queue, split, writeQueue } from "./queue-state.ts";

/**
 * Denied reads in a row after which the right is taken to be missing. Without s3:ListBucket S3 also denies a read of
 * an object that is not there.
 */
const DENIALS = 3;
/** The pause after a swap that was lost to another run is random, up to this limit. The limit doubles with each lost swap. */
const FIRST_PAUSE_MS = 60;
const LONGEST_PAUSE_MS = 1_000;
/**
 * The most swaps that one change loses, in four minutes and more. Each lost swap is one that another run has won, so no run of a
 * matrix loses so many. A principal that writes the object again and again must not keep a step from its end.
 */
const MOST_LOST = 500;
/** The most versions below the last one that are looked for once the queue is empty. */
const MOST_UNCOVERED = 5;
/** How much older than a moment a version has to look to be from before it: S3 tells whole seconds, and its servers' clocks may differ. */
const SURELY_OLDER_MS = 2_000;

export type QueueS3 = Pick<S3, "getVersion" | "putIf" | "deleteIf" | "deleteObject" | "deleteVersion">;

export interface QueueObjectOptions {
  readonly object: ObjectName;
  readonly kmsKeyId: string | undefined;
  readonly s3: QueueS3;
  readonly clock: Pick<Clock, "now" | "sleep" | "random">;
  readonly log: Log;
  /** From 0 up to 1. */
  readonly random?: (() => number) | undefined;
}

/** The queue as it was read, with the time by S3's clock. */
export interface FoundQueue {
  readonly queue: Queue;
  readonly now: number;
  readonly version: StoredVersion;
}

/** A queue that was just read. */
interface ReadQueue extends FoundQueue {
  /** For how many milliseconds S3 has had this version, in whole seconds. */
  readonly age: number;
}

/** What `step` makes of the queue. Without `queue` the object stays as it is. */
export interface Change<Result> {
  readonly queue?: Queue;
  readonly result: Result;
  /** The run that leaves the queue by this change. */
  readonly leaver?: string;
}

export interface ChangeOptions {
  /**
   * What to assume at first. `absent`: there is no queue. `last`: the queue is as this run wrote it last, if no other run was
   * in it. A right guess saves the wait for a read.
   */
  readonly assume?: "absent" | "last";
  /** What a denied read means. `absent`: there is no queue. `fails`: the change fails. */
  readonly denied: "absent" | "fails";
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether S3 has refused to replace this version, and has it all the same: what had replaced it was deleted. Only a run that leaves an empty queue does
 * that, so every run in this version has left, or has lost its claim.
 */
function isUncovered(found: FoundQueue | undefined, refused: StoredVersion | undefined): found is FoundQueue {
  const id = found?.version.versionId;
  return isVersion(id) && id === refused?.versionId;
}

/** The queue of a container as an object in the bucket, which every run changes by compare-and-swap. */
export class QueueObject {
  readonly #options: QueueObjectOptions;
  readonly #old: OldVersions;
  #last: FoundQueue | undefined;
  /** What was read last. A run in line reads the same version many times. */
  #parsed: { readonly etag: string; readonly modified: number; readonly queue: Queue } | undefined;

  constructor(options: QueueObjectOptions) {
    this.#options = options;
    this.#old = new OldVersions({ object: options.object, s3: options.s3, log: options.log });
  }

  /**
   * Reads the queue and writes what `step` makes of it, until no other run has changed it in between. `step` gets
   * undefined when there is no queue, and has to give the same answer for the same queue. An abort between two tries
   * throws its reason. Fails when each of `MOST_LOST` swaps was lost.
   */
  async change<Result>(
    step: (found: FoundQueue | undefined) => Change<Result>,
    { assume, denied, signal }: ChangeOptions,
  ): Promise<Result> {
    const { clock, random = clock.random.fraction } = this.#options;
    let known = assume === "last" ? this.#last : undefined;
    if (assume === "absent") {
      const first = step(undefined);
      const created = first.queue && (await this.#create(first.queue));
      if (created === "created") return first.result;
      known = created;
    }
    let refused: StoredVersion | undefined;
    for (let tries = 0, denials = 0; ; tries += 1, known = undefined) {
      let found = known;
      try {
        found ??= await this.#read();
        denials = 0;
      } catch (error) {
        if (!isDenied(error) || denied === "fails" || ++denials === DENIALS) throw error;
      }
      // S3 also refuses the repetition of a write whose answer was lost. This run then has to delete the version that it
      // has replaced. Another run that replaced the version deletes it, too.
      if (refused?.versionId !== found?.version.versionId) void this.#old.remove(refused?.versionId);
      const { queue, result, leaver } = step(
        isUncovered(found, refused) ? { ...found, queue: EMPTY } : found,
      );
      if (queue === undefined || (await this.#swap(queue, found, leaver))) return result;
      refused = found?.version;
      signal?.throwIfAborted();
      if (tries >= MOST_LOST) throw this.#alwaysLost();
      if (known === undefined)
        await clock.sleep(random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries), signal);
    }
  }

  #alwaysLost(): Failure {
    const { bucket, key } = this.#options.object;
    return new Failure("aws-error", {
      failed: `The queue s3://${bucket}/${key} could not be changed.`,
      seen: `Others have written it just before this run, ${MOST_LOST} times in a row.`,
      advice:
        "Look at the bucket's access log for the principal that writes there. Only the roles that run scripts need 's3:PutObject' on the prefix.",
    });
  }

  /**
   * Writes a queue when there is none; else returns the one there, if it could be read. Both calls are made at once. A
   * run without the right to read could not renew its claim, so it must not keep one: then it fails.
   */
  async #create(queue: Queue): Promise<"created" | FoundQueue | undefined> {
    const { object, s3 } = this.#options;
    const reading = this.#read().catch(() => "failed" as const);
    const written = await this.#put(queue, undefined);
    const found = await reading;
    if (written === undefined) return found === "failed" ? undefined : found;
    if (found === "failed") {
      await this.#read().catch(async (error: unknown) => {
        await s3.deleteObject({ ...object, ...written });
        throw error;
      });
    }
    return "created";
  }

  async #read(): Promise<ReadQueue | undefined> {
    const { object, s3 } = this.#options;
    const found = await s3.getVersion(object, LARGEST_QUEUE);
    if (found === undefined) return undefined;
    const { bytes, modified, age, etag, versionId } = found;
    if (this.#parsed?.etag !== etag || this.#parsed.modified !== modified)
      this.#parsed = { etag, modified, queue: parseQueue(bytes, modified) };
    return { queue: this.#parsed.queue, now: modified + age, age, version: { etag, versionId } };
  }

  /** False when the queue is no longer as it was found. */
  async #swap(queue: Queue, found: FoundQueue | undefined, leaver: string | undefined): Promise<boolean> {
    if (queue.claims.length === 0) return found === undefined || (await this.#remove(found, leaver));
    return (await this.#put(queue, found?.version)) !== undefined;
  }

  async #put(queue: Queue, replaced: StoredVersion | undefined): Promise<StoredVersion | undefined> {
    const { object, s3, kmsKeyId, clock } = this.#options;
    const bytes = writeQueue(queue, clock.random.bytes(4).toString("hex"));
    const written = await s3.putIf(object, bytes, replaced ?? "absent", { kmsKeyId });
    if (written !== undefined) void this.#old.remove(replaced?.versionId);
    const isAlone = queue.claims.length === 1 && written !== undefined;
    // At time 0 no claim has lapsed.
    this.#last = isAlone ? { queue, now: 0, version: written } : undefined;
    return written;
  }

  /**
   * Removes the queue. S3 deletes a version whether or not it is the current one. So in a bucket with versioning the run
   * first swaps in an empty queue, which any other run may replace, and then deletes that version.
   */
  async #remove({ version, queue }: FoundQueue, leaver: string | undefined): Promise<boolean> {
    const { object, s3, clock, log } = this.#options;
    if (!isVersion(version.versionId)) {
      try {
        return (await s3.deleteIf(object, { etag: version.etag })).deleted;
      } catch (error) {
        if (!isDenied(error)) throw error;
        const isEmptied = (await this.#put(EMPTY, version)) !== undefined;
        if (isEmptied) log.info(`The empty queue s3://${object.bucket}/${object.key} stays. ${error.failed}`);
        return isEmptied;
      }
    }
    const since = clock.now();
    const empty = await this.#put(EMPTY, version);
    if (empty === undefined) return false;
    // While an older version is there, deleting this one would bring it back. A delete marker does not.
    const areGone = await this.#old.areGone();
    const { kept } = await s3.deleteIf(object, areGone ? empty : { etag: empty.etag });
    logRetention(log, object, kept);
    if (areGone && kept === undefined) await this.#removeUncovered({ last: queue, since, leaver });
    return true;
  }

  /**
   * Removes versions that another run, or a killed process of this one, has replaced and could not delete. A run in a version that is older than
   * `since` has left since then, or has lost its claim. Stops at a version that may be newer and has a run which is not in `last` either.
   */
  async #removeUncovered({ last, since, leaver }: Emptied): Promise<void> {
    const { object, s3, clock } = this.#options;
    for (let count = 0; count < MOST_UNCOVERED; count += 1) {
      const found = await this.#read().catch((error: unknown) => {
        if (!isDenied(error)) throw error;
        return undefined;
      });
      if (found === undefined || !isVersion(found.version.versionId)) return;
      const isOlder = found.age > clock.now() - since + SURELY_OLDER_MS;
      const { live } = split(found.queue, found.now);
      if (!isOlder && !live.claims.every(({ run }) => run === leaver || claimOf(last, run) !== undefined))
        return;
      await s3.deleteVersion(object, found.version.versionId);
    }
  }
}

/** A queue that the last run has emptied. */
interface Emptied {
  readonly last: Queue;
  /** When it was not yet empty, in milliseconds since the epoch. */
  readonly since: number;
  readonly leaver: string | undefined;
}
