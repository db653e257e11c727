import type { ItemOrderLine } from "../../payload/input.ts";
import type { ItemOrders } from "../../carriers/follow-options.ts";
import type { OutputItem } from "../../carriers/stream/items.ts";
import type { JobStatus } from "../../carriers/stream/status.ts";
import type { Clock } from "../../clock.ts";
import type { ItemFact } from "./facts.ts";
import type { ItemDirectories } from "./item-directories.ts";
import { JobDirectories } from "./job-directories.ts";
import { ItemLines } from "../../report/show/item-lines.ts";
import {
  type BatchEnd,
  type HolderInfo,
  type HowItLeaves,
  type ItemQueue,
  type ItemsOfLeaver,
  orderWords,
  parseItemFact,
} from "./item-queue.ts";

interface JobItemsOptions {
  /** The step whose items they are. */
  readonly step: {
    /** All items, in the order of the list. */
    readonly list: readonly string[];
    holder(task: number, workers: number, onOrders: () => void): HolderInfo;
    readonly directories: ItemDirectories;
    noteEnd(end: BatchEnd, place: { task: number; worker: number }, left: LeftByRun): void;
    noteLeft(items: ItemsOfLeaver): void;
  };
  readonly queue: ItemQueue;
  readonly task: number;
  readonly clock: Clock;
}

/** What one attempt of a job has to do with the items of its step. */
export interface ItemsOfJob extends ItemOrders {
  /** All items, in the order of the list; none when the job has them already. */
  readonly list: readonly string[];
  readonly total: number;
  /** How many items have ended in this attempt. */
  readonly ended: number;
  /** What they write into their directories. */
  readonly jobDirectories: JobDirectories;
  /** Takes what the job prints and tells. It may come twice. A job of `workers` workers takes items from its header on. */
  take(shown: OutputItem, workers: number): void;
  /** The job has ended with this status. To be told before `leave`; undefined where nothing depends on it. */
  noteStatus?(status: JobStatus): void;
  /** The job is over. Counts the first time that it is called. */
  leave(how: HowItLeaves): void;
}

/** What a run has left. */
export interface LeftByRun {
  /** The last lines that it has printed. */
  readonly lines: readonly string[];
  /** It has written something into its directory. */
  readonly hasFiles: boolean;
}

/** What hands out items to one attempt of a job: it takes the job's facts to the queue, and the queue's orders to the job's carriers. */
export class JobItems implements ItemsOfJob {
  /** Resolves when the job has got all items, and knows that nothing more comes. */
  readonly allGiven: Promise<void>;
  readonly jobDirectories: JobDirectories;
  readonly #options: JobItemsOptions;
  readonly #id = Symbol("a job that takes items");
  #lines: ItemLines | undefined;
  #ended = 0;
  #unbegun: HowItLeaves["unbegun"];
  #changed = (): void => undefined;
  #hasAll: () => void = () => undefined;

  constructor(options: JobItemsOptions) {
    this.#options = options;
    this.jobDirectories = new JobDirectories(options.step.directories);
    this.allGiven = new Promise((resolve) => (this.#hasAll = resolve));
  }

  get total(): number {
    return this.list.length;
  }

  get list(): readonly string[] {
    return this.#options.step.list;
  }

  get pending(): readonly ItemOrderLine[] {
    const orders = this.#options.queue.ordersFor(this.#id);
    return orders.map(({ number, order }) => ({ number, words: orderWords(order) }));
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  take(shown: OutputItem, workers: number): void {
    const { step, queue, task, clock } = this.#options;
    if (shown.kind === "header" && this.#lines === undefined) {
      this.#lines = new ItemLines(workers);
      queue.join(
        this.#id,
        step.holder(task, workers, () => this.#changed()),
        clock.now(),
      );
    } else if (shown.kind === "item-fact") {
      const fact = parseItemFact(shown.text);
      if (fact !== undefined) this.#takeFact(fact);
    } else this.#lines?.print(shown);
  }

  get ended(): number {
    return this.#ended;
  }

  noteStatus(status: JobStatus): void {
    if (status.kind === "lost") this.#unbegun = status.unbegun;
  }

  leave(how: HowItLeaves): void {
    const { step, queue, clock } = this.#options;
    step.noteLeft(queue.leave(this.#id, clock.now(), { unbegun: this.#unbegun, ...how }));
  }

  #takeFact(fact: ItemFact): void {
    const { step, queue, task, clock } = this.#options;
    const end = queue.take(this.#id, fact, clock.now());
    if (queue.hasAll(this.#id)) this.#hasAll();
    if (fact.kind === "begin") {
      this.#lines?.begin(fact.worker);
      const run = queue.runOf(this.#id, fact);
      if (run !== undefined) this.jobDirectories.begin(fact, { ...run, task });
    }
    if (fact.kind !== "end") return;
    const hasFiles = this.jobDirectories.end(fact);
    const lines = this.#lines?.end(fact.worker) ?? [];
    this.#ended += end?.items.length ?? 0;
    if (end !== undefined) step.noteEnd(end, { task, worker: fact.worker }, { lines, hasFiles });
  }
}
