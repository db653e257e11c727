import { keptBytes } from "../items.ts";
import { Host } from "../time.ts";
import { packedLines } from "./artifacts.ts";
import type { Container, ScriptRun } from "./container.ts";
import type { Directory } from "./directory.ts";
import type { ScriptProcess } from "./script-process.ts";
import type { Facts } from "./facts.ts";
import type { Batch, Stock } from "./stock.ts";
import type { Member } from "./tar.ts";

/** A worker that finds the stock empty looks again so often. */
const LOOK_MS = 200;
/** It ends when the reader has been silent for so long. */
const SILENT_MS = 120_000;
/** With python3 it waits for so long, at most, until the recorder has all of a run. */
const RECORDED_MS = 500;
/** The bytes of an archive in a fact, and how long each takes. */
const PACKED_BYTES = 2_880;
const PACKED_MS = 2;
/** The exit code of items that can't be written down, and of a run that reports of its items in another form than it has to. */
const NOT_WRITTEN = 126;
const NOT_READ = 126;

export interface ItemWorkerOptions {
  readonly number: number;
  readonly stock: Stock;
  readonly facts: Facts;
  /** The job's process. */
  readonly job: Host;
  readonly isStopping: () => boolean;
  /** The workers are being killed. */
  readonly isKilling: () => boolean;
  /** Starts the script for a batch. */
  readonly start: (batch: Batch) => ScriptProcess;
  /** The recorder ends the lines of this worker that have not ended. */
  readonly endLines: () => void;
}

/** Runs the script for one batch after the other. */
export class ItemWorker {
  readonly host: Host;
  readonly number: number;
  readonly #container: Container;
  readonly #directory: Directory;
  readonly #options: ItemWorkerOptions;
  /** It has not ended by itself. */
  wasKilled = false;
  /** How far it has read the stock. */
  #at = 0;

  constructor(container: Container, directory: Directory, options: ItemWorkerOptions) {
    this.#container = container;
    this.#directory = directory;
    this.#options = options;
    this.number = options.number;
    this.host = new Host(`item worker ${options.number}`, container.host);
  }

  /** Until nothing more comes. False when this process was killed. */
  run(): Promise<boolean> {
    const killed = new Promise<boolean>((resolve) =>
      this.host.whenDead(() => {
        this.wasKilled = true;
        resolve(false);
      }),
    );
    return Promise.race([this.#runAll().then(() => true), killed]);
  }

  async #runAll(): Promise<void> {
    for (let batch = await this.#next(); batch !== undefined; batch = await this.#next())
      await this.#runBatch(batch);
  }

  async #next(): Promise<Batch | undefined> {
    const { stock, isStopping } = this.#options;
    while (!isStopping() && !this.#isAlone) {
      const entry = stock.entries[this.#at];
      if (entry === "end") return undefined;
      if (entry !== undefined) {
        this.#at += 1;
        if (stock.claim(entry)) return entry;
        continue;
      }
      await this.#container.base.time.sleep(this.host, LOOK_MS);
      const { base } = this.#container;
      if (this.#directory.beat.isSilent(base.time.now, SILENT_MS)) return undefined;
    }
    return undefined;
  }

  /** The job or its recorder was killed, or the disk had no room for what was recorded, so nothing more is to begin. */
  get #isAlone(): boolean {
    const { isGone, recorder, spool } = this.#directory;
    return isGone || this.#options.job.isDead || recorder?.isDead === true || !spool.isWhole;
  }

  async #runBatch(batch: Batch): Promise<void> {
    const { stock, facts, isStopping, start, number, endLines } = this.#options;
    const { base, options } = this.#container;
    if (isStopping()) return;
    facts.tell(`begin ${batch.order} ${batch.indices[0] ?? NaN} ${number}`);
    const began = base.time.now;
    const { indices } = batch;
    const { unstarted } = this.#container;
    const told = { url: this.#directory.settings?.url ?? "", indices };
    unstarted.add(told);
    // The container, or this process, may die here.
    await base.time.sleep(this.host, options.pace);
    unstarted.delete(told);
    const isWhole = indices.every(
      (index, at) => stock.items[index] !== undefined && index > (indices[at - 1] ?? -1),
    );
    const process = isWhole ? start(batch) : undefined;
    let exitCode = (await process?.ended) ?? NOT_WRITTEN;
    await base.time.sleep(this.host, options.pace);
    if (process !== undefined && !(await this.#tellReports(batch, process.run.reports)))
      exitCode ||= NOT_READ;
    if (process !== undefined && process.run.kept.length > 0)
      await this.#bringDirectory(
        batch,
        process.run.kept.map((file) => ({ name: file.split(" ")[0] ?? "", bytes: keptBytes(file) })),
      );
    // How a script has ended that was stopped because its job was killed, tells nothing of its items.
    if (this.#options.job.isDead) return;
    const seconds = ((base.time.now - began) / 1000).toFixed(3);
    const end = `end ${batch.order} ${batch.indices.join()} ${exitCode}${isStopping() ? "!" : ""} ${seconds} ${number}`;
    if (options.python === false) stock.tellEnd(end);
    else await this.#tellAndWait(end, endLines);
  }

  /**
   * Tells what the script has reported of its items: of each the last end, or the last failed one. False when a line has another form, or the workers
   * are being killed: then it tells nothing.
   */
  async #tellReports({ order, indices }: Batch, reports: ScriptRun["reports"]): Promise<boolean> {
    const { base, options } = this.#container;
    if (reports.length === 0) return true;
    await base.time.sleep(this.host, options.pace);
    if (this.#options.isKilling() || reports.some(({ says }) => says === "?")) return false;
    const last = new Map<number, string>();
    for (const { index, says } of reports)
      if (says !== "0" || (last.get(index) ?? "0") === "0") last.set(index, says);
    for (const index of indices)
      if (last.has(index)) this.#options.stock.tellEnd(`item ${order} ${index} ${last.get(index)} 0.500`);
    return true;
  }

  /** Packs the directory of a run, unless the workers are being killed. */
  async #bringDirectory({ order, indices }: Batch, members: readonly Member[]): Promise<void> {
    const { base, options } = this.#container;
    const { facts, isKilling } = this.#options;
    const tell = (line: string): void => facts.tell(`pack ${order} ${indices[0] ?? NaN} ${line}`);
    await base.time.sleep(this.host, options.pace);
    for (const line of packedLines(members, PACKED_BYTES)) {
      await base.time.sleep(this.host, PACKED_MS);
      if (isKilling()) break;
      tell(line);
    }
    if (isKilling()) tell("fcut");
  }

  /** The output of the next batch comes behind the fact, unless the recorder is held for long. */
  async #tellAndWait(fact: string, endLines: () => void): Promise<void> {
    const { time } = this.#container.base;
    await new Promise<void>((resolve) => {
      const stop = time.after(this.host, RECORDED_MS, resolve);
      this.#options.stock.tellEnd(fact, () => {
        endLines();
        stop();
        time.after(this.host, 0, resolve);
      });
    });
  }
}
