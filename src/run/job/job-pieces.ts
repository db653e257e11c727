import { reliableUntil } from "../../aws/static-keys.ts";
import type { FollowedJob } from "../../carriers/follow-options.ts";
import { TOLD_LATER_MS } from "../../carriers/pieces-carrier.ts";
import { CANCELLING_MS } from "../../carriers/session-carrier.ts";
import type { PieceFolders, PieceUse } from "../../carriers/upload-orders.ts";
import type { UploadedPieces } from "../../carriers/pieces/delete-pieces.ts";
import type { HandlePieces } from "../../inputs/handle.ts";
import { artifactsBudget, FOLDER_BUDGET } from "../../carriers/pieces/budget.ts";
import { LAST_PARTS_MS, PartReader } from "../../carriers/pieces/parts.ts";
import {
  folderOf,
  newFolder,
  type OrderedFolder,
  STORED_MS,
  TAKEN_READ_MS,
} from "../../carriers/pieces/orders.ts";
import { newReader } from "../../carriers/pieces/readers.ts";
import { PieceStore } from "../../carriers/pieces/store.ts";
import { pieceLimits } from "../step-budget.ts";
import { afterCancel } from "../../undo/grace.ts";
import type { LedgerEntry } from "../../undo/ledger.ts";
import type { JobContext } from "./context.ts";
import { isDetachedOnCancel } from "./detach.ts";
import type { JobSeat } from "./job-seat.ts";
import type { ReadPart } from "./part-fetches.ts";
import type { PreparedJob } from "./prepare.ts";

/** How long after a cancel parts of artifacts are read: the container has ended by then, and the cleanup is to begin. */
const PARTS_AFTER_CANCEL_MS = CANCELLING_MS + TOLD_LATER_MS + LAST_PARTS_MS;

/** Artifacts of at least this many bytes go by S3, however short the job is. A smaller archive does not wait for that (`parts.py`). */
const MUCH = 1024 * 1024;

/** With more tasks than this, their jobs look less often for new output in S3. */
const MANY_TASKS = 50;
const PAUSE_OF_MANY_MS = 2_000;

/** The folders in the bucket into which a job's container uploads its output. The ledger has those that this step cleans up. */
export class JobPieces implements PieceFolders {
  readonly #job: Pick<PreparedJob, "owner" | "setup">;
  readonly #seat: Pick<JobSeat, "isWanted" | "share">;
  readonly #context: JobContext;
  #folders: readonly UploadedPieces[] = [];
  /** All folders, also those that another step cleans up. */
  #all: readonly OrderedFolder[] = [];
  /** The folder of the last order. */
  #last: OrderedFolder | undefined;
  /** The bytes of artifacts that the container has listed. */
  #listed = 0;
  /** The next part of artifacts; undefined when none were asked for. */
  #parts: number | undefined;
  readonly #reader: PartReader | undefined;
  /** When `control` may be deleted, in milliseconds since the epoch. */
  #freeAt: number | undefined;
  readonly #partsOver = new AbortController();
  readonly #allPartsRead = new AbortController();
  /** The next piece of each folder, by the folder's prefix, as the ledger knows it. */
  readonly #recorded = new Map<string, number>();
  #recordedParts = 0;

