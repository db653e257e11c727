import type { ObjectName } from "../aws/s3.ts";
import type { Clock } from "../clock.ts";
import { FOLDER_BUDGET } from "../carriers/pieces/budget.ts";
import { findReaders, othersThan } from "../carriers/pieces/readers.ts";
import { LEASES } from "../queue/leases.ts";
import {
  deletePieces,
  type DeletionContext,
  type ObjectCounts,
  type UploadedPieces,
} from "../carriers/pieces/delete-pieces.ts";
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
 * How long the post step waits for other readers of the folder. The sign of one that is lost is old by then, and one that goes on has dropped
 * the sign of this step, so that it takes itself for the last one and deletes the folder.
 */
const OTHERS_MS = LEASES.follower.lasts + LEASES.follower.renewedEvery;

/**
 * Deletes the output of a job in the bucket. The entry stays in the ledger for the post step when the container may
 * have uploaded more in the meantime, or another step may still read the folder. Resolves with whether the folder stays for other readers, and
 * `control` with it.
 */
export async function undoPieces(
  entry: Extract<LedgerEntry, { kind: "pieces" }>,
  ledger: Pick<Ledger, "entries" | "exchange" | "drop">,
  { clock, patient, isUnreached, ...rest }: UndoPiecesContext,
): Promise<boolean> {
  const { end, storedAt = 0 } = entry;
  const context = { clock, ...rest };
  const { deletingMs, patientDeletingMs } = rest.budget ?? FOLDER_BUDGET;
  await clock.sleep(Math.max(0, storedAt - clock.now()));
  const whose = await whoseAreThey(entry, { clock, patient, ...rest });
  if (whose !== "ours") {
    const { key } = controlOf(entry);
    for (const each of whose === "of-others" ? ledger.entries : [])
      if (each === entry || (each.kind === "control" && each.key === key)) ledger.drop(each);
    return true;
  }
  const until = clock.now() + (patient ? patientDeletingMs : deletingMs);
  let counts = await deletePieces(entry, context, { until });
  if (end !== "read" && end !== "closed" && !patient) {
    ledger.exchange(entry, { ...entry, ...counts });
    return false;
  }
  const lastUploadsMs = isUnreached || entry.isUnheld === true ? TOLD_BY_S3_MS : LAST_UPLOADS_MS;
  const waitUntil = clock.now() + (end === undefined ? lastUploadsMs : 0);
  while (clock.now() < waitUntil) {
    await clock.sleep(LOOK_EVERY_MS);
    counts = await deletePieces({ ...entry, ...counts }, context, { until, from: lastOf(counts) });
  }
  ledger.drop(entry);
  return false;
}

/**
 * Whose it is to delete the folder: the last reader's. A step that was killed is still named as a reader in `control`, and the others leave
 * the folder to it, so its post step waits until they have ended or no longer name it.
 */
async function whoseAreThey(
  pieces: UploadedPieces,
  { s3, clock, log, patient }: Omit<UndoPiecesContext, "isUnreached">,
): Promise<"ours" | "of-others" | "unknown"> {
  const { reader } = pieces;
  if (reader === undefined) return "ours";
  const until = clock.now() + OTHERS_MS;
  for (let isFirst = true; ; isFirst = false) {
    const readers = await findReaders(controlOf(pieces), s3);
    if (othersThan(reader, readers, clock.now()).length === 0) return "ours";
    if (!readers.has(reader) || clock.now() >= until) {
      log.info("The output is left to another step, which still reads it.");
      return "of-others";
    }
    if (!patient) return "unknown";
    if (isFirst)
      log.info(`Another step reads the output: waiting for it, for ${OTHERS_MS / 1000} s at most.`);
    await clock.sleep(LOOK_EVERY_MS);
  }
}

export function controlOf({ bucket, owner, prefix }: UploadedPieces): ObjectName {
  return { bucket, owner, key: `${prefix}control` };
}

/** The container may repeat the last piece and the parts that were on their way, and none before them. */
function lastOf({ next, parts = 0 }: ObjectCounts): ObjectCounts {
  return { next: Math.max(0, next - 1), parts: Math.max(0, parts - PARTS_AT_ONCE) };
}

/** As in `payload/container/parts.py`. */
const PARTS_AT_ONCE = 3;
