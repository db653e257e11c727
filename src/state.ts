import type { ObjectName } from "./aws/s3.ts";
import type { Undo as TargetUndo } from "./target/undo.ts";

/**
 * What has to be undone when the run is over, however it ends. Each entry is on record before the step that makes
 * it necessary, so that the post step can undo it when a cancel has left only that. Holds no secret.
 */
export type Undo = TargetUndo | ({ readonly kind: "object" } & ObjectName);

export interface SavedState {
  readonly region: string;
  readonly undo: readonly Undo[];
}

/** The key under which the runner keeps it for the post step. */
export const STATE_KEY = "fargate-exec";

/** The list of what is to be undone, saved at every change. */
export class Ledger {
  readonly #region: string;
  readonly #save: (state: SavedState) => void;
  #undo: readonly Undo[];

  constructor({ region, undo }: SavedState, save: (state: SavedState) => void) {
    this.#region = region;
    this.#save = save;
    this.#undo = undo;
  }

  get entries(): readonly Undo[] {
    return this.#undo;
  }

  /** Puts `undo` in the place of all entries of these kinds. */
  replace(kinds: readonly Undo["kind"][], undo: readonly Undo[]): void {
    this.#set([...this.#undo.filter(({ kind }) => !kinds.includes(kind)), ...undo]);
  }

  /** It is undone. */
  drop(entry: Undo): void {
    this.#set(this.#undo.filter((other) => other !== entry));
  }

  #set(undo: readonly Undo[]): void {
    this.#undo = undo;
    this.#save({ region: this.#region, undo });
  }
}

/** Undefined where main never came so far as to save anything. */
export function parseState(text: string): SavedState | undefined {
  return text === "" ? undefined : (JSON.parse(text) as SavedState);
}
