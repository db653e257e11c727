import { itemIn } from "../items.ts";
import { Host } from "../time.ts";
import { packArtifacts } from "./artifacts.ts";
import type { Container } from "./container.ts";
import type { Directory, Settings } from "./directory.ts";
import { Facts } from "./facts.ts";
import { placeFiles } from "./files.ts";
import { ItemWorker } from "./item-worker.ts";
import { removeJob } from "./remove-job.ts";
import { PATIENCE_MS, Recorder } from "./recorder.ts";
import { mark, RecordMaker } from "./records.ts";
import { ScriptProcess, type Sinks } from "./script-process.ts";
import { assigned, variables } from "./shell-words.ts";
import { type Batch, Stock } from "./stock.ts";
import { runUploader } from "./supervisor.ts";

/** From TERM to KILL: of a cancelled or fenced job, and of one that is out of time. */
const SOON_MS = 3_000;
const LATER_MS = 10_000;
/** The directory stays for so long when nothing takes the status; after a cancel much shorter. */
const KEPT_MS = 600_000;
const KEPT_AFTER_CANCEL_MS = 5_000;
/** From TERM to KILL for the workers of a job that was killed. */
const ORPHANED_MS = 1_000;
const FENCE_LOOK_MS = 2_000;
/** Between two looks whether what runs a worker's items was killed. */
const WATCH_MS = 1_000;

export interface PreparedJob {
  /** Begins the job, unless another process has begun it, or the secrets are not whole. */
  readonly start: (secrets: string | undefined) => void;
  readonly drop: () => void;
}

/** Starts the process of the job. It waits for the secrets. */
export function prepareJob(container: Container, directory: Directory): PreparedJob {
  const host = new Host(`job ${directory.runId}`, container.host);
  const { settings } = directory;
  let isHandedOver = false;
  return {
    drop: () => {
      if (!isHandedOver) host.kill();
    },
    start: (secrets) => {
      if (secrets === undefined || settings === undefined || directory.hasStarted || directory.isGone) {
        host.kill();
        return;
      }
      isHandedOver = true;
      directory.hasStarted = true;
      directory.job = host;
      void new Job(container, directory, settings, host, secrets).run();
    },
  };
}

class Job {
  readonly #container: Container;
  readonly #directory: Directory;
  readonly #settings: Settings;
  readonly #host: Host;
  readonly #patterns: readonly Buffer[];
  readonly #secrets: Readonly<Record<string, string>>;
  readonly #recorder: Recorder;
  #workers: ScriptProcess[] | undefined;
  /** Why the workers are being stopped: the first reason. */
  #stopping: string | undefined;
  readonly #signalled = new Set<string>();
  /** A worker whose items nothing runs any more, because that was killed. */
  #lostWorker: number | undefined;
  #areWorkersOver = false;
  #isKilling = false;
  #facts: Facts | undefined;
  readonly #itemWorkers: ItemWorker[] = [];
  /** How the workers have ended. A stop that comes later only ends the packing of artifacts. */
  #reason = "exited";

