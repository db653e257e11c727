import { createHash } from "node:crypto";
import type { BucketName, S3 } from "../aws/s3.ts";
import { unlessLate } from "../bounded.ts";
import type { Clock } from "../clock.ts";
import { asFailure } from "../errors.ts";

/** The most bytes of a part (`payload/container/parts.py`). */
export const LARGEST_PART = 8 * 1024 * 1024;
/** A read that takes longer counts as failed. */
const LONGEST_READ_MS = 20_000;
/** For how long the read of a part is tried again. What the container has uploaded is there at once (S3's consistency model). */
const GIVEN_UP_MS = 30_000;
const AGAIN_MS = 1_000;
/** How long after a cancelled job's end its parts are still read. */
export const LAST_PARTS_MS = 300;

/**
 * A part of the archive of artifacts: an object of its own in the folder of an order. The spool has its SHA-256, which is as authentic as
 * the output. Another principal who may write to the bucket can delete or replace the object, but not forge it.
 */
export interface ArchivePart {
  /** The name of the order's folder, 32 hex digits. */
  readonly job: string;
  readonly number: number;
  /** In bytes. */
  readonly length: number;
  /** In hex. */
  readonly sha256: string;
}

/** The folder of the parts, below that of the output. */
export function partsPrefix(outputPrefix: string): string {
  return `${outputPrefix}parts/`;
}

export interface PartReaderOptions {
  /** Calls that a cancel does not cut short. */
  readonly s3: Pick<S3, "getVersion">;
  readonly clock: Clock;
  /** Where the output of this folder is; undefined for a folder that this step does not read. */
  readonly folderOf: (job: string) => (BucketName & { readonly prefix: string }) | undefined;
  /** Aborts when nothing more is to be read. */
  readonly over: AbortSignal;
}

/** Reads one part. Fails with an `Error` whose message is a clause, when the part is not there or is not what the container has uploaded. */
export async function readPart(part: ArchivePart, options: PartReaderOptions): Promise<Buffer> {
  const { clock, over } = options;
  const until = clock.now() + GIVEN_UP_MS;
  for (;;) {
    const found = await tryPart(part, options);
    if (typeof found !== "string") return found;
    if (over.aborted || clock.now() >= until)
      throw new Error(`part ${part.number} of the archive can't be read from S3: ${found}`);
    await clock.sleep(AGAIN_MS, over).catch(() => undefined);
  }
}

/** The bytes of the part, or a clause that says why there are none. */
async function tryPart(
  { job, number, length, sha256 }: ArchivePart,
  { s3, clock, folderOf, over }: PartReaderOptions,
): Promise<Buffer | string> {
  const folder = folderOf(job);
  if (folder === undefined) return "it is in a folder that this step does not know";
  const { bucket, owner, prefix } = folder;
  const object = { bucket, owner, key: `${partsPrefix(prefix)}${number}` };
  const late = new AbortController();
  const signal = AbortSignal.any([over, late.signal]);
  try {
    const found = await unlessLate(s3.getVersion(object, LARGEST_PART, signal), {
      ...{ clock, signal: over, until: clock.now() + LONGEST_READ_MS },
      late: () => {
        late.abort();
        throw new Error(`S3 gave no answer within ${LONGEST_READ_MS / 1000} s`);
      },
    });
    if (found === undefined) return "it is not there";
    const { bytes } = found;
    const isAuthentic =
      bytes.length === length && createHash("sha256").update(bytes).digest("hex") === sha256;
    return isAuthentic
      ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      : "another object is in its place";
  } catch (error) {
    return error instanceof Error && !("seen" in error) ? error.message : asFailure(error).seen;
  }
}
