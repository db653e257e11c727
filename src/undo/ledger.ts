import type { LockClaim } from "../queue/lock/take-lock.ts";
import type { SeatClaim } from "../queue/seat.ts";
import type { HeldProtection } from "../targets/protection/held-protection.ts";
import type { UploadedPieces } from "../carriers/pieces/delete-pieces.ts";
import type { ObjectName } from "../aws/s3.ts";
import type { StagedObject } from "../payload/stage.ts";
import type { Role } from "../aws/clients.ts";
import type { JobName, StopCommand, Told } from "./stop-job.ts";
import type { MadeResource } from "../targets/made/made-resource.ts";
import type { UndecidedDeployment } from "./undo-hook.ts";

/**
 * Something that has to be undone after the run. It is in the ledger before the call that makes it, so that the post
 * step can undo it when the main step was killed. It holds no secret.
 */
export type LedgerEntry =
  | MadeResource
  | ({ readonly kind: "object" } & StagedObject)
  /** The output of a job in pieces. */
  | ({ readonly kind: "pieces" } & UploadedPieces)
  /** The object that tells the container that the end of its job was taken. It is not to be deleted before `freeAt`. */
  | ({ readonly kind: "control"; readonly freeAt?: number } & ObjectName)
  /** The protection of a task from scale-in and deployments. */
  | ({ readonly kind: "protection" } & HeldProtection)
  /** A claim on a container's seat. */
  | ({ readonly kind: "claim" } & SeatClaim)
  /** A deployment that waits for this run's verdict: ROLLBACK. */
  | ({ readonly kind: "hook" } & UndecidedDeployment)
  /** A claim on a lock. A held one is given back once the job is certain to have ended. */
  | ({ readonly kind: "lock" } & LockClaim)
  /** A task of this run that was told to stop while the step held a lock, which is given back when the task has stopped. */
  | { readonly kind: "stopping"; readonly cluster: string; readonly taskArn: string }
  /** A job in a task of this run that sends its artifacts, also after a cancel. The task is stopped after that. */
  | { readonly kind: "sending"; readonly task: string }
  /** The session of a forward. */
  | { readonly kind: "session"; readonly sessionId: string }
  /**
   * A job in a task that this run has not started, so that the end of the task does not end the job. `told`: a stop command was given to it. One that
   * is `perhaps` in line needs `control`, which has to be there until the container has surely read it; a lock is not given back without that. With
   * one that is certain to run a lock is given back when the job has had the time to end; with one that ends `with-task`, when its task has stopped. No claim is given back
   * before `commandEndsBy`.
   */
  | ({ readonly kind: "job"; readonly told?: Told | "with-task" } & Pick<StopCommand, "commandEndsBy"> &
      JobName);

/** What the post step needs to call AWS. */
interface PostAccess {
  readonly region: string;
  /** The role that the post step has to assume; undefined for the credentials of the environment. */
  readonly role?: Role | undefined;
}

export interface SavedState extends PostAccess {
  readonly undo: readonly LedgerEntry[];
}

/** A part of the ledger that is saved as a whole. */
export interface SavedPage extends SavedState {
  /** From 0, unique in a step. */
  readonly page: number;
}

/** The key under which the runner keeps the first page for the post step. The key of each further page has a number behind it. */
const STATE_KEY = "fargate-exec";
/**
 * The most entries of a page. The runner hands a page over in a variable, for which Linux has 128 KiB; an entry has a few hundred
 * bytes. A run with many tasks changes its ledger thousands of times, and each change writes its page alone.
 */
const MOST_ENTRIES = 100;

interface Page {
  readonly number: number;
  readonly undo: readonly LedgerEntry[];
}

/** Keeps a page that has changed. `whole` is the ledger that it belongs to, as it is now. */
export type SavePage = (page: SavedPage, whole: () => SavedState) => void;

/** The list of what has to be undone. A page of it is saved at every change. */
export class Ledger {
  readonly #of: PostAccess;
  readonly #save: SavePage;
  readonly #root: Ledger;
  /** The number of pages, those of the parts included. */
  #count = 0;
  readonly #parts: Ledger[] = [];
  #pages: readonly Page[] = [];

  constructor({ undo, ...of }: SavedState, save: SavePage, root?: Ledger) {
    this.#of = of;
    this.#save = save;
    this.#root = root ?? this;
    this.#pages = this.#add([], undo);
  }

