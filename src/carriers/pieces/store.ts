import type { ObjectName, S3, StoredVersion } from "../../aws/s3.ts";
import { isVersion } from "../../aws/s3-deletes.ts";
import { unlessLate } from "../../waiting.ts";
import type { Clock } from "../../clock.ts";
import { asFailure, isDenied } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { largestObject, openPiece, sealPiece } from "./format.ts";
import {
  controlBody,
  controlNumber,
  type ControlWords,
  type FolderAccess,
  NO_WORDS,
  type OrderedFolder,
  parseControl,
} from "./orders.ts";
import type { ObjectToRead, ReadAnswer } from "./piece-events.ts";
import { PIECES_ALONE, type PieceLimits } from "./reader.ts";

/** A read that takes longer counts as failed. It is begun again when the reader wants that. */
const LONGEST_READ_MS = 10_000;
/** How long a container may write without a renewal, unless the credentials end earlier. */
const ACCESS_MS = 3_600_000;
/** The most bytes of `control` that are read. It has an access, and a line for each reader. */
export const LARGEST_CONTROL = 64 * 1024;
/** The most bytes of a POST: an object and the form around it. */
const LARGEST_POST = 9 * 1024 * 1024;

export type PieceS3 = Pick<
  S3,
  "getVersion" | "putObject" | "putIf" | "deleteVersion" | "presignGet" | "presignPost"
>;

/** The `control` of a folder, as it was read. */
export interface FoundControl {
  /** 0 when no holder of the keys has written one. */
  readonly number: number;
  readonly words: ControlWords;
  readonly version: StoredVersion | "absent";
}

/** What a look into a folder has found. */
export type FolderLook =
  | { readonly kind: "filled" }
  /** The container has uploaded nothing, or all of it has been deleted. */
  | { readonly kind: "empty" }
  /** S3 denies both reads. Without s3:ListBucket that is also its answer for an empty folder. */
  | Extract<ReadAnswer, { kind: "denied" }>;

export interface PieceStoreOptions {
  readonly bucket: string;
  /** The account that the bucket has to belong to, if known. */
  readonly owner: string | undefined;
  readonly kmsKeyId: string | undefined;
  /** When the credentials end, in milliseconds since the epoch, if known. */
  readonly credentialsEnd: number | undefined;
  /** Calls that a cancel does not cut short: the pieces also bring the end of a cancelled job. */
  readonly s3: PieceS3;
  readonly clock: Clock;
  readonly log: Log;
  /** The name of this reader in `control`, where other steps may follow the job, too. */
  readonly reader?: string | undefined;
  /** The longest pause between two looks for the next piece, in milliseconds; undefined: the reader's own. */
  readonly longestPause?: number | undefined;
  /** By default those of a job that is alone. */
  readonly limits?: PieceLimits | undefined;
}

/** The objects of one folder in the bucket. */
export class PieceStore {
  readonly folder: OrderedFolder;
  /** The name of this reader in `control`; undefined when no other step follows the job. */
  readonly reader: string | undefined;
  readonly longestPause: number | undefined;
  readonly limits: PieceLimits;
  readonly #options: PieceStoreOptions;
  readonly #over = new AbortController();
  /** The latest known version of each object that is overwritten, by the object's name. A bucket with versioning keeps the ones before it. */
  readonly #latest = new Map<string, string>();
  /** The number of the `control` that was written last. */
  #lastControl = 0;

  constructor(folder: OrderedFolder, options: PieceStoreOptions) {
    this.folder = folder;
    this.reader = options.reader;
    this.longestPause = options.longestPause;
    this.limits = options.limits ?? PIECES_ALONE;
    this.#options = options;
  }

  /** The folder as S3 names it. */
  get where(): string {
    return `s3://${this.#options.bucket}/${this.folder.prefix}`;
  }

  /** Ends the reads that are under way. */
  close(): void {
    this.#over.abort();
  }

