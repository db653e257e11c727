import type { Clock } from "../../clock.ts";
import type { Failure } from "../../errors.ts";
import type { Retry } from "../../inputs/inputs.ts";
import type { Log } from "../../log.ts";
import type { ItemResult, ItemResults } from "../../report/item-results.ts";
import { failedItemLines, itemProgress } from "../../report/item-words.ts";
import { FailedItemLines } from "../../report/show/item-lines.ts";
import type { EarlierTimes } from "./earlier-times.ts";
import type { ItemDirectories } from "./item-directories.ts";
import { type BatchEnd, type HolderInfo, ItemQueue, type ItemsOfLeaver } from "./item-queue.ts";
import { type ItemsOfJob, JobItems, type LeftByRun } from "./job-items.ts";
import { type HandOutOrder, longestFirst } from "./longest-first.ts";
import type { CarriedItems } from "./rerun/carried-items.ts";
import type { ItemEnd } from "./rerun/earlier-runs.ts";

/** How often the log says how far the items are, when that has changed. */
const PROGRESS_EVERY_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
/** How long an order takes from its need to a worker: by session, and by S3, where the container looks for it each second. */
const LATENCY_S = { session: 0.5, bucket: 2 };

export interface StepItemsOptions {
  readonly items: readonly string[];
  /** What items took in earlier runs; undefined when nothing keeps that. */
  readonly times?: EarlierTimes | undefined;
  readonly batch: number | "auto";
  /** How many tasks take items. */
  readonly tasks: number;
  /** The step may leave before the items have ended. */
  readonly detaches: boolean;
  readonly retry: Retry | undefined;
  readonly failFast: boolean;
  /** S3 may carry the orders. */
  readonly hasBucket: boolean;
  /** Results of items that have ended before, by their indices. They are not handed out. */
  readonly carried?: ReadonlyMap<number, ItemResult>;
  /** What is told the end of each item. */
  readonly memory?: Pick<CarriedItems, "note"> | undefined;
  /** Brings back what the items write into their directories. */
  readonly directories: ItemDirectories;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a step has to do with items. */
export interface ItemsOfStep {
  readonly directories: ItemDirectories;
  /** What an attempt of the job in this task has to do with them. */
  attempt(task: number): ItemsOfJob;
  /** Whether another attempt of a task may find something to do. */
  readonly hasWork: boolean;
  /** Nothing more is handed out. */
  close(why: "cancelled" | "timed-out"): void;
  /** What has become of the items; keeps what they took for the next run. `stoppedBy`: why the step has stopped before. */
  end(stoppedBy?: Failure): ItemResults | Promise<ItemResults>;
}

/** The items of a step, and the queue that hands them out to its jobs. */
export class StepItems implements ItemsOfStep {
  readonly list: readonly string[];
  readonly directories: ItemDirectories;
  readonly #options: StepItemsOptions;
  readonly #queue: ItemQueue;
  readonly #lastLines = new FailedItemLines();
  readonly #stop: () => void;
  #said = "";
  #saidAt: number;

  /** The longest items begin first, as far as the times of earlier runs are known. */
  static async open(options: StepItemsOptions): Promise<StepItems> {
    const { items, times, log } = options;
    const order = longestFirst((await times?.expect(items)) ?? items.map(() => undefined));
    if (order.known > 0)
      log.info(
        `The items begin with the longest, by the times of earlier runs: ${order.known} of ${items.length} are known.`,
      );
    return new StepItems(options, order);
  }

  private constructor(options: StepItemsOptions, order: HandOutOrder) {
    const { items, batch, tasks, detaches, retry, failFast, clock, carried = new Map() } = options;
    const { exitCodes = [], attempts = 1 } = retry ?? {};
    this.#options = options;
    this.list = items;
    this.directories = options.directories;
    this.#queue = new ItemQueue({
      ...{ items, batch, tasks, failFast, retryExitCodes: exitCodes, attempts },
      ...{ order: order.order.filter((index) => !carried.has(index)), carried },
      expectedSeconds: order.expectedSeconds,
      // With `auto` the sizes are better known later, when there is somebody to hand out batches. A container that knows that nothing more comes
      // reads orders seldom, so it would hear late that one with `failFast` is to begin nothing more.
      allFirst: tasks === 1 && !failFast && (batch !== "auto" || detaches),
    });
    this.#saidAt = clock.now();
    this.#stop = clock.every(LOOK_EVERY_MS, () => {
      this.#queue.tick(clock.now());
      this.#tell();
    });
  }

  attempt(task: number): ItemsOfJob {
    return new JobItems({ step: this, queue: this.#queue, task, clock: this.#options.clock });
  }

  holder(task: number, workers: number, onOrders: () => void): HolderInfo {
    const latencySeconds = this.#options.hasBucket ? LATENCY_S.bucket : LATENCY_S.session;
    return { task, workers, latencySeconds, onOrders };
  }

  /** Notes the end of a batch in a worker of this task. */
  noteEnd(
    { items, attempt }: BatchEnd,
    place: { task: number; worker: number },
    { lines: lastLines, hasFiles }: LeftByRun,
  ): void {
    for (const { item, outcome, exitCode, seconds, runsAgain } of items)
      if (outcome !== "stopped" && !runsAgain)
        this.#remember({
          index: item.index,
          outcome,
          exitCode,
          seconds,
          attempts: item.begins,
          hasFiles,
          ...place,
        });
    this.#lastLines.keepOf(items, lastLines);
    for (const line of failedItemLines(items, { ...place, attempt })) this.#options.log.info(line);
  }

  /** Says how many items run again of a job that is over. */
  noteLeft({ again: { length } }: ItemsOfLeaver): void {
    if (length > 0)
      this.#options.log.info(`Items that may have begun in the task that was lost run again: ${length}.`);
  }

  get hasWork(): boolean {
    return this.#queue.hasWork;
  }

  close(why: "cancelled" | "timed-out"): void {
    this.#queue.close(why);
  }

  async end(stoppedBy?: Failure): Promise<ItemResults> {
    this.#stop();
    this.#options.log.gauge?.(undefined, "");
    const results = this.#queue.results((index) => this.#lastLines.of(index));
    // Whether a cancel or a timeout has stopped an item, and that no end of it will come, is known now.
    for (const result of results.items)
      if (["timed-out", "cancelled", "unknown"].includes(result.outcome)) this.#remember(result);
    await this.#options.times?.add(results);
    return { ...results, stoppedBy };
  }

  #remember(end: Omit<ItemEnd, "item">): void {
    this.#options.memory?.note({ ...end, item: this.list[end.index] ?? "" });
  }

  /** Shows how far the items are: on a terminal each second, else in a line when the last one is some time ago. */
  #tell(): void {
    const { clock, log } = this.#options;
    const { progress } = this.#queue;
    const words = itemProgress(progress);
    // What was carried over is neither in the words nor in the share.
    const toDo = this.list.length - (this.#options.carried?.size ?? 0);
    if (log.gauge?.(progress.done / toDo, words) === true) return;
    if (words === this.#said || clock.now() - this.#saidAt < PROGRESS_EVERY_MS) return;
    log.info(`${words}.`);
    this.#said = words;
    this.#saidAt = clock.now();
  }
}
