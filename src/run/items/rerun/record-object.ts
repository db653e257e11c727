import type { Clock } from "../../../clock.ts";
import { asFailure, factsOf, messageOf } from "../../../errors.ts";
import type { Inputs } from "../../../inputs/inputs.ts";
import type { Origin } from "../../../inputs/origin.ts";
import type { Log } from "../../../log.ts";
import { unlessAborted } from "../../../waiting.ts";
import {
  type ItemEnd,
  type ItemMemory,
  type Program,
  type Recalled,
  type Success,
  whatChanged,
} from "./earlier-runs.ts";
import { recordName } from "./key.ts";
import { type ItemRecord, whyDistrusted } from "./record.ts";
import { StoredRecord, type StoredRecordOptions } from "./stored-record.ts";

/** The pause before a write, and before another try. With the write itself an end is kept within five seconds. */
const WRITE_AFTER_MS = 2_500;
/** The longest wait for the last write, when the step ends. */
const LAST_WRITE_MS = 3_000;
export interface RecordObjectOptions {
  readonly inputs: Pick<Inputs, "prefix" | "kmsKeyId" | "matrix" | "artifacts"> & { readonly bucket: string };
  readonly origin: Origin;
  /** The account that the bucket has to belong to, if known. When it rejects, the step fails by that. */
  readonly owner: Promise<string | undefined>;
  /** Calls that a cancel does not cut short: what has succeeded until then counts. */
  readonly s3: StoredRecordOptions["s3"];
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
  /** Why all items have to run, as a clause; undefined when they need not. */
  readonly runsAll: string | undefined;
}

/** The key of the record with this name. */
export function recordKey(prefix: string, name: string): string {
  return `${prefix}items/runs/${name}.json`;
}

/**
 * Which items have succeeded in a run of a workflow: an object in the bucket, which each attempt replaces by compare-and-swap. An object that
 * another step of the same attempt has written is marked, so that the next attempt trusts nothing of it.
 */