  /** Its own entries and those of its parts. */
  get entries(): readonly LedgerEntry[] {
    return [...this.#own, ...this.#parts.flatMap(({ entries }) => entries)];
  }

  /** Whether it, or one of its parts, has an entry of this kind. */
  has(kind: LedgerEntry["kind"]): boolean {
    return this.entries.some((entry) => entry.kind === kind);
  }

  /** A ledger for one job of the run. It neither sees nor replaces the entries of other jobs. */
  part(): Ledger {
    const part = new Ledger({ ...this.#of, undo: [] }, this.#save, this.#root);
    this.#parts.push(part);
    return part;
  }

  /** Replaces all entries of these kinds by `undo`. Entries of the parts stay. */
  replace(kinds: readonly LedgerEntry["kind"][], undo: readonly LedgerEntry[]): void {
    const [wanted, had] = [new Set(undo), new Set(this.#own)];
    this.#change(
      (entry) => (kinds.includes(entry.kind) && !wanted.has(entry) ? undefined : entry),
      undo.filter((entry) => !had.has(entry)),
    );
  }

  /** Puts another entry in the place of this one. */
  exchange(entry: LedgerEntry, other: LedgerEntry): void {
    for (const part of this.#parts) part.exchange(entry, other);
    if (this.#has(entry)) this.#change((each) => (each === entry ? other : each));
  }

  /** Drops an entry that is undone, or no longer has to be. */
  drop(entry: LedgerEntry): void {
    for (const part of this.#parts) part.drop(entry);
    if (this.#has(entry)) this.#change((each) => (each === entry ? undefined : each));
  }

  get #own(): readonly LedgerEntry[] {
    return this.#pages.flatMap(({ undo }) => undo);
  }

  #has(entry: LedgerEntry): boolean {
    return this.#pages.some(({ undo }) => undo.includes(entry));
  }

  /** `instead` returns what comes in the place of an entry; undefined drops the entry. */
  #change(
    instead: (entry: LedgerEntry) => LedgerEntry | undefined,
    added: readonly LedgerEntry[] = [],
  ): void {
    const before = this.#pages;
    const whole = (): SavedState => ({ ...this.#of, undo: this.#root.entries });
    this.#pages = this.#add(
      before.map((page) => changeEntries(page, instead)),
      added,
    );
    for (const [at, page] of this.#pages.entries())
      if (page !== before[at]) this.#save({ ...this.#of, undo: page.undo, page: page.number }, whole);
  }

  /** The pages with these entries behind the others. */
  #add(pages: readonly Page[], added: readonly LedgerEntry[]): readonly Page[] {
    if (added.length === 0) return pages;
    const last = pages.at(-1);
    if (last === undefined || last.undo.length >= MOST_ENTRIES)
      return this.#add([...pages, { number: this.#root.#count++, undo: [] }], added);
    const room = MOST_ENTRIES - last.undo.length;
    const filled = { ...last, undo: [...last.undo, ...added.slice(0, room)] };
    return this.#add([...pages.slice(0, -1), filled], added.slice(room));
  }
}

/** The same page when nothing has changed. */
function changeEntries(page: Page, instead: (entry: LedgerEntry) => LedgerEntry | undefined): Page {
  const undo = page.undo.flatMap((entry) => instead(entry) ?? []);
  const isSame = undo.length === page.undo.length && undo.every((entry, at) => entry === page.undo[at]);
  return isSame ? page : { ...page, undo };
}

export function stateKey({ page }: Pick<SavedPage, "page">): string {
  return page === 0 ? STATE_KEY : `${STATE_KEY}-${page}`;
}

/** The ledger from the values that the runner has kept, by their keys. Undefined when the main step has saved nothing. */
export function parseState(values: Readonly<Record<string, string>>): SavedState | undefined {
  const isOurs = new RegExp(`^${STATE_KEY}(-\\d+)?$`);
  const [first, ...others] = Object.entries(values)
    .flatMap(([key, text]) => (isOurs.test(key) && text !== "" ? [JSON.parse(text) as SavedPage] : []))
    .sort((a, b) => a.page - b.page);
  if (first === undefined) return undefined;
  const { region, role } = first;
  return { region, role, undo: [first, ...others].flatMap(({ undo }) => undo) };
}
