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
const AHEAD_OF_ALL = 4 * MOST_AHEAD_BYTES;
const UNREAD_OF_ALL = 2 * MOST_WAITING_BYTES;
/** Beyond this part of that the sessions are slowed down. The rest is for those that have to read on. */
const SLOWED_AT = 0.5;
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
}

/** The part of `total` that each of so many jobs may use for what needs no more: `most` at most, and `least` at least. */
export function partOf(
  total: number,
  jobs: number,
  { most, least = 0 }: { readonly most: number; readonly least?: number },
): number {
  return Math.max(least, Math.min(most, Math.ceil(total / jobs)));
}
