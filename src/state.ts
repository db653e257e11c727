/**
 * What has to be undone when the run is over, however it ends. Each entry is on record before the step that makes
 * it necessary, so that the post step can undo it when a cancel has left only that. Holds no secret.
 */
export type Undo =
  /** A task of ours, found by what it was started by: RunTask may have worked though its answer never came. */
  | { readonly kind: "starting"; readonly cluster: string; readonly startedBy: string }
  | { readonly kind: "task"; readonly cluster: string; readonly taskArn: string }
  | { readonly kind: "task-definition"; readonly arn: string }
  | { readonly kind: "object"; readonly bucket: string; readonly key: string };

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
  #undo: readonly Undo[] = [];

  constructor(region: string, save: (state: SavedState) => void) {
    this.#region = region;
    this.#save = save;
  }

  get entries(): readonly Undo[] {
    return this.#undo;
  }

  add(entry: Undo): void {
    this.#set([...this.#undo, entry]);
  }

  /** It is undone, or another entry stands for it. */
  drop(entry: Undo): void {
    const text = JSON.stringify(entry);
    this.#set(this.#undo.filter((other) => JSON.stringify(other) !== text));
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
