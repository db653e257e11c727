import { LARGEST_BODY } from "./format.ts";

/**
 * What a container can cause by its objects in the bucket and by its artifacts: in the main step, at its end, in the cleanup and in the post
 * step. Root of the container has the keys of its folder, so the limits hold for authentic objects, too. What a session may carry is
 * limited where that is read (docs/security.md, "What the container may send").
 */
export interface FolderBudget {
  /** The most pieces of one folder that are read. An uploader makes one in 0.4 s, or one for each mebibyte: this is a day of output. */
  readonly pieces: number;
  /** The most objects of a kind that a cleanup looks for behind the last one that the ledger knows. */
  readonly unread: number;
  /** The ledger learns of each object that was read before so many further ones are read. */
  readonly unrecorded: number;
  /** For how long the cleanup of the main step deletes the objects of a folder, in milliseconds. */
  readonly deletingMs: number;
  /** The same for the post step. */
  readonly patientDeletingMs: number;
}

export const FOLDER_BUDGET: FolderBudget = {
  pieces: 250_000,
  unread: 1_000,
  unrecorded: 500,
  deletingMs: 60_000,
  patientDeletingMs: 300_000,
};

/** The same for the artifacts of one job. */
export interface ArtifactsBudget {
  /** The most bytes of the archive, packed, whether they come in records or in parts. */
  readonly packed: number;
  /** The most bytes of the archive, unpacked. */
  readonly unpacked: number;
  /** The most parts. */
  readonly parts: number;
  /** The most facts, and the most characters that they have together. */
  readonly facts: number;
  readonly factChars: number;
  /** How often all reads of parts together are tried again. */
  readonly retries: number;
  /** For how long parts are read when the job is not followed any more, in milliseconds. */
  readonly readingMs: number;
}

/** The bytes that each member may have beside its content: its headers, and the filling of its last block. */
const MEMBER_BYTES = 8 * 1024;
const MIB = 1024 * 1024;
/** What is packed while it does not get smaller: gzip adds 5 bytes to each 16 KiB (RFC 1951, stored blocks), and 23 to each of its members. */
const GZIP_OVERHEAD = 1.01;
/** The most parts that are not full. The packer makes one in two seconds, for ten minutes at most, and smaller ones after a cancel. */
const SHORT_PARTS = 2_000;
/** Facts besides those that name a file: a glob without a match, a file that could not be read, the end. */
const OTHER_FACTS = 1_000;
/** The characters of a fact, on average. A name has 1 KiB, as in `unpack.ts`. */
const FACT_CHARS = 1024;

/** The budget for artifacts of which the inputs allow so many. */
export function artifactsBudget(limits: {
  readonly maxCount: number;
  readonly maxBytes: number;
}): ArtifactsBudget {
  const { maxCount, maxBytes } = limits;
  const unpacked = maxBytes + maxCount * MEMBER_BYTES + MIB;
  const packed = Math.ceil(unpacked * GZIP_OVERHEAD);
  const parts = SHORT_PARTS + Math.ceil(packed / LARGEST_BODY);
  return {
    ...{ packed, unpacked, parts },
    facts: maxCount + parts + OTHER_FACTS,
    factChars: MIB + maxCount * FACT_CHARS,
    retries: 90,
    readingMs: 600_000,
  };
}