  constructor(
    job: Pick<PreparedJob, "owner" | "setup">,
    seat: Pick<JobSeat, "isWanted" | "share">,
    context: JobContext,
  ) {
    this.#job = job;
    this.#seat = seat;
    this.#context = context;
    this.#reader = this.#partReader();
    if (this.#reader !== undefined) this.#parts = 0;
  }

  #partReader(): PartReader | undefined {
    const { undoing, clock, inputs, cancel } = this.#context;
    const { bucket, artifacts } = inputs;
    if (bucket === undefined || artifacts === undefined) return undefined;
    if (!isDetachedOnCancel(inputs))
      afterCancel(PARTS_AFTER_CANCEL_MS, cancel, clock, this.#allPartsRead.signal).addEventListener(
        "abort",
        () => this.#partsOver.abort(),
        { once: true },
      );
    const { retries } = artifactsBudget(artifacts);
    return new PartReader({
      ...{ s3: undoing.s3, clock, bucket: { bucket, owner: this.#job.owner }, retries },
      ...{ folders: () => this.#all, over: this.#partsOver.signal },
    });
  }

  get areAskedFor(): boolean {
    return this.#context.inputs.logs === "bucket";
  }

  get mustKeepAll(): boolean {
    return this.#context.inputs.detach !== undefined;
  }

  async use(): Promise<PieceUse> {
    const { pieceUse } = await this.#job.setup;
    const isSoon = this.#seat.isWanted || this.#listed >= MUCH;
    return pieceUse === "when the job lasts" && isSoon ? "at once" : pieceUse;
  }

  /** To be called with the bytes of artifacts that the container has listed. */
  onListed = (bytes: number): void => {
    this.#listed = bytes;
  };

  open(): PieceStore {
    this.#seat.share();
    return this.#store(newFolder(this.#context.inputs.prefix, this.#context.clock.random));
  }

  /** The folder of an order that another step has given. */
  resume({ job, keys }: HandlePieces): PieceStore {
    const { inputs, clock } = this.#context;
    return this.#store(folderOf(inputs.prefix, job, keys), newReader(clock.random));
  }

  /** `reader`: the name of this step in `control`, where others may follow the job, too. */
  #store(folder: OrderedFolder, reader?: string): PieceStore {
    const { inputs, undoing, clock, env, log, origin, target } = this.#context;
    const { bucket, kmsKeyId } = inputs;
    const { owner } = this.#job;
    if (bucket === undefined) throw new Error("pieces without a bucket");
    const tasks = origin.fanOut?.tasks ?? 1;
    this.#last = folder;
    const isUnheld = target.started && target.hold === undefined;
    const who = { ...(reader !== undefined && { reader }), ...(isUnheld && { isUnheld }) };
    const pieces = { bucket, owner, prefix: folder.prefix, next: 0, ...who };
    this.#folders = [...this.#folders, pieces];
    this.#all = [...this.#all, folder];
    if (!isDetachedOnCancel(inputs)) this.#record();
    const credentialsEnd = reliableUntil(env, inputs.roleToAssume, clock.now());
    return new PieceStore(folder, {
      ...{ bucket, owner, kmsKeyId, credentialsEnd, reader, clock, log },
      s3: undoing.s3,
      longestPause: tasks > MANY_TASKS ? PAUSE_OF_MANY_MS : undefined,
      limits: pieceLimits(tasks),
    });
  }

  /** The ledger need not know each piece: the cleanup looks for those behind the last one that it knows. */
  noteRead({ folder }: PieceStore, next: number): void {
    const known = this.#folders.find(({ prefix }) => prefix === folder.prefix);
    if (known === undefined) return;
    this.#folders = this.#folders.map((each) => (each === known ? { ...each, next } : each));
    if (isDetachedOnCancel(this.#context.inputs)) return;
    if (isDue(next, this.#recorded.get(folder.prefix) ?? 0)) this.#record();
  }

  /** Reads a part of the archive of artifacts. Rejects when it can't be read. */
  readPart: ReadPart = async (number, withoutSlot) => {
    if (this.#reader === undefined) throw new Error("it is in a bucket, which this run does not know");
    this.#parts = Math.max(this.#parts ?? 0, number + 1);
    if (isDue(this.#parts, this.#recordedParts)) this.#record();
    return await this.#reader.read(number, withoutSlot);
  };

  /** Where a job that was detached uploads its output; undefined when it uploads none. */
  piecesOfHandle({ end }: Pick<FollowedJob, "end">): HandlePieces | undefined {
    if (end.kind !== "detached" || end.writableUntil === undefined || this.#last === undefined)
      return undefined;
    const { job, keys } = this.#last;
    return { job, keys, writableUntil: end.writableUntil };
  }

  /** To be called when the job is not followed any more. */
  settle({ end, byPieces, hasOthers, isClosed }: FollowedJob): void {
    // Another step still reads them.
    const isReadOn = hasOthers || this.piecesOfHandle({ end }) !== undefined;
    if (isReadOn) this.#folders = this.#folders.filter(({ prefix }) => prefix !== this.#last?.prefix);
    // The last order of a job that was detached has ended the uploads of the orders before it.
    const isTaken = end.kind === "status" || end.kind === "detached";
    const now = this.#context.clock.now();
    if (byPieces) this.#endFolders({ end: "read" });
    // After a cancel the main step has no time to wait.
    else if (end.kind === "status" && isClosed && !this.#context.cancel.aborted)
      this.#endFolders({ end: "closed", storedAt: now + STORED_MS });
    else if (isTaken) this.#endFolders({ end: "taken" });
    this.#freeAt = byPieces ? now + TAKEN_READ_MS : undefined;
    this.#record();
    this.#boundParts();
  }

  #endFolders(how: Pick<UploadedPieces, "end" | "storedAt">): void {
    this.#folders = this.#folders.map((each) => ({ ...each, ...how }));
  }

  /** Ends the reads of parts some time after the job, however slowly they come. */
  #boundParts(): void {
    const { clock, inputs } = this.#context;
    if (inputs.artifacts === undefined) return;
    const { readingMs } = artifactsBudget(inputs.artifacts);
    clock.sleep(readingMs, this.#allPartsRead.signal).then(
      () => this.#partsOver.abort(),
      () => undefined, // all were read before
    );
  }

  /** To be called when no more parts of artifacts are read. */
  settleParts(): void {
    this.#allPartsRead.abort();
    if ((this.#parts ?? 0) > this.#recordedParts) this.#record();
  }

  #record(): void {
    const freeAt = this.#freeAt;
    if (this.#folders.length === 0 && this.#recorded.size === 0) return;
    const parts = this.#parts;
    for (const { prefix, next } of this.#folders) this.#recorded.set(prefix, next);
    this.#recordedParts = parts ?? 0;
    const entries = this.#folders.flatMap((pieces): LedgerEntry[] => {
      const { bucket, owner, prefix } = pieces;
      const control = { bucket, owner, key: `${prefix}control`, ...(freeAt !== undefined && { freeAt }) };
      return [
        { kind: "pieces", ...pieces, ...(parts !== undefined && { parts }) },
        { kind: "control", ...control },
      ];
    });
    this.#context.ledger.replace(["pieces", "control"], entries);
  }
}

/** Whether the ledger has to learn of the objects that were read: it may lack half of them, and no more than the cleanup looks for. */
function isDue(next: number, recorded: number): boolean {
  return next >= Math.min(2 * recorded, recorded + FOLDER_BUDGET.unrecorded);
}
