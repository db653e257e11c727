import type { Clock } from "../clock.ts";
import { deletePieces, type DeletionContext } from "../pieces/delete-pieces.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

/**
 * How long a job that was told to stop may upload: TERM, then KILL after three seconds, then its last words. The post
 * step looks for more pieces during that time.
 */
const LAST_UPLOADS_MS = 10_000;
const LOOK_EVERY_MS = 2_000;

export interface UndoPiecesContext extends DeletionContext {
  readonly clock: Clock;
  /** Whether to wait for what a container may still upload. */
  readonly patient: boolean;
}

/**
 * Deletes the output of a job in the bucket. The entry stays in the ledger for the post step when the container may
 * have uploaded more in the meantime.
 */
export async function undoPieces(
  entry: Extract<LedgerEntry, { kind: "pieces" }>,
  ledger: Pick<Ledger, "exchange" | "drop">,
  { clock, patient, ...context }: UndoPiecesContext,
): Promise<void> {
  const { end } = entry;
  let next = await deletePieces(entry, context);
  if (end !== "read" && !patient) {
    ledger.exchange(entry, { ...entry, next });
    return;
  }
  const until = clock.now() + (end === undefined ? LAST_UPLOADS_MS : 0);
  while (clock.now() < until) {
    await clock.sleep(LOOK_EVERY_MS);
    // The container may repeat the last piece, and none before it.
    next = await deletePieces({ ...entry, next }, context, Math.max(0, next - 1));
  }
  ledger.drop(entry);
}
