import type { LockClaim } from "../lock/take-lock.ts";
import type { PlaceClaim } from "../places/place.ts";
import type { HeldProtection } from "../protection/held-protection.ts";
import type { UploadedPieces } from "../pieces/delete-pieces.ts";
import type { ObjectName } from "../aws/s3.ts";
import type { StagedObject } from "../payload/stage.ts";
import type { Role } from "../aws/clients.ts";
import type { JobName } from "./stop-job.ts";
import type { MadeResource } from "../targets/made/made-resource.ts";

/**
 * Something that has to be undone after the run. It is in the ledger before the call that makes it, so that the post
 * step can undo it where the main step was killed. It holds no secret.
 */
export type LedgerEntry =
  | MadeResource
  | ({ readonly kind: "object" } & StagedObject)
  /** The output of a job in pieces. */
  | ({ readonly kind: "pieces" } & UploadedPieces)
  /** What tells the container that the end of its job was taken. It is not to be deleted before `freeAt`. */
  | ({ readonly kind: "control"; readonly freeAt?: number } & ObjectName)
  /** The protection of a task from scale-in and deployments. */
  | ({ readonly kind: "protection" } & HeldProtection)
  /** A claim on a container's place. */
  | ({ readonly kind: "claim" } & PlaceClaim)
  /** A claim on a lock. A held one is given back once the job is certain to have ended. */
  | ({ readonly kind: "lock" } & LockClaim)
  /** A job in a task that this run has not started, so that the end of the task does not end the job. */
  | ({ readonly kind: "job" } & JobName);

/** With what the post step calls AWS. */
interface PostAccess {
  readonly region: string;
  /** The role that the post step has to assume; undefined for the credentials of the environment. */
  readonly role?: Role | undefined;
}

export interface SavedState extends PostAccess {
  readonly undo: readonly LedgerEntry[];
}

/** The key under which the runner keeps the ledger for the post step. */
export const STATE_KEY = "fargate-exec";

/** The list of what has to be undone. It is saved at every change. */
export class Ledger {
  readonly #of: PostAccess;
  readonly #save: (state: SavedState) => void;
  readonly #parts: Ledger[] = [];
  #undo: readonly LedgerEntry[];

  constructor({ undo, ...of }: SavedState, save: (state: SavedState) => void) {
    this.#of = of;
    this.#save = save;
    this.#undo = undo;
  }

  /** Its own entries and those of its parts. */
  get entries(): readonly LedgerEntry[] {
    return [...this.#undo, ...this.#parts.flatMap(({ entries }) => entries)];
  }

  /** A ledger for one job of the run. It neither sees nor replaces the entries of other jobs. */
  part(): Ledger {
    const part = new Ledger({ ...this.#of, undo: [] }, () => this.#saved());
    this.#parts.push(part);
    return part;
  }

  /** Replaces all entries of these kinds by `undo`. Entries of the parts stay. */
  replace(kinds: readonly LedgerEntry["kind"][], undo: readonly LedgerEntry[]): void {
    this.#set([...this.#undo.filter(({ kind }) => !kinds.includes(kind)), ...undo]);
  }

  /** Puts another entry in the place of this one. */
  exchange(entry: LedgerEntry, other: LedgerEntry): void {
    for (const part of this.#parts) if (part.entries.includes(entry)) part.exchange(entry, other);
    if (this.#undo.includes(entry)) this.#set(this.#undo.map((each) => (each === entry ? other : each)));
  }

  /** Drops an entry that is undone, or no longer has to be. */
  drop(entry: LedgerEntry): void {
    for (const part of this.#parts) if (part.entries.includes(entry)) part.drop(entry);
    if (this.#undo.includes(entry)) this.#set(this.#undo.filter((other) => other !== entry));
  }

  #set(undo: readonly LedgerEntry[]): void {
    this.#undo = undo;
    this.#saved();
  }

  #saved(): void {
    this.#save({ ...this.#of, undo: this.entries });
  }
}

/** Undefined where the main step has saved nothing. */
export function parseState(text: string): SavedState | undefined {
  return text === "" ? undefined : (JSON.parse(text) as SavedState);
}
