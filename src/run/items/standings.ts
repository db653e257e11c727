import type { Holder } from "./holder.ts";

/** Finds the holder that lacks work and the one that has most to spare, without a look at all of them. */
export class Standings {
  /** Those with workers that have nothing, and those with too little stock. */
  readonly idle = new Set<Holder>();
  readonly low = new Set<Holder>();
  /** How many workers have nothing, and for how many batches `back` is ordered. */
  idleWorkers = 0;
  expected = 0;
  /** The holders by how many batches they have to spare. */
  readonly #bySpare: Set<Holder>[] = [];
  /** No holder has more to spare. */
  #most = 0;

  /** Files a holder by what it has now. */
  file(holder: Holder, isLow: boolean): void {
    const { idle, spare, expected } = holder;
    this.#count(holder, -1);
    if (spare !== holder.filed.spare) this.#bySpare[holder.filed.spare]?.delete(holder);
    if (spare > 0) (this.#bySpare[spare] ??= new Set()).add(holder);
    this.#most = Math.max(this.#most, spare);
    holder.filed = { idle, spare, expected };
    this.#count(holder, 1);
    setMember(this.idle, holder, idle > 0);
    setMember(this.low, holder, isLow);
  }

  remove(holder: Holder): void {
    this.#count(holder, -1);
    this.#bySpare[holder.filed.spare]?.delete(holder);
    this.idle.delete(holder);
    this.low.delete(holder);
  }

  /** The holder that has most to spare. */
  richest(): Holder | undefined {
    // What is stepped over here was stepped up by as many batches that were given.
    while (this.#most > 0 && !this.#bySpare[this.#most]?.size) this.#most -= 1;
    return this.#bySpare[this.#most]?.values().next().value;
  }

  #count({ filed }: Holder, times: number): void {
    this.idleWorkers += times * filed.idle;
    this.expected += times * filed.expected;
  }
}

function setMember(set: Set<Holder>, holder: Holder, isMember: boolean): void {
  if (isMember) set.add(holder);
  else set.delete(holder);
}
