import type { BucketName, S3 } from "../../aws/s3.ts";
import { unlessLate } from "../../waiting.ts";
import type { Clock } from "../../clock.ts";
import { asFailure } from "../../errors.ts";
import { LARGEST_OBJECT, openPiece } from "./format.ts";
import type { OrderedFolder } from "./orders.ts";

/** A read that takes longer counts as failed. */
const LONGEST_READ_MS = 20_000;
/** The pause before the next try. What the container has uploaded is there at once (S3's consistency model). */
const AGAIN_MS = 1_000;
/** How long after a cancelled job's end its parts are still read. */
export const LAST_PARTS_MS = 300;

/** The name in its folder of a part of the archive of artifacts. */
export function partName(number: number): string {
  return `part.${number}`;
}

/** Lets a read wait while it holds no slot. Rejects when the part is not wanted any more. */
export type WithoutSlot = (wait: () => Promise<void>) => Promise<void>;

export interface PartReaderOptions {
  /** Calls that a cancel does not cut short. */
  readonly s3: Pick<S3, "getVersion">;
  readonly clock: Clock;
  readonly bucket: BucketName;
  /** The folders of the job's orders so far, in their order. */
  readonly folders: () => readonly OrderedFolder[];
  /** How often all reads together are tried again. */
  readonly retries: number;
  /** Aborts when nothing more is to be read. */
  readonly over: AbortSignal;
}

/**
 * Reads the parts of an archive of artifacts. The caller counts them: a part is in exactly one of the folders, and no part is in an earlier
 * folder than the part before it. So nothing that the container says decides what is read, and each folder is asked for few parts in vain.
 */
export class PartReader {
  readonly #options: PartReaderOptions;
  /** The index of the last folder in which a part was. */
  #folder = 0;
  #retries = 0;

  constructor(options: PartReaderOptions) {
    this.#options = options;
  }

  /** Reads one part. Rejects with an `Error` whose message is a clause, when the part is not there or is not what the container has uploaded. */
  async read(number: number, withoutSlot: WithoutSlot = (wait) => wait()): Promise<Buffer> {
    const { clock, over, retries } = this.#options;
    const first = this.#folder;
    for (;;) {
      const found = await this.#find(number, first);
      if (typeof found !== "string") return found;
      if (over.aborted || this.#retries >= retries)
        throw new Error(`part ${number} of the archive can't be read from S3: ${found}`);
      this.#retries += 1;
      await withoutSlot(() => clock.sleep(AGAIN_MS, over).catch(() => undefined));
    }
  }

  /** The bytes of the part, or a clause that says why there are none. */
  async #find(number: number, first: number): Promise<Buffer | string> {
    let why: string | undefined;
    for (const [at, folder] of this.#options.folders().entries()) {
      if (at < first) continue;
      const found = await this.#tryRead(number, folder);
      if (Buffer.isBuffer(found)) {
        this.#folder = Math.max(this.#folder, at);
        return found;
      }
      why ??= found;
    }
    return why ?? "it is not there";
  }

  /** A clause says why there are no bytes; undefined when S3 has no such object. */
  async #tryRead(number: number, folder: OrderedFolder): Promise<Buffer | string | undefined> {
    const { s3, clock, bucket, over } = this.#options;
    const object = { ...bucket, key: `${folder.prefix}${partName(number)}` };
    const late = new AbortController();
    const signal = AbortSignal.any([over, late.signal]);
    try {
      const found = await unlessLate(s3.getVersion(object, LARGEST_OBJECT, signal), {
        ...{ clock, signal: over, until: clock.now() + LONGEST_READ_MS },
        late: () => {
          late.abort();
          throw new Error(`S3 gave no answer within ${LONGEST_READ_MS / 1000} s`);
        },
      });
      if (found === undefined) return undefined;
      const part = openPiece(folder, found.bytes);
      return part?.kind === "part" && part.number === number ? part.body : "another object is in its place";
    } catch (error) {
      return error instanceof Error && !("seen" in error) ? error.message : asFailure(error).seen;
    }
  }
}
