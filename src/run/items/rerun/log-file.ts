import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import type { World } from "../../../aws/world.ts";
import type { Clock } from "../../../clock.ts";
import { Failure, messageOf } from "../../../errors.ts";
import { atUsersPath } from "../../../inputs/beneath/users-paths.ts";
import type { Log } from "../../../log.ts";
import { endLine } from "../../../report/item-entries.ts";
import type { ItemEnd, ItemMemory, Program, Recalled } from "./earlier-runs.ts";
import { whatChanged } from "./earlier-runs.ts";
import { failureLine, headLine, type LoggedRun, parseItemLog, programLine } from "./log-text.ts";

/** How often what was written is made to last. */
const SYNC_EVERY_MS = 4_000;
const LARGEST_LOG = 64 * 1024 * 1024;
const MODE = 0o666;

export interface LogFileOptions {
  /** An absolute path. */
  readonly path: string;
  /** The directory of the user: links in its checkout are not followed. */
  readonly workspace: string;
  readonly machineLock: World["machineLock"];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A file with the ends of items, one a line, to which each run appends. It is locked against other processes of this machine from its opening to its
 * close.
 */
export class LogFile implements ItemMemory {
  readonly #options: LogFileOptions;
  readonly #fd: number;
  readonly #lock: { readonly release: () => void };
  readonly #runs: readonly LoggedRun[];
  /** How many bytes of whole lines the file has. */
  #length: number;
  #head: { readonly key: string; readonly total: number } | undefined;
  #texts: readonly string[] = [];
  #program: Program | undefined;
  #isSynced = true;
  #hasWarned = false;
  /** A line could not be written. Lines after it would say something else without it. */
  #isBroken = false;
  #hasHead = false;
  readonly #stop: () => void;

  private constructor(
    options: LogFileOptions,
    {
      fd,
      lock,
      runs,
      length,
    }: { fd: number; lock: { release: () => void }; runs: readonly LoggedRun[]; length: number },
  ) {
    this.#options = options;
    this.#fd = fd;
    this.#lock = lock;
    this.#runs = runs;
    this.#length = length;
    this.#stop = options.clock.every(SYNC_EVERY_MS, () => this.#sync());
  }

  /** Opens the file, and makes it when it is missing. Fails with `bad-input` when it is no log, or when another process has it. */
  static async open(options: LogFileOptions): Promise<LogFile> {
    const { path, workspace, machineLock, clock } = options;
    let fd: number | undefined;
    let lock: { readonly release: () => void } | undefined;
    try {
      fd = atUsersPath(
        path,
        workspace,
        (above, name) => above.openToAppend(name, MODE),
        (elsewhere) => openSync(elsewhere, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, MODE),
      );
      const found = fstatSync(fd);
      if (!found.isFile()) throw new Error("it is no regular file");
      if (found.size > LARGEST_LOG) throw new Error("it has more than 64 MiB");
      const id = createHash("sha256")
        .update(`item log ${found.dev}:${found.ino}`)
        .digest("hex")
        .slice(0, LOCK_DIGITS);
      lock = await (await machineLock(id, clock)).take();
      if (lock === undefined) throw new Error("another process uses it");
      const text = readFileSync(fd).toString();
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      const runs = parseItemLog(whole);
      if ("wrongLine" in runs) throw new Error(`its line ${runs.wrongLine} is none that fargate-exec writes`);
      // Only the end of a line is missing: the process that wrote it was killed.
      if (whole === "" && text !== "" && !HEAD.startsWith(text.slice(0, HEAD.length)))
        throw new Error("its line 1 is none that fargate-exec writes");
      const length = Buffer.byteLength(whole);
      if (length < found.size) ftruncateSync(fd, length);
      return new LogFile(options, { fd, lock, runs, length });
    } catch (error) {
      lock?.release();
      if (fd !== undefined) closeSync(fd);
      throw unusable(path, error);
    }
  }

  get mayHaveEarlier(): boolean {
    return this.#runs.length > 0;
  }

