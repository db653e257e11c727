import type { Artifacts } from "./inputs/inputs.ts";
import { PartSlots } from "./pieces/part-slots.ts";
import { MOST_NAMED } from "./report/artifacts.ts";
import { KeptScripts } from "./report/kept-scripts.ts";
import { SharedMemory } from "./shared-memory.ts";

const MIB = 1024 * 1024;
/** The most bytes that wait, of all jobs: artifacts that are not confirmed yet, files of scripts, unfinished lines. */
const MOST_WAITING = 32 * MIB;
/** So many bytes of artifacts may wait to be unpacked, of all jobs, before the jobs are slowed. */
export const UNPACKED_OF_ALL = 32 * MIB;
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

  constructor(artifacts?: Pick<Artifacts, "maxCount">) {
    const names = artifacts === undefined ? 0 : MOST_NAMED + artifacts.maxCount * ITEM_BYTES;
    this.memory = new SharedMemory(MOST_WAITING + names);
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