export class RecordObject implements ItemMemory {
  readonly #options: RecordObjectOptions;
  readonly #attempt: number;
  readonly #successes = new Map<number, Success>();
  /** Those of them that have written files, which only the runner has. They count once the step has ended: a lost runner has taken the files with it. */
  readonly #withFiles = new Set<number>();
  #isEnding = false;
  readonly #over = new AbortController();
  #stored: StoredRecord | undefined;
  #program: Program | "several" | undefined;
  /** Two steps write the record, or this one is over: nothing is written any more. */
  #isClosed = false;
  #isContested = false;
  #failedBy: string | undefined;
  #hasNews = false;
  #hasWarned = false;
  /** Nothing is written before that, so what an earlier attempt has left stays until its items are carried over. */
  #hasBegun = false;
  #isWriting = false;
  /** One write at a time. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(options: RecordObjectOptions) {
    this.#options = options;
    const attempt = Number(options.origin.runAttempt);
    this.#attempt = Number.isInteger(attempt) && attempt > 0 ? attempt : 1;
  }

  get mayHaveEarlier(): boolean {
    return this.#attempt > 1;
  }

  nameOf(run: number): string {
    return `attempt ${run}`;
  }

  async recall(key: string, total: number): Promise<Recalled> {
    const { inputs, origin, owner, s3, log, cancel, runsAll } = this.#options;
    const { bucket, prefix, kmsKeyId, matrix } = inputs;
    try {
      const name = recordKey(prefix, recordName(key, origin, matrix?.index));
      const object = { bucket, owner: await owner, key: name };
      const stored = new StoredRecord({ object, kmsKeyId, s3, log });
      this.#stored = stored;
      // Nothing precedes a first attempt, so it does not wait for a read.
      if (!this.mayHaveEarlier) {
        stored.assumeAbsent();
        return { runs: [] };
      }
      const found = await stored.read(total, cancel);
      if (runsAll !== undefined) return { runs: [], why: runsAll };
      if (found === "absent") return { runs: [], why: NO_RECORD };
      return this.#judge(found);
    } catch (error) {
      return { runs: [], why: `what an earlier attempt has left can't be read: ${factsOf(error)}` };
    }
  }

  #judge(record: ItemRecord | undefined): Recalled {
    if (record === undefined)
      return {
        runs: [],
        why: `${this.#stored?.name} has other bytes than fargate-exec writes`,
      };
    const { attempt, program, successes } = record;
    if (attempt >= this.#attempt) {
      this.#isContested = true;
      return { runs: [], why: SAME_KEY };
    }
    const why = whyDistrusted(record);
    if (why !== undefined) return { runs: [], why };
    const ended = new Map(successes.map((success) => [success.index, success]));
    return { runs: program === undefined ? [] : [{ number: attempt, program, ended }] };
  }

  async begin(carried: readonly Success[]): Promise<string | undefined> {
    for (const success of carried) this.#successes.set(success.index, success);
    this.#hasNews = true;
    this.#hasBegun = true;
    const writing = this.#write();
    void writing.then(() => this.#keepWriting());
    // Nothing precedes a first attempt, so it does not wait.
    if (!this.mayHaveEarlier) return void writing.then((failure) => this.#warnOf(failure));
    const failure = await unlessAborted(writing, this.#options.cancel);
    if (failure !== undefined && (this.#isContested || this.#stored?.isAbsent !== true)) {
      this.#isClosed = true;
      throw asFailure(failure).alsoSeen(
        "What an earlier attempt has left would count for the next one, so no item was run.",
      );
    }
    this.#warnOf(failure);
    if (!this.#isContested) return undefined;
    this.#successes.clear();
    return carried.length === 0 ? undefined : SAME_KEY;
  }

  ranIn(program: Program): void {
    const before = this.#program;
    if (before === "several" || (before !== undefined && whatChanged(before, program) === undefined)) return;
    this.#program = before === undefined ? program : "several";
    this.#tellNews();
  }

  note({ index, outcome, seconds, attempts, task, worker, hasFiles = false }: ItemEnd): void {
    if (hasFiles || this.#options.inputs.artifacts !== undefined) this.#withFiles.add(index);
    if (outcome === "succeeded")
      this.#successes.set(index, { index, seconds, attempts, task, worker, run: this.#attempt });
    else if (!this.#successes.delete(index)) return;
    this.#tellNews();
  }

  async close(failedBy?: string): Promise<void> {
    const { clock } = this.#options;
    const late = new AbortController();
    this.#over.abort();
    this.#isEnding = true;
    this.#hasNews ||= this.#withFiles.size > 0;
    if (failedBy !== undefined) {
      this.#failedBy = failedBy;
      this.#hasNews = true;
    }
    const seen = await Promise.race([
      this.#write().then((failure) => failure && factsOf(failure)),
      clock.sleep(LAST_WRITE_MS, late.signal).then(
        () => `S3 has not answered for ${LAST_WRITE_MS / 1000} s.`,
        () => undefined,
      ),
    ]);
    if (seen !== undefined) this.#warn(seen, true);
    late.abort();
    this.#isClosed = true;
  }

  /** Something is to be kept. */
  #tellNews(): void {
    this.#hasNews = true;
    void this.#keepWriting();
  }

  /** Writes in a while, and again as long as there is something new. Only the first of several calls at once does that. */
  async #keepWriting(): Promise<void> {
    if (!this.#hasBegun || this.#isWriting) return;
    this.#isWriting = true;
    while (this.#hasNews && !this.#isClosed) {
      try {
        await this.#options.clock.sleep(WRITE_AFTER_MS, this.#over.signal);
      } catch {
        break; // `close` writes
      }
      this.#warnOf(await this.#write());
    }
    this.#isWriting = false;
  }

  /** Undefined when the object has what is to be kept, or is marked. Never rejects. */
  async #write(): Promise<Error | undefined> {
    const writing = this.#lastWrite.then(() => this.#writeNow());
    this.#lastWrite = writing;
    return await writing;
  }

  async #writeNow(): Promise<Error | undefined> {
    if (!this.#hasBegun || this.#isClosed || this.#stored === undefined || !this.#hasNews) return undefined;
    this.#hasNews = false;
    try {
      if (this.#isContested || !(await this.#stored.replace(this.#record))) await this.#contest(this.#stored);
      return undefined;
    } catch (error) {
      this.#hasNews = true;
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  /** Marks the object, so that the next attempt trusts nothing of it, and writes nothing more. */
  async #contest(stored: StoredRecord): Promise<void> {
    const isNew = !this.#isContested;
    this.#isContested = true;
    if (isNew) this.#options.log.info(`If this job runs again, all of its items run: ${SAME_KEY}.`);
    await stored.mark(this.#record);
    this.#isClosed = true;
  }

  get #record(): ItemRecord {
    const program = this.#program === "several" ? undefined : this.#program;
    return {
      ...{ attempt: this.#attempt, writer: this.#options.origin.id, isContested: this.#isContested },
      ...{ failedBy: this.#failedBy, program, successes: this.#certain },
    };
  }

  get #certain(): readonly Success[] {
    const all = [...this.#successes.values()];
    return this.#isEnding ? all : all.filter(({ index }) => !this.#withFiles.has(index));
  }

  #warnOf(failure: Error | undefined): void {
    if (failure !== undefined) this.#warn(factsOf(failure));
  }

  /** `isLast`: no other try follows. */
  #warn(seen: string, isLast = false): void {
    const object = this.#stored?.name;
    const failed =
      this.#failedBy && `this attempt failed by '${this.#failedBy}', and not by the end of an item`;
    const mark = this.#isContested ? SAME_KEY : this.#stored?.isRefused === true ? MAYBE_SAME_KEY : failed;
    if (mark === undefined ? this.#hasWarned : !isLast) return;
    this.#hasWarned = true;
    const text =
      mark === undefined
        ? `Which items have succeeded can't be kept in ${object}, so more of them run if this job runs again.`
        : `It can't be kept in ${object} that ${mark}, so items may not run if this job runs again, unless RUNNER_DEBUG is 1.`;
    this.#options.log.warning(`${text} ${seen}`, "items.md");
  }
}

const NO_RECORD =
  "no earlier attempt of this run has left results of the same script, items, inputs and files";
const SAME_KEY = "another step of this attempt has the same script, items and inputs";
const MAYBE_SAME_KEY = "another step of this attempt may have the same script, items and inputs";
