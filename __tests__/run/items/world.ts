import { ItemQueue, type ItemFact, type ItemQueueOptions } from "../../../src/run/items/item-queue.ts";
import type { NumberedOrder } from "../../../src/run/items/orders.ts";
import type { ItemResults } from "../../../src/report/item-results.ts";

/** A world of containers that take items. Its times are in seconds. */
export interface WorldOptions {
  readonly queue: Omit<ItemQueueOptions, "items">;
  /** How long each item takes; a batch takes the sum, and its start. */
  readonly durations: readonly number[];
  readonly startSeconds?: number;
  /** The exit code of an item in its n-th run, from 1. A batch has the first one that is not 0. */
  readonly exitCode?: (index: number, run: number) => number;
  /** Whether the script reports the end of an item in its n-th run. */
  readonly reports?: (index: number, run: number) => boolean;
  readonly holders: readonly WorldHolder[];
  /** The longest way of an order or a fact. */
  readonly delay: number;
  /** How many of a hundred sendings of an order are lost. */
  readonly lostPercent?: number;
  readonly seed?: number;
  /** Whether the items of a container that died run again. */
  readonly isAgain?: boolean;
  readonly close?: { readonly at: number; readonly stops: boolean };
}

export interface WorldHolder {
  readonly workers: number;
  readonly joinsAt: number;
  readonly diesAt?: number;
}

export interface WorldEnd {
  readonly queue: ItemQueue;
  readonly results: ItemResults;
  /** How often each item began. */
  readonly begins: readonly number[];
  /** The exit code of each item's last run that told its end: reported, or that of its batch. */
  readonly codes: readonly (number | undefined)[];
  /** How many items each batch had, in the order of their begins, and when it ended. */
  readonly batches: readonly { readonly size: number; readonly seconds: number; readonly at: number }[];
  /** Items that ran twice at once. */
  readonly doubles: readonly number[];
  /** When the last batch ended, and when the last container did. */
  readonly makespan: number;
  readonly over: number;
  readonly orders: number;
  readonly backs: number;
  /** Items that were lost and do not run again. */
  readonly named: ReadonlySet<number>;
}

const MOST_EVENTS = 200_000;

interface Entry {
  readonly at: number;
  readonly number: number;
  readonly act: () => void;
}

/** What happens next, by its time. */
class Agenda {
  now = 0;
  readonly #heap: Entry[] = [];
  #number = 0;

  after(seconds: number, act: () => void): void {
    this.at(this.now + seconds, act);
  }

