import { Host } from "../time.ts";
import { packArtifacts } from "./artifacts.ts";
import type { Container } from "./container.ts";
import type { Directory, Settings } from "./directory.ts";
import { removeJob } from "./remove-job.ts";
import { PATIENCE_MS, Recorder } from "./recorder.ts";
import { mark, RecordMaker } from "./records.ts";
import { ScriptProcess } from "./script-process.ts";
import { assigned, variables } from "./shell-words.ts";
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
    directory.stop = (reason) => {
      if (!host.isDead) this.#stop(reason);
    };
    directory.endOrphans = () => this.#endOrphans();
    directory.spool.bound(container.options.disk ?? Infinity);
  }

  async run(): Promise<void> {
    const { time } = this.#container.base;
    const { runId, spool } = this.#directory;
    await time.sleep(this.#host, this.#container.options.pace);
    spool.add(Buffer.from(`${mark("h")}fargate-exec run=${runId} task=${this.#container.runtimeId}\n`));
    this.#putOff();
    if (this.#settings.pieces) void runUploader(this.#container, this.#directory);
    if (this.#settings.fenceMs !== undefined) this.#keepFence(this.#settings.fenceMs);
    await time.sleep(this.#host, this.#container.options.pace);
    const codes = await this.#runWorkers();
    await time.sleep(this.#host, this.#container.options.pace);
    const { artifacts } = this.#settings;
    this.#reason = this.#stopping ?? "exited";
    if (artifacts !== undefined && this.#isKept)
      await packArtifacts(this.#container, this.#directory, this.#host, artifacts);
    this.#end(codes);
  }

  /** A container that lives on for later steps ends some time after the last of their jobs. */
  #putOff(): void {
    const { keepsTask, timeoutMs, slackMs } = this.#settings;
    if (keepsTask) this.#container.isKept = true;
    if (this.#container.isKept) this.#container.putOff(this.#container.base.time.now + timeoutMs + slackMs);
  }

  async #runWorkers(): Promise<readonly string[]> {
    const { time } = this.#container.base;
    const { workers, timeoutMs } = this.#settings;
    const numbers = Array.from({ length: workers }, (_, worker) => worker);
    if (this.#stopping !== undefined) return numbers.map((worker) => `${worker}=143:0.000!`);
    const files = numbers.map((worker) => ({ lines: "", maker: new RecordMaker("r", worker, workers) }));
    const began = time.now;
    const started = numbers.map((worker) =>
      this.#startWorker(worker, (line) => ((files[worker] as { lines: string }).lines += `${line}\n`)),
    );
    this.#workers = started;
    this.#directory.workers = started;
    time.after(this.#host, timeoutMs, () => this.#stop("timed-out"));
    const codes = await Promise.all(
      started.map(async (each, worker) => {
        const exitCode = await each.ended;
        const seconds = ((time.now - began) / 1000).toFixed(3);
        return `${worker}=${exitCode}:${seconds}${this.#stopping === undefined ? "" : "!"}`;
      }),
    );
    await time.sleep(this.#host, PATIENCE_MS);
    for (const { lines, maker } of files)
      this.#directory.spool.add(maker.take(Buffer.from(lines), this.#patterns));
    return codes;
  }

  #startWorker(worker: number, output: (line: string) => void): ScriptProcess {
    const { runId, script } = this.#directory;
    const { workers } = this.#settings;
    const [out, err] = (["o", "e"] as const).map((kind) => this.#recorder.sink(kind, worker, workers));
    if (out === undefined || err === undefined) throw new Error("a worker has two pipes");
    const sinks = { out, err, output };
    const text = script?.toString("utf8") ?? "";
    return new ScriptProcess(
      this.#container,
      { runId, url: this.#settings.url, task: this.#settings.task, worker, text },
      this.#secrets,
      sinks,
    );
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
      for (const worker of this.#workers ?? []) worker.kill();
    });
  }

  /** Stops the job when no sign of its runner comes, because another run may then get the lock. */
  #keepFence(fenceMs: number): void {
    const { time } = this.#container.base;
    const look = (): void => {
      if (this.#directory.status !== undefined) return;
      if (time.now - (this.#directory.signedAt ?? 0) >= fenceMs) this.#stop("fenced");
      else time.after(this.#host, FENCE_LOOK_MS, look);
    };
    look();
  }

  /** Whether all that was printed is in the spool. */
  get #isKept(): boolean {
    return !this.#recorder.host.isDead && this.#directory.spool.isWhole;
  }

  #end(codes: readonly string[]): void {
    const { time } = this.#container.base;
    const directory = this.#directory;
    directory.status = this.#isKept
      ? `${this.#reason} ${codes.join(",")}`
      : "lost not all of its output could be kept, as on a full disk";
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
