import type { Clock } from "../clock.ts";
import { FOLDER_BUDGET } from "../carriers/pieces/budget.ts";
import { deletePieces, type DeletionContext, type ObjectCounts } from "../carriers/pieces/delete-pieces.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";

/**
 * How long a job that was told to stop may upload: TERM, then KILL after three seconds, then its last words. The post
 * step looks for more pieces during that time.
 */
const LAST_UPLOADS_MS = 10_000;
/**
 * The same where only `control` can tell the job: the container reads that every half minute. The job of a task that is stopped is not told,
 * and its container may go on as long: ECS kills it 30 s after TERM, unless the task definition says otherwise (`stopTimeout`).
 */
const TOLD_BY_S3_MS = 45_000;
const LOOK_EVERY_MS = 2_000;

export interface UndoPiecesContext extends DeletionContext {
  readonly clock: Clock;
  /** Whether to wait for what a container may still upload. */
  readonly patient: boolean;
  /** Whether no command has reached the job. */
  readonly isUnreached: boolean;
}

/**
 * Deletes the output of a job in the bucket. The entry stays in the ledger for the post step when the container may
 * have uploaded more in the meantime.
 */
export async function undoPieces(
  entry: Extract<LedgerEntry, { kind: "pieces" }>,
  ledger: Pick<Ledger, "exchange" | "drop">,
  { clock, patient, isUnreached, ...rest }: UndoPiecesContext,
): Promise<void> {
  const { end, storedAt = 0 } = entry;
  const context = { clock, ...rest };
  const { deletingMs, patientDeletingMs } = rest.budget ?? FOLDER_BUDGET;
  const until = clock.now() + (patient ? patientDeletingMs : deletingMs);
  await clock.sleep(Math.max(0, storedAt - clock.now()));
  let counts = await deletePieces(entry, context, { until });
  if (end !== "read" && end !== "closed" && !patient) {
    ledger.exchange(entry, { ...entry, ...counts });
    return;
  }
  const lastUploadsMs = isUnreached || entry.isUnheld === true ? TOLD_BY_S3_MS : LAST_UPLOADS_MS;
  const waitUntil = clock.now() + (end === undefined ? lastUploadsMs : 0);
  while (clock.now() < waitUntil) {
    await clock.sleep(LOOK_EVERY_MS);
    counts = await deletePieces({ ...entry, ...counts }, context, { until, from: lastOf(counts) });
  }
  ledger.drop(entry);
}

/** The container may repeat the last piece and the parts that were on their way, and none before them. */
function lastOf({ next, parts = 0 }: ObjectCounts): ObjectCounts {
  return { next: Math.max(0, next - 1), parts: Math.max(0, parts - PARTS_AT_ONCE) };
}

/** As in `payload/container/parts.py`. */
const PARTS_AT_ONCE = 3;