  /** Never rejects. */
  async read(name: ObjectToRead): Promise<ReadAnswer> {
    const { s3, clock } = this.#options;
    const late = new AbortController();
    const signal = AbortSignal.any([this.#over.signal, late.signal]);
    try {
      const largest = largestObject(this.limits.size);
      const found = await unlessLate(s3.getVersion(this.#object(String(name)), largest, signal), {
        clock,
        signal: this.#over.signal,
        until: clock.now() + LONGEST_READ_MS,
        late: () => {
          late.abort();
          throw new Error(`S3 gave no answer within ${LONGEST_READ_MS / 1000} s`);
        },
      });
      if (found === undefined) return { kind: "missing" };
      if (name === "alive") void this.#replaceLatest("alive", found.versionId);
      return { kind: "found", bytes: found.bytes };
    } catch (error) {
      const why = error instanceof Error && !("seen" in error) ? error.message : asFailure(error).seen;
      return isDenied(error) ? { kind: "denied", why } : { kind: "failed", why };
    }
  }

  /** Looks whether the container has uploaded anything that can be read. Never rejects. */
  async look(): Promise<FolderLook> {
    const answers = await Promise.all([this.read(0), this.read("alive")]);
    if (answers.every(({ kind }) => kind === "missing")) return { kind: "empty" };
    const [first, second] = answers;
    return first.kind === "denied" && second.kind === "denied" ? first : { kind: "filled" };
  }

  /** What a container needs to write to the folder, and to read `control`. Fails when there are no credentials. */
  async access(): Promise<FolderAccess> {
    const { s3, clock, kmsKeyId, credentialsEnd = Infinity } = this.#options;
    const until = Math.min(clock.now() + ACCESS_MS, credentialsEnd);
    const seconds = Math.max(1, Math.floor((until - clock.now()) / 1000));
    const [post, control] = await Promise.all([
      s3.presignPost(this.#object(""), { seconds, largest: LARGEST_POST, kmsKeyId }),
      s3.presignGet(this.#object("control"), seconds),
    ]);
    return { post, control, until: Math.min(until, post.credentialsEnd ?? Infinity) };
  }

  /** Writes `control`, which nobody else writes. `confirmed` is the byte up to which the reader has the spool. */
  async writeControl(confirmed: number, words: ControlWords): Promise<void> {
    const { s3, kmsKeyId } = this.#options;
    const bytes = this.#nextControl(this.#lastControl, confirmed, words);
    const { versionId } = await s3.putObject(this.#object("control"), bytes, { kmsKeyId });
    void this.#replaceLatest("control", versionId);
  }

  /** Reads `control`. Fails when S3 can't be asked. */
  async readControl(): Promise<FoundControl> {
    const found = await this.#options.s3
      .getVersion(this.#object("control"), LARGEST_CONTROL)
      .catch(absentWhereDenied);
    if (found === undefined) return { number: 0, words: NO_WORDS, version: "absent" };
    const { bytes, etag, versionId } = found;
    const piece = openPiece(this.folder, bytes);
    const version = { etag, versionId };
    if (piece?.kind !== "control") return { number: 0, words: NO_WORDS, version };
    return { number: piece.number, words: parseControl(piece.body), version };
  }

  /** Writes `control` if it is still as it was found. Resolves with whether it was. */
  async replaceControl(
    { number, version }: Pick<FoundControl, "number" | "version">,
    confirmed: number,
    words: ControlWords,
  ): Promise<boolean> {
    const { s3, kmsKeyId } = this.#options;
    const written = await s3.putIf(
      this.#object("control"),
      this.#nextControl(number, confirmed, words),
      version,
      {
        kmsKeyId,
      },
    );
    if (written === undefined) return false;
    if (version !== "absent") this.#noteLatest("control", version.versionId);
    void this.#replaceLatest("control", written.versionId);
    return true;
  }

  #nextControl(last: number, begin: number, words: ControlWords): Buffer {
    const number = controlNumber(last, this.#options.clock.now());
    this.#lastControl = number;
    return sealPiece(this.folder, { kind: "control", number, begin, body: controlBody(words) });
  }

  /** Notes the version that is there, if the bucket keeps versions. */
  #noteLatest(name: string, versionId: string | undefined): void {
    if (isVersion(versionId)) this.#latest.set(name, versionId);
  }

  /** Notes the latest version, and deletes the one before it. Never rejects. */
  async #replaceLatest(name: string, versionId: string | undefined): Promise<void> {
    const { s3, log } = this.#options;
    const before = this.#latest.get(name);
    if (!isVersion(versionId) || versionId === before) return;
    this.#latest.set(name, versionId);
    if (before === undefined) return;
    try {
      await s3.deleteVersion(this.#object(name), before);
    } catch (error) {
      log.debug(`An old version of '${name}' is still there: ${asFailure(error).seen}`);
    }
  }

  #object(name: string): ObjectName {
    const { bucket, owner } = this.#options;
    return { bucket, owner, key: `${this.folder.prefix}${name}` };
  }
}

/** Without s3:ListBucket S3 denies the read of an object that does not exist. */
export function absentWhereDenied(error: unknown): undefined {
  if (!isDenied(error)) throw error;
}
