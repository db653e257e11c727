/**
 * A machine or a process. Its timers fire only while it lives and runs: those of a dead host never do, and those of a paused one wait for
 * the end of the pause.
 */
export class Host {
  readonly name: string;
  #parent: Host | undefined;
  #isDead = false;
  #pausedUntil = 0;
  #whenDead: (() => void)[] = [];

  /** A host dies with its parent, such as a process with its container. */
  constructor(name: string, parent?: Host) {
    this.name = name;
    this.#parent = parent;
    parent?.whenDead(() => this.kill());
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get pausedUntil(): number {
    return Math.max(this.#pausedUntil, this.#parent?.pausedUntil ?? 0);
  }

  kill(): void {
    if (this.#isDead) return;
    this.#isDead = true;
    for (const act of this.#whenDead.splice(0)) act();
  }

  pauseUntil(time: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, time);
  }

  /** Calls `act` at the death of the host; at once for a dead one. */
  whenDead(act: () => void): void {
    if (this.#isDead) act();
    else this.#whenDead.push(act);
  }

  /** Moves the host to another parent, as a process that outlives its session. */
  adoptBy(parent: Host): void {
    this.#parent = parent;
    parent.whenDead(() => this.kill());
  }
}

interface Entry {
  at: number;
  order: number;
  readonly host: Host;
  readonly act: () => void;
  isOff: boolean;
}

/** The most timers of a world. Those of the liveliest ones that end by themselves are a tenth of that. */
const MOST_TIMERS = 1_000_000;
/** How many timers fire between two looks for input. */
const TURNS = 100;

/** 2026-01-01, in milliseconds since the epoch. */
const BEGIN = 1_767_225_600_000;

/**
 * Virtual time. It passes from one timer to the next, and only when nothing is left to do: after each timer all promises that it has
 * settled are followed to their ends. Timers of the same instant fire in the order in which they were set.
 */
export class Time {
  #now = BEGIN;
  #order = 0;
  #heap: Entry[] = [];
  #fired = 0;
  /** More timers have fired than those of any world that gets quiet. No more do. */
  isEndless = false;

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#now;
  }

  /** Milliseconds since the beginning of the simulation. */
  get elapsed(): number {
    return this.#now - BEGIN;
  }

  /** Calls `act` after `ms`, unless the host is dead by then. Returns what takes the timer back. */
  after(host: Host, ms: number, act: () => void): () => void {
    const entry: Entry = {
      at: this.#now + Math.max(0, Math.ceil(ms)),
      order: this.#order++,
      host,
      act,
      isOff: false,
    };
    this.#push(entry);
    return () => (entry.isOff = true);
  }

  /** Never settles when the host dies. Rejects with the reason of the signal as soon as that aborts. */
  sleep(host: Host, ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        stop();
        reject(signal?.reason as Error);
      };
      const stop = this.after(host, ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Calls `act` every `ms`. */
  every(host: Host, ms: number, act: () => void): () => void {
    let stop = (): void => undefined;
    const again = (): void => {
      stop = this.after(host, ms, () => {
        again();
        act();
      });
    };
    again();
    return () => stop();
  }

  /** Lets time pass until the condition holds. False when nothing is left to wait for, or the time is up. */
  run(isSo: () => boolean, until: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const turn = (): void => {
        if (isOver) return;
        try {
          const end = isSo() ? true : this.#fire(until) ? undefined : false;
          isOver = end !== undefined;
          if (end !== undefined) resolve(end);
        } catch (error) {
          isOver = true;
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      // Before each of them Node follows every promise that can settle to its end. Many at once spare the looks for input between them.
      const turns = (): void => {
        if (isOver) return;
        for (let count = 0; count < TURNS; count += 1) setImmediate(turn);
        setImmediate(turns);
      };
      turns();
    });
  }

  /** Fires the next timer, unless it is later than that. */
  #fire(until: number): boolean {
    const entry = this.isEndless ? undefined : this.#pop();
    if (entry === undefined) return false;
    if (entry.at > until) {
      this.#push(entry);
      return false;
    }
    this.#now = entry.at;
    this.#fired += 1;
    this.isEndless = this.#fired > MOST_TIMERS;
    entry.act();
    return true;
  }

  /** The next timer that is to fire. */
  #pop(): Entry | undefined {
    for (;;) {
      const entry = this.#take();
      if (entry === undefined) return undefined;
      if (entry.isOff || entry.host.isDead) continue;
      const { pausedUntil } = entry.host;
      if (pausedUntil <= entry.at) return entry;
      entry.at = pausedUntil;
      entry.order = this.#order++;
      this.#push(entry);
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  #take(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      if (left === undefined) break;
      let child = left;
      if (right !== undefined && isBefore(right, left)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