  nameOf(run: number): string {
    return `run ${run} of ${this.#options.path}`;
  }

  recall(key: string, total: number): Promise<Recalled> {
    this.#head = { key, total };
    const own = this.#runs.filter((run) => run.key === key);
    const failed = own.findLast(({ failedBy }) => failedBy !== undefined);
    const runs = own.filter(({ number }) => number > (failed?.number ?? 0));
    const known = runs.filter(({ program }) => program !== undefined);
    if (failed !== undefined && !known.some(hasSuccess))
      return Promise.resolve({
        runs: [],
        why: `run ${failed.number} in its file failed by '${failed.failedBy}', and not by the end of an item`,
      });
    if (known.length > 0 || this.#runs.length === 0) return Promise.resolve({ runs });
    const why =
      own.length > 0
        ? "the runs in its file ran in different images or task definitions, or in ones that are not known"
        : "the runs in its file had another script, other items or other inputs";
    return Promise.resolve({ runs: [], why });
  }

  begin(_: unknown, list: readonly string[]): Promise<undefined> {
    const { key, total } = this.#head ?? { key: "", total: list.length };
    this.#texts = list;
    const { clock, path } = this.#options;
    const error = this.#write(headLine(key, total, clock.now()));
    this.#isBroken = error !== undefined;
    this.#hasHead = !this.#isBroken;
    if (error !== undefined && this.mayHaveEarlier) return Promise.reject(unusable(path, error));
    if (error !== undefined) this.#warn(error);
    if (this.#program !== undefined) this.#append(programLine(this.#program));
    return Promise.resolve(undefined);
  }

  ranIn(program: Program): void {
    if (this.#program !== undefined && whatChanged(this.#program, program) === undefined) return;
    this.#program = program;
    if (this.#texts.length > 0) this.#append(programLine(program));
  }

  note(end: ItemEnd): void {
    this.#append(endLine(end));
  }

  close(failedBy?: string): Promise<void> {
    this.#stop();
    const error = failedBy !== undefined && this.#hasHead ? this.#write(failureLine(failedBy)) : undefined;
    if (error !== undefined)
      this.#options.log.warning(
        `This run failed by '${failedBy}', and the file of '--resume' can't say so. So items that have succeeded by it are not run again when it is resumed: ${messageOf(error)}`,
      );
    try {
      fsyncSync(this.#fd);
    } catch (error) {
      this.#warn(error);
    }
    closeSync(this.#fd);
    this.#lock.release();
    return Promise.resolve();
  }

  /** Appends a line, unless one before it could not be written. */
  #append(line: string): void {
    const error = this.#isBroken ? undefined : this.#write(line);
    this.#isBroken ||= error !== undefined;
    if (error !== undefined) this.#warn(error);
  }

  /** Undefined when the file has the line. Else it has nothing of it. */
  #write(line: string): Error | undefined {
    const bytes = Buffer.from(`${line}\n`);
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#fd, bytes, at);
      this.#length += bytes.length;
      this.#isSynced = false;
      return undefined;
    } catch (error) {
      try {
        ftruncateSync(this.#fd, this.#length);
      } catch {
        // The next run removes what is no whole line.
      }
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  #sync(): void {
    if (this.#isSynced) return;
    this.#isSynced = true;
    fdatasync(this.#fd, (error) => {
      if (error !== null) this.#warn(error);
    });
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.log.warning(
      `The file of '--resume' can't be written, so more items run when it is resumed: ${messageOf(error)}`,
    );
  }
}

/** As many as the name of a lock has (lock-directory.ts). */
const LOCK_DIGITS = 16;
const HEAD = '{"fargate-exec"';

function hasSuccess({ ended }: LoggedRun): boolean {
  return [...ended.values()].some((success) => success !== undefined);
}

function unusable(path: string, error: unknown): Failure {
  return new Failure("bad-input", {
    failed: `The file of '--resume' can't be used: ${path}.`,
    seen: `${messageOf(error)}.`,
    advice: "Name a file that an earlier run with '--resume' has written, or one that does not exist.",
    cause: error,
  });
}