  constructor(container: Container, directory: Directory, settings: Settings, host: Host, secrets: string) {
    this.#container = container;
    this.#directory = directory;
    this.#settings = settings;
    this.#host = host;
    this.#patterns = (assigned(secrets, "fx_patterns") ?? "")
      .split("\n")
      .filter((pattern) => pattern !== "")
      .map((pattern) => Buffer.from(pattern));
    this.#secrets = variables(assigned(secrets, "fx_secret_environment") ?? "");
    this.#recorder = new Recorder(container, directory, this.#patterns);
    directory.recorder = this.#recorder.host;
    if (settings.items !== undefined) {
      const items = (directory.items?.toString("utf8") ?? "").split("\n").slice(0, settings.items);
      this.#facts = new Facts(container, directory, this.#recorder.host);
      directory.stock = new Stock(items, this.#facts);
    }
    directory.stop = (reason) => {
      if (!host.isDead) this.#stop(reason);
    };
    directory.endOrphans = () => this.#endOrphans();
    directory.spool.bound(container.options.disk ?? Infinity, () => (container.wasTight = true));
  }

  async run(): Promise<void> {
    const { time } = this.#container.base;
    const { runId, spool } = this.#directory;
    this.#container.jobs.push({ url: this.#settings.url, began: time.now });
    await time.sleep(this.#host, this.#container.options.pace);
    spool.add(Buffer.from(`${mark("h")}fargate-exec run=${runId} task=${this.#container.runtimeId}\n`));
    this.#putOff();
    const flaw = await this.#bringFiles();
    if (flaw !== undefined) {
      this.#conclude(`refused ${flaw}`);
      return;
    }
    if (this.#settings.pieces) void runUploader(this.#container, this.#directory);
    if (this.#settings.hasFence) this.#keepFence(this.#settings.silenceMs);
    await time.sleep(this.#host, this.#container.options.pace);
    const codes = await this.#runWorkers();
    await time.sleep(this.#host, this.#container.options.pace);
    const { artifacts } = this.#settings;
    this.#reason = this.#stopping ?? "exited";
    if (artifacts !== undefined && this.#isKept)
      await packArtifacts(this.#container, this.#directory, this.#host, artifacts);
    this.#end(codes);
  }

  /** Places the files that the payload has. Why no script can run; undefined when all are placed. */
  async #bringFiles(): Promise<string | undefined> {
    const { files } = this.#directory;
    if (files === undefined) return undefined;
    const flaw = await placeFiles(this.#container, this.#directory, this.#host, files);
    this.#directory.files = undefined;
    return flaw;
  }

  /** A container that lives on for later steps ends some time after the last of their jobs. */
  #putOff(): void {
    const { keepsTask, timeoutMs, slackMs } = this.#settings;
    if (keepsTask) this.#container.isKept = true;
    if (this.#container.isKept) this.#container.putOff(this.#container.base.time.now + timeoutMs + slackMs);
  }

  async #runWorkers(): Promise<readonly string[]> {
    const { time } = this.#container.base;
    const { workers, timeoutMs, items } = this.#settings;
    const numbers = Array.from({ length: workers }, (_, worker) => worker);
    const unstarted = items === undefined ? 143 : 0;
    if (this.#stopping !== undefined) return numbers.map((worker) => `${worker}=${unstarted}:0.000!`);
    const files = numbers.map((worker) => ({ lines: "", maker: new RecordMaker("r", worker, workers) }));
    const began = time.now;
    this.#workers = [];
    const ends = numbers.map((worker) => {
      const pipes = this.#pipesOf(
        worker,
        (line) => ((files[worker] as { lines: string }).lines += `${line}\n`),
      );
      return items === undefined ? this.#startScript(worker, pipes).ended : this.#runItems(worker, pipes);
    });
    time.after(this.#host, timeoutMs, () => this.#stop("timed-out"));
    this.#watchItemWorkers();
    const codes = await Promise.all(
      ends.map(async (end, worker) => {
        const exitCode = await end;
        const seconds = ((time.now - began) / 1000).toFixed(3);
        return `${worker}=${exitCode}:${seconds}${this.#stopping === undefined ? "" : "!"}`;
      }),
    );
    this.#areWorkersOver = true;
    await time.sleep(this.#host, PATIENCE_MS);
    if (this.#directory.settings?.detaches === true) this.#directory.stock?.tellAgain();
    this.#facts?.drain();
    for (const { lines, maker } of files)
      this.#directory.spool.add(maker.take(Buffer.from(lines), this.#patterns));
    return codes;
  }

  /** What the scripts of a worker write to. */
  #pipesOf(worker: number, output: (line: string) => void): Sinks {
    const { workers } = this.#settings;
    return {
      out: this.#recorder.sink("o", worker, workers),
      err: this.#recorder.sink("e", worker, workers),
      output,
    };
  }

  #startScript(worker: number, sinks: Sinks, batch?: Batch): ScriptProcess {
    const { runId, script, stock } = this.#directory;
    const { url, task, runAttempt } = this.#settings;
    const text = script?.toString("utf8") ?? "";
    const items = (batch?.indices ?? []).map((index) => itemIn(stock?.items[index] ?? "", runAttempt));
    const found = this.#settings.destinations.length > 0 ? new Map(this.#container.files) : undefined;
    const process = new ScriptProcess(
      this.#container,
      { runId, url, task, worker, text, batch, items, found },
      this.#secrets,
      sinks,
    );
    this.#workers = [...(this.#workers ?? []).filter(({ run }) => run.worker !== worker), process];
    this.#directory.workers = this.#workers;
    // What stops the workers waits for a script that is about to start.
    if (this.#signalled.size > 0) process.term();
    return process;
  }

  /** Runs the script for one batch after the other. The exit code of the worker. */
  async #runItems(worker: number, sinks: Sinks): Promise<number> {
    const { stock } = this.#directory;
    const facts = this.#facts;
    if (stock === undefined || facts === undefined) return 0;
    let process: ScriptProcess | undefined;
    const one = new ItemWorker(this.#container, this.#directory, {
      ...{ number: worker, stock, facts, job: this.#host, isStopping: () => this.#stopping !== undefined },
      isKilling: () => this.#isKilling,
      start: (batch) => (process = this.#startScript(worker, sinks, batch)),
      endLines: () => {
        process?.endLines();
        this.#recorder.endLines(worker);
      },
    });
    this.#itemWorkers.push(one);
    this.#directory.itemWorkers = this.#itemWorkers.map(({ host }) => host);
    if (!(await one.run())) this.#lostWorker ??= worker;
    return 0;
  }

  /** Tells of each worker whose items nothing runs any more. */
  #watchItemWorkers(): void {
    const { time } = this.#container.base;
    const itemWorkers = this.#itemWorkers;
    if (itemWorkers.length < 2) return;
    const told = new Set<ItemWorker>();
    const look = (): void => {
      if (this.#areWorkersOver) return;
      for (const worker of itemWorkers) {
        if (!worker.wasKilled || told.has(worker)) continue;
        told.add(worker);
        this.#facts?.tell(`gone ${worker.number}`);
      }
      time.after(this.#host, WATCH_MS, look);
    };
    time.after(this.#host, WATCH_MS, look);
  }

  /** Ends what a job that was killed has left. */
  #endOrphans(): void {
    const workers = (this.#workers ?? []).filter(({ isOver }) => !isOver);
    for (const worker of workers) worker.term();
    this.#container.base.time.after(this.#container.host, ORPHANED_MS, () => {
      for (const worker of workers) worker.kill();
    });
  }

  #stop(reason: "cancelled" | "timed-out" | "fenced"): void {
    if (this.#directory.status !== undefined) return;
    if (reason !== "timed-out") this.#directory.hurriedAt ??= this.#container.base.time.now;
    this.#stopping ??= reason;
    if (this.#workers === undefined || this.#signalled.has(reason)) return;
    this.#signalled.add(reason);
    for (const worker of this.#workers) worker.term();
    this.#directory.spool.isTold = true;
    this.#directory.wake();
    const after = reason === "timed-out" ? LATER_MS : SOON_MS;
    this.#container.base.time.after(this.#host, after, () => {
      this.#isKilling = true;
      for (const worker of this.#workers ?? []) worker.kill();
    });
  }

  /** Stops the job when no sign of its runner comes, because another run may then get the lock. */
  #keepFence(silenceMs: number): void {
    const { time } = this.#container.base;
    const look = (): void => {
      if (this.#directory.status !== undefined) return;
      if (this.#directory.beat.isSilent(time.now, silenceMs)) this.#stop("fenced");
      else time.after(this.#host, FENCE_LOOK_MS, look);
    };
    look();
  }

  /** Whether all that was printed is in the spool. */
  get #isKept(): boolean {
    return !this.#recorder.host.isDead && this.#directory.spool.isWhole;
  }

  #end(codes: readonly string[]): void {
    const directory = this.#directory;
    if (this.#lostWorker !== undefined) this.#endOrphans();
    const lost =
      this.#lostWorker !== undefined
        ? `what waited for worker ${this.#lostWorker} was killed, and its exit status with it`
        : this.#isKept
          ? undefined
          : "not all of its output could be kept, as on a full disk";
    this.#conclude(
      lost === undefined
        ? `${this.#reason} ${codes.join(",")}`
        : `lost ${directory.stock?.unbegun ?? ""}${lost}`,
    );
  }

  /** Says how the job has ended, and keeps that for its reader. */
  #conclude(status: string): void {
    const { time } = this.#container.base;
    const directory = this.#directory;
    directory.status = status;
    const { url } = this.#settings;
    this.#container.ends.push({ url, runId: directory.runId, status, ended: time.now });
    this.#recorder.host.kill();
    directory.wake();
    const endedAt = time.now;
    const look = (): void => {
      if (directory.isGone) return;
      const kept = this.#stopping === "cancelled" || directory.isCancelled ? KEPT_AFTER_CANCEL_MS : KEPT_MS;
      if (time.now - endedAt >= kept) removeJob(this.#container, directory);
      else time.after(this.#host, Math.min(1_000, endedAt + kept - time.now), look);
    };
    look();
  }
}