  /** What has the same time happens in the order of the calls. */
  at(time: number, act: () => void): void {
    this.#number += 1;
    const entry = { at: time, number: this.#number, act };
    let at = this.#heap.length;
    for (; at > 0; at = (at - 1) >> 1) {
      const parent = this.#heap[(at - 1) >> 1];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.#heap[at] = parent;
    }
    this.#heap[at] = entry;
  }

  run(): void {
    for (let events = 0; this.#heap.length > 0; events += 1) {
      if (events > MOST_EVENTS) throw new Error("The world does not end");
      const [first] = this.#heap;
      const last = this.#heap.pop();
      if (first === undefined || last === undefined) return;
      if (this.#heap.length > 0) this.#sink(last);
      this.now = first.at;
      first.act();
    }
  }

  #sink(entry: Entry): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [this.#heap[child], this.#heap[child + 1]];
      if (left !== undefined && right !== undefined && isBefore(right, left)) child += 1;
      const below = this.#heap[child];
      if (below === undefined || isBefore(entry, below)) break;
      this.#heap[at] = below;
      at = child;
    }
    this.#heap[at] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}

/** A container: obeys the orders that reach it, runs the batches of its stock, and tells facts, which arrive in their order. */
class Container {
  readonly id: number;
  readonly world: World;
  readonly workers: number;
  isDead = false;
  isStopped = false;
  #obeyed = 0;
  #isEnded = false;
  #isOver = false;
  #stock: { order: number; indices: readonly number[] }[] = [];
  readonly #free: number[];
  #arrival = 0;

  constructor(world: World, id: number, workers: number) {
    this.world = world;
    this.id = id;
    this.workers = workers;
    this.#free = Array.from({ length: workers }, (_, worker) => worker);
  }

  obey({ number, order }: NumberedOrder): void {
    if (this.isDead || this.#isOver || number !== this.#obeyed + 1) return;
    this.#obeyed = number;
    if (order.kind === "give")
      for (const { indices } of order.batches) this.#stock.push({ order: number, indices });
    if (order.kind === "back") {
      const batches = this.#stock.map(({ order: from, indices: [index = NaN] }) => ({ order: from, index }));
      this.#stock = [];
      const half = batches.length >> 1;
      for (const some of [batches.slice(0, half), batches.slice(half)])
        this.#tell({ kind: "back", order: number, batches: some });
    }
    if (order.kind === "end") this.#isEnded = true;
    this.#tell({ kind: "got", order: number });
    this.world.agenda.after(this.world.random() * 0.01, () => this.#work());
  }

  /** Nothing more begins, and what runs ends at once. */
  stop(): void {
    this.isStopped = true;
    this.#work();
  }

  #work(): void {
    if (this.isDead || this.#isOver) return;
    while (!this.isStopped && this.#stock.length > 0 && this.#free.length > 0) {
      const [batch, worker] = [this.#stock.shift(), this.#free.shift()];
      if (batch !== undefined && worker !== undefined) this.#run(batch, worker);
    }
    const isIdle = this.#free.length === this.workers;
    if (!isIdle || !(this.isStopped || (this.#isEnded && this.#stock.length === 0))) return;
    this.#isOver = true;
    const { agenda } = this.world;
    agenda.at(Math.max(agenda.now, this.#arrival), () => this.world.leave(this, true));
  }

  #run({ order, indices }: { order: number; indices: readonly number[] }, worker: number): void {
    const [index = NaN] = indices;
    const { world } = this;
    const began = world.agenda.now;
    const { exitCode, reported } = world.begin(indices);
    // A worker that has taken a batch tells it a little later, so the answer to a back may overtake it.
    world.agenda.after(world.random() * 0.005, () => this.#tell({ kind: "begin", order, index, worker }));
    const end = (): void => {
      if (this.isDead) return;
      world.end(indices);
      const seconds = Math.round((world.agenda.now - began) * 100) / 100;
      world.batches.push({ size: indices.length, seconds, at: world.agenda.now });
      for (const [of, code] of reported)
        this.#tell({ kind: "item", order, index: of, exitCode: code, seconds: 0.01 });
      const fact = { order, index, indices, exitCode: this.isStopped ? 143 : exitCode, seconds, worker };
      this.#tell({ kind: "end", ...fact, stopped: this.isStopped });
      this.#free.push(worker);
      this.#work();
    };
    const took = indices.reduce(
      (sum, each) => sum + (world.options.durations[each] ?? 0),
      world.options.startSeconds ?? 0.006,
    );
    world.agenda.after(took, end);
  }

  #tell(fact: ItemFact): void {
    const { agenda, options } = this.world;
    if (this.isDead) return;
    this.#arrival = Math.max(this.#arrival, agenda.now + this.world.random() * options.delay);
    agenda.at(this.#arrival, () => this.world.take(this, fact));
  }
}

class World {
  readonly agenda = new Agenda();
  readonly options: WorldOptions;
  readonly queue: ItemQueue;
  readonly begins: number[];
  readonly codes: (number | undefined)[] = [];
  readonly batches: { size: number; seconds: number; at: number }[] = [];
  readonly doubles: number[] = [];
  readonly named = new Set<number>();
  makespan = 0;
  over = 0;
  orders = 0;
  backs = 0;
  readonly #running = new Set<number>();
  readonly #present = new Set<Container>();
  readonly #seen = new Map<Container, number>();
  #joining: number;
  #state: number;
  #id = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.queue = new ItemQueue({ ...options.queue, items: options.durations.map((_, i) => `item ${i}`) });
    this.begins = options.durations.map(() => 0);
    this.#state = (options.seed ?? 1) >>> 0;
    this.#joining = options.holders.length;
    options.holders.forEach(({ workers, joinsAt, diesAt }, task) => {
      this.agenda.after(joinsAt, () => this.#join(task, workers, diesAt));
    });
    const { close } = options;
    if (close !== undefined) this.agenda.after(close.at, () => this.#close(close.stops));
    this.agenda.after(1, () => this.#tick());
  }

  /** From 0 to 1. */
  random(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return (this.#state >>> 8) / 2 ** 24;
  }

  begin(indices: readonly number[]): {
    readonly exitCode: number;
    readonly reported: ReadonlyMap<number, number>;
  } {
    const { exitCode: codeOf, reports } = this.options;
    const reported = new Map<number, number>();
    let exitCode = 0;
    for (const index of indices) {
      if (this.#running.has(index)) this.doubles.push(index);
      this.#running.add(index);
      const run = (this.begins[index] ?? 0) + 1;
      this.begins[index] = run;
      const code = codeOf?.(index, run) ?? 0;
      exitCode ||= code;
      if (reports?.(index, run) === true) reported.set(index, code);
    }
    for (const index of indices) this.codes[index] = reported.get(index) ?? exitCode;
    return { exitCode, reported };
  }

  end(indices: readonly number[]): void {
    for (const index of indices) this.#running.delete(index);
    this.makespan = this.agenda.now;
  }

  take(from: Container, fact: ItemFact): void {
    if (this.#present.has(from)) this.queue.take(from.id, fact, this.#milliseconds);
  }

  leave(container: Container, heardAll: boolean): void {
    if (!this.#present.delete(container)) return;
    const how = { heardAll, runsAgain: this.options.isAgain === true };
    const { again, lost } = this.queue.leave(container.id, this.#milliseconds, how);
    for (const index of [...again, ...lost]) this.#running.delete(index);
    for (const index of lost) this.named.add(index);
    this.over = this.agenda.now;
    // What is left needs another attempt of a task.
    if (!this.queue.hasWork || this.#present.size > 0 || this.#joining > 0) return;
    this.#joining += 1;
    this.agenda.after(1, () => this.#join(this.#id % this.options.holders.length, container.workers));
  }

  get #milliseconds(): number {
    return this.agenda.now * 1000;
  }

  #join(task: number, workers: number, diesAt?: number): void {
    this.#joining -= 1;
    this.#id += 1;
    const container = new Container(this, this.#id, workers);
    this.#present.add(container);
    const info = { task, workers, latencySeconds: this.options.delay };
    const onOrders = (): void => this.#send(container);
    this.queue.join(this.#id, { ...info, onOrders }, this.#milliseconds);
    if (diesAt === undefined) return;
    this.agenda.after(Math.max(0, diesAt - this.agenda.now), () => {
      container.isDead = true;
      // What it told may still be on its way.
      this.agenda.after(this.random() * 5, () => this.leave(container, false));
    });
  }

  /** Sends all orders that are not confirmed, since the container obeys only the next one. */
  #send(container: Container): void {
    const orders = this.queue.ordersFor(container.id);
    for (const { number, order } of orders) {
      if (number <= (this.#seen.get(container) ?? 0)) continue;
      this.#seen.set(container, number);
      this.orders += 1;
      if (order.kind === "back") this.backs += 1;
    }
    if (this.random() * 100 < (this.options.lostPercent ?? 0)) return;
    this.agenda.after(this.random() * this.options.delay, () => {
      for (const order of orders) container.obey(order);
    });
  }

  #close(stops: boolean): void {
    this.queue.close();
    if (stops)
      for (const one of this.#present)
        this.agenda.after(this.options.delay * this.random(), () => one.stop());
  }

  #tick(): void {
    if (this.#present.size === 0 && this.#joining === 0) return;
    this.queue.tick(this.#milliseconds);
    for (const container of this.#present) this.#send(container);
    this.agenda.after(Math.max(this.options.delay, 0.5), () => this.#tick());
  }
}

/** Runs the world to its end. */
export function runWorld(options: WorldOptions): WorldEnd {
  const world = new World(options);
  world.agenda.run();
  const { queue, begins, codes, batches, doubles, makespan, over, orders, backs, named } = world;
  const results = queue.results();
  return { queue, results, begins, codes, batches, doubles, makespan, over, orders, backs, named };
}

/** When the last item ends when each worker that gets free takes the next item of this order. */
export function listSchedule(
  durations: readonly number[],
  holders: readonly WorldHolder[],
  order: readonly number[],
): number {
  const free = holders.flatMap(({ workers, joinsAt }) => Array.from({ length: workers }, () => joinsAt));
  for (const index of order) {
    const first = free.indexOf(Math.min(...free));
    free[first] = (free[first] ?? 0) + (durations[index] ?? 0);
  }
  return Math.max(...free);
}

/** The indices of the longest items first. */
export function longestFirst(durations: readonly number[]): readonly number[] {
  return durations.map((_, i) => i).sort((a, b) => (durations[b] ?? 0) - (durations[a] ?? 0) || a - b);
}
