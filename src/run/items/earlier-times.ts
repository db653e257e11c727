import { createHash } from "node:crypto";
import type { ObjectName, S3, StoredVersion } from "../../aws/s3.ts";
import type { Clock } from "../../clock.ts";
import { factsOf } from "../../errors.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import type { Origin } from "../../inputs/origin.ts";
import type { Log } from "../../log.ts";
import { OldVersions } from "../../aws/old-versions.ts";
import type { ItemResults } from "../../report/item-results.ts";
import {
  hashItem,
  LARGEST_RECORD,
  learnTimes,
  parseTimes,
  type TimesRecord,
  writeTimes,
} from "./times-record.ts";

/** The longest wait for the record, in milliseconds, once the step needs it; and for its writing at the end. */
const READ_MS = 1_000;
const WRITE_MS = 2_000;
/** How often a write is tried that another run has preceded. The pause before the next try is random, up to this limit. */
const TRIES = 5;
const PAUSE_MS = 200;

export interface EarlierTimesOptions {
  readonly inputs: Pick<Inputs, "prefix" | "kmsKeyId" | "script" | "matrix"> & { readonly bucket: string };
  readonly origin: Pick<Origin, "variables" | "step">;
  /** The account that the bucket has to belong to, if known. When it rejects, the step fails by that, and nothing is read. */
  readonly owner: Promise<string | undefined>;
  readonly s3: Pick<S3, "getVersion" | "putIf" | "deleteVersion">;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/**
 * What names the record of a step. In a workflow it is the step's place there, which stays when script or items change; each job of a matrix has a
 * record of its own. In a program it is the script.
 */
export function recordName({ inputs, origin }: Pick<EarlierTimesOptions, "inputs" | "origin">): string {
  const { variables, step } = origin;
  const { script, matrix } = inputs;
  const job = variables["GITHUB_JOB"];
  const index = matrix === undefined || matrix.total === 1 ? null : matrix.index;
  if (job !== undefined && step !== undefined) {
    const { GITHUB_REPOSITORY: repository, GITHUB_WORKFLOW: workflow } = variables;
    return digest("workflow", JSON.stringify([repository, workflow, job, step, index]));
  }
  return digest("script", script.kind === "file" ? script.bytes : script.kind === "run" ? script.text : "");
}

function digest(kind: "workflow" | "script", what: string | Uint8Array): string {
  return createHash("sha256").update(`${kind}\n`).update(what).digest("hex");
}

/** The key of the record with this name. */
export function recordKey(prefix: string, name: string): string {
  return `${prefix}items/times/${name.slice(0, 32)}.json`;
}

interface Found {
  readonly record: TimesRecord;
  /** Undefined when there is no object. */
  readonly version: StoredVersion | undefined;
}

/**
 * How long items took in earlier runs of the step: an object in the bucket. It is a hint alone, so whatever is wrong with it is one line in the log.
 */
export class EarlierTimes {
  readonly #options: EarlierTimesOptions;
  readonly #name: string;
  readonly #late = new AbortController();
  readonly #reading: Promise<Found | undefined>;
  #hasNoted = false;

  /** Begins to read the record. */
  constructor(options: EarlierTimesOptions) {
    this.#options = options;
    this.#name = recordName(options);
    const signal = AbortSignal.any([options.cancel, this.#late.signal]);
    this.#reading = options.owner.then(
      (owner) => this.#read(owner, signal).catch((error: unknown) => this.#note("can't be read", error)),
      () => undefined,
    );
  }

  /** What each of these items is likely to take, in seconds; undefined for an unknown one. Waits for a second at most. Never rejects. */
  async expect(items: readonly string[]): Promise<readonly (number | undefined)[]> {
    const found = await this.#within(READ_MS, this.#reading, "can't be read");
    this.#late.abort();
    return items.map((item) => found?.record.get(hashItem(this.#name, item))?.seconds);
  }

  /** Adds what the items have taken that succeeded in this run; after a cancel nothing. Takes two seconds at most. Never rejects. */
  async add({ items }: Pick<ItemResults, "items">): Promise<void> {
    if (this.#options.cancel.aborted) return;
    const taken = new Map<string, number>();
    for (const { item, outcome, seconds, batch, carriedFrom } of items) {
      const own = batch === undefined ? seconds : batch.share;
      const isOfThisRun = outcome === "succeeded" && carriedFrom === undefined;
      if (isOfThisRun && own !== undefined) taken.set(hashItem(this.#name, item), own);
    }
    if (taken.size === 0) return;
    const writing = this.#write(taken).catch((error: unknown) => this.#note("can't be kept", error));
    await this.#within(WRITE_MS, writing, "can't be kept");
    this.#hasNoted = true; // nothing is logged behind the end of the step
  }

  async #write(taken: ReadonlyMap<string, number>): Promise<void> {
    const { clock, owner, s3, inputs, cancel } = this.#options;
    const object = this.#object(await owner);
    // What was read at the start is still there, unless another run has ended meanwhile.
    let found = await this.#reading;
    for (let tries = 1; tries <= TRIES; tries += 1) {
      found ??= await this.#read(object.owner, cancel);
      const { record, version } = found;
      const bytes = writeTimes(learnTimes(record, taken, clock.now()));
      const written = await s3.putIf(object, bytes, version ?? "absent", inputs);
      if (written !== undefined) {
        await new OldVersions({ ...this.#options, object }).remove(version?.versionId);
        return;
      }
      found = undefined;
      await clock.sleep(clock.random.fraction() * PAUSE_MS, cancel);
    }
    this.#note("can't be kept", new Error(`Other runs have written the object first, ${TRIES} times.`));
  }

  async #read(owner: string | undefined, signal: AbortSignal): Promise<Found> {
    const found = await this.#options.s3.getVersion(this.#object(owner), LARGEST_RECORD, signal);
    if (found === undefined) return { record: new Map(), version: undefined };
    const record = parseTimes(found.bytes);
    if (record === undefined) this.#note("can't be read", new Error("The object is no record of times."));
    return { record: record ?? new Map(), version: found };
  }

  #object(owner: string | undefined): ObjectName {
    const { bucket, prefix } = this.#options.inputs;
    return { bucket, owner, key: recordKey(prefix, this.#name) };
  }

  /** The result of the work; undefined when it takes longer, which is noted, or the step is cancelled. */
  async #within<T>(ms: number, work: Promise<T>, what: string): Promise<T | undefined> {
    const { clock, cancel } = this.#options;
    const over = new AbortController();
    const late = clock.sleep(ms, AbortSignal.any([cancel, over.signal])).then(
      () => this.#note(what, new Error(`S3 has not answered within ${ms / 1000} s.`)),
      () => undefined,
    );
    try {
      return await Promise.race([work, late]);
    } finally {
      over.abort();
    }
  }

  #note(what: string, error: unknown): undefined {
    const { cancel, inputs, log } = this.#options;
    if (this.#hasNoted || cancel.aborted) return undefined;
    this.#hasNoted = true;
    const { bucket, prefix } = inputs;
    log.info(
      `The times of items (s3://${bucket}/${recordKey(prefix, this.#name)}) ${what}. ${factsOf(error)}`,
    );
    return undefined;
  }
}
