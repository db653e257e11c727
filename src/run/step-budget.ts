import { OUTPUT_LIMIT } from "../report/show/printer.ts";
import { LARGEST_BODY } from "../carriers/pieces/format.ts";
import type { PieceLimits } from "../carriers/pieces/reader.ts";
import { LARGEST_PACK } from "../carriers/stream/packed-piece.ts";
import type { SpoolLimits } from "../carriers/stream/spool.ts";
import { MOST_AHEAD_BYTES } from "../session/channel/inbox.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import { PartSlots } from "../carriers/pieces/part-slots.ts";
import { MOST_NAMED } from "../report/missing-artifacts.ts";
import { KeptScripts } from "../report/kept-scripts.ts";
import { MOST_UNREAD_BYTES, MOST_WAITING_BYTES, type SessionLimits } from "../session/session-limits.ts";
import { SharedMemory } from "../shared-memory.ts";

const MIB = 1024 * 1024;
/** The most bytes that wait, of all jobs: artifacts that are not confirmed yet, files of scripts, unfinished lines. */
const MOST_WAITING = 32 * MIB;
/** So many bytes of artifacts may wait to be unpacked, of all jobs, before the jobs are slowed. */
export const UNPACKED_OF_ALL = 32 * MIB;
/** The most bytes that all sessions keep: messages while an earlier one is missing, and output until it is read. */
const AHEAD_OF_ALL = 2 * MOST_AHEAD_BYTES;
const UNREAD_OF_ALL = 2 * MOST_WAITING_BYTES;
/** Beyond this part of that the sessions are slowed down. The rest is for those that have to read on. */
const SLOWED_AT = 0.5;
/** The most bytes of packed pieces and of incomplete records that all jobs keep. */
const PACKED_OF_ALL = 32 * MIB;
const RECORDS_OF_ALL = 32 * MIB;
/** The least part of the spool that a container sends at once: each costs it two or three processes. */
const LEAST_PART = 16 * 1024;
/** The most bytes of pieces of output that all jobs have read from S3 and not passed on. */
const PIECES_OF_ALL = 32 * MIB;
/** The least that a piece may have: each costs a request of the container, and one of the step. */
const LEAST_PIECE = 64 * 1024;
/** While pieces come one after the other, this many beyond the next one are read at the same time. With more jobs than `FEW` there are reads enough. */
const AHEAD = 2;
const FEW = 16;
/** The most bytes that all jobs keep of the end of one stream, and of the ends of their workers' streams. */
const KEPT_OF_ALL = 16 * OUTPUT_LIMIT;
const ENDS_OF_ALL = 16 * MIB;
/** The end of a worker's stream that is kept: some frames of a traceback, or ten lines of standard output. What is less than a line is not kept. */
const END_OF_WORKER = 8_192;
const LEAST_END = 64;
/** The bytes of memory that an entry of a list or a queue takes besides its own. */
export const ITEM_BYTES = 256;

/**
 * What all jobs of a step may keep in memory together because of what their containers send. A single job may have all of it. What each
 * container may send besides is limited where that is read (docs/security.md, "What the container may send").
 */
export class StepBudget {
  /** Bounds what waits, and the names of artifacts that are still to come. */
  readonly memory: SharedMemory;
  /** Bounds the parts of artifacts that are held. */
  readonly parts = new PartSlots();
  readonly scripts = new KeptScripts();
  readonly #unread = new SharedMemory(UNREAD_OF_ALL);
  readonly #records = new SharedMemory(RECORDS_OF_ALL);

  constructor(artifacts?: Pick<Artifacts, "maxCount">) {
    const names = artifacts === undefined ? 0 : MOST_NAMED + artifacts.maxCount * ITEM_BYTES;
    this.memory = new SharedMemory(MOST_WAITING + names);
  }

  /** What each session of so many jobs may keep. */
  sessionLimits(jobs: number): SessionLimits {
    return {
      ahead: partOf(AHEAD_OF_ALL, jobs, { most: MOST_AHEAD_BYTES }),
      unread: partOf(UNREAD_OF_ALL * SLOWED_AT, jobs, { most: MOST_UNREAD_BYTES }),
      memory: this.#unread,
    };
  }

  /** What each of so many jobs may keep of its spool. */
  spoolLimits(jobs: number): SpoolLimits {
    return { largestPack: 2 * partAtOnce(jobs), records: this.#records };
  }
}

/**
 * The most bytes of its spool that each of so many containers may send at once: packed, or between two marks that say that all has come. What
 * is packed may take up to twice as many bytes.
 */
export function partAtOnce(jobs: number): number {
  return partOf(PACKED_OF_ALL / 2, jobs, { most: LARGEST_PACK / 2, least: LEAST_PART });
}

/** The pieces of output by S3 of each of so many jobs. The containers are told their size, so that no job waits for another one's pieces. */
export function pieceLimits(jobs: number): PieceLimits {
  const ahead = jobs > FEW ? 0 : AHEAD;
  return {
    size: partOf(PIECES_OF_ALL / (1 + ahead), jobs, { most: LARGEST_BODY, least: LEAST_PIECE }),
    ahead,
  };
}

/** How many bytes are kept of the end of each stream of a job, and of each stream of its workers. */
export function keptEnds(
  jobs: number,
  workers: number,
): { readonly stream: number; readonly worker: number } {
  // A tail takes twice its bytes, and a worker has two.
  const worker = partOf(ENDS_OF_ALL / 4, jobs * workers, { most: END_OF_WORKER });
  return {
    stream: partOf(KEPT_OF_ALL, jobs, { most: OUTPUT_LIMIT }),
    worker: worker < LEAST_END ? 0 : worker,
  };
}

/** The part of `total` that each of so many jobs may use for what needs no more: `most` at most, and `least` at least. */
export function partOf(
  total: number,
  jobs: number,
  { most, least = 0 }: { readonly most: number; readonly least?: number },
): number {
  return Math.max(least, Math.min(most, Math.ceil(total / jobs)));
}
