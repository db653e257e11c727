/** Workers that may run items from `ready` on, until `dies`. Seconds since any instant that is the same for all. */
export interface Crew {
  readonly workers: number;
  readonly ready: number;
  /** When all of its workers die. What they have in hand then begins anew elsewhere. */
  readonly dies?: number | undefined;
}

/** How the lengths of items are spread over 0.05 to 20 s: all alike, or long-tailed, as many from 0.05 to 0.5 as from 0.5 to 5. */
export type Spread = "even" | "tailed";

/** Item lengths of 0.05 to 20 s. The same for each seed. */
export function drawSeconds(count: number, seed: number, scale: number, spread: Spread): readonly number[] {
  let state = seed >>> 0;
  const next = (): number => {
    // mulberry32, which is in the public domain.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const draw = { even: () => 0.05 + 19.95 * next(), tailed: () => 0.05 * 400 ** next() }[spread];
  return Array.from({ length: count }, () => Number((draw() / scale).toFixed(4)));
}

/** When the last item ends if whichever worker is free first takes the longest item that is left. */
export function longestFirst(seconds: readonly number[], crews: readonly Crew[]): number {
  return inOrder(
    seconds.toSorted((a, b) => b - a),
    crews,
  );
}

/** When the last item ends if whichever worker is free first takes the first item that is left. What a death leaves comes first. */
export function inOrder(seconds: readonly number[], crews: readonly Crew[]): number {
  let next = 0;
  let last = 0;
  const free = crews.flatMap(({ workers, ready, dies = Infinity }) =>
    Array.from({ length: workers }, () => ({ at: ready, dies })),
  );
  /** What workers had in hand as they died. */
  const back: { readonly at: number; readonly length: number }[] = [];
  while (next < seconds.length || back.length > 0) {
    const [worker] = free.sort((a, b) => a.at - b.at);
    if (worker === undefined) throw new Error("All workers die before the end.");
    const again = back.findIndex(({ at }) => at <= worker.at);
    const length = again < 0 ? seconds[next] : back.splice(again, 1)[0]?.length;
    if (length === undefined) {
      worker.at = Math.min(...back.map(({ at }) => at));
      continue;
    }
    if (again < 0) next += 1;
    if (worker.at + length <= worker.dies) last = Math.max(last, (worker.at += length));
    else {
      free.shift();
      back.push({ at: worker.dies, length });
    }
  }
  return last;
}

/** When the last worker ends if worker N of all takes each item whose index leaves N. A crew that dies begins anew in the one that replaces it. */
export function byIndex(seconds: readonly number[], crews: readonly Crew[]): number {
  const lasting = crews.filter(({ dies }) => dies === undefined);
  const workers = lasting.reduce((sum, crew) => sum + crew.workers, 0);
  const ready = lasting.flatMap((crew) => Array<number>(crew.workers).fill(crew.ready));
  const work = Array<number>(workers).fill(0);
  for (const [index, length] of seconds.entries())
    work[index % workers] = (work[index % workers] ?? 0) + length;
  return Math.max(...work.map((sum, worker) => sum + (ready[worker] ?? 0)));
}
