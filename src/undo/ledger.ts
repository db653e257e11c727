import type { PlaceClaim } from "../places/place.ts";
import type { WrittenObject } from "../aws/s3.ts";
import type { Role } from "../aws/clients.ts";
import type { JobName } from "./stop-job.ts";
import type { Undo as TargetUndo } from "../targets/undo.ts";

/**
 * What has to be undone when the run is over, however it ends. Each entry is on record before the step that makes
 * it necessary, so that the post step can undo it when a cancel has left only that. Holds no secret.
 */
export type Undo =
  | TargetUndo
  | ({
      readonly kind: "object";
      /** Nobody has heard how its upload ended: it may yet appear. */
      readonly unheard?: true;
    } & WrittenObject)
  /** On a container's place: only the run that made it may take it back. */
  | ({ readonly kind: "claim" } & PlaceClaim)
  /** In a task that this run has not started, and so does not stop. */
  | ({ readonly kind: "job" } & JobName);

export interface SavedState {
  readonly region: string;
  /** Assumed once more to undo it all; undefined where the credentials are those of the environment. */
  readonly role?: Role | undefined;
  readonly undo: readonly Undo[];
}

/** The key under which the runner keeps it for the post step. */
export const STATE_KEY = "fargate-exec";

/** The list of what is to be undone, saved at every change. */
export class Ledger {
  readonly #of: Omit<SavedState, "undo">;
  readonly #save: (state: SavedState) => void;
  readonly #parts: Ledger[] = [];
  #undo: readonly Undo[];

  constructor({ undo, ...of }: SavedState, save: (state: SavedState) => void) {
    this.#of = of;
    this.#save = save;
    this.#undo = undo;
  }

  /** Its own entries and those of its parts. */
  get entries(): readonly Undo[] {
    return [...this.#undo, ...this.#parts.flatMap(({ entries }) => entries)];
  }

  /** A ledger for a part of the run, which neither sees nor replaces the entries of the others. */
  part(): Ledger {
    const part = new Ledger({ ...this.#of, undo: [] }, () => this.#saved());
    this.#parts.push(part);
    return part;
  }

  /** Puts `undo` in the place of all entries of these kinds; those of its parts stay. */
  replace(kinds: readonly Undo["kind"][], undo: readonly Undo[]): void {
    this.#set([...this.#undo.filter(({ kind }) => !kinds.includes(kind)), ...undo]);
  }

  /** It is undone, or not ours to undo any more. */
  drop(entry: Undo): void {
    for (const part of this.#parts) if (part.entries.includes(entry)) part.drop(entry);
    if (this.#undo.includes(entry)) this.#set(this.#undo.filter((other) => other !== entry));
  }

  #set(undo: readonly Undo[]): void {
    this.#undo = undo;
    this.#saved();
  }

  #saved(): void {
    this.#save({ ...this.#of, undo: this.entries });
  }
}

/** Undefined where main never came so far as to save anything. */
export function parseState(text: string): SavedState | undefined {
  return text === "" ? undefined : (JSON.parse(text) as SavedState);
}
