import { releaseClaim } from "../queue/claim.ts";
import type { QueueS3 } from "../queue/queue-object.ts";
import { giveBackProtection } from "../targets/protection/held-protection.ts";
import type { Aws } from "../aws/calls.ts";
import { logRetention } from "../aws/s3-retention.ts";
import type { Clock } from "../clock.ts";
import { isAboutCredentials, messageOf } from "../errors.ts";
import { type Log, keepWarnings } from "../log.ts";
import { terminateSession } from "../session/opener.ts";
import { tellWhile } from "../waiting.ts";
import { commandsEndBy, noteTold, waitsForJob } from "./runaway-job.ts";
import { stopJob, type StopJobOptions } from "./stop-job.ts";
import { announce, whatStays } from "./entry-words.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { besideOthers, removeResource } from "../targets/made/made-resource.ts";
import type { DeletionContext } from "../carriers/pieces/delete-pieces.ts";
import { undoHook } from "./undo-hook.ts";
import { noteStopping, undoLock } from "./undo-lock.ts";
import { controlOf, undoPieces } from "./undo-pieces.ts";

/** For more entries than this, the log has only their number. */
const MOST_NAMED = 100;

type StepCleanupOptions = Pick<CleanupOptions, "aws" | "clock" | "log">;

/** The cleanups of a step: a first one at a cancel, and the last one after the run. */
export class StepCleanup {
  readonly #ledger: Ledger;
  readonly #options: StepCleanupOptions;
  #early: Promise<unknown> | undefined;

  constructor(ledger: Ledger, options: StepCleanupOptions, cancel: AbortSignal) {
    this.#ledger = ledger;
    this.#options = options;
    cancel.addEventListener("abort", () => {
      options.log.info("Cancelled: stopping what this run started.");
      this.#early = this.#cleanUp("fargate-exec: cancelled", true);
    });
  }

  /** Resolves when the cleanup of a cancel is over, or at once without a cancel. */
  async early(): Promise<void> {
    await this.#early;
  }

  /** The last cleanup. What it can't undo stays in the ledger for the post step. */
  async finish(): Promise<void> {
    await this.#cleanUp("fargate-exec: the job has ended", false);
    const left = this.#ledger.entries.length;
    if (isOverdue(this.#options) && left > 0)
      this.#options.log.info(`This process is ended soon. What is left to undo is undone after it: ${left}.`);
  }

  async #cleanUp(reason: string, early: boolean): Promise<void> {
    await cleanUp(this.#ledger, { ...this.#options, reason, early });
  }
}

export interface CleanupOptions {
  readonly aws: StopJobOptions["aws"] & {
    readonly ecs: Pick<
      Aws["ecs"],
      | "stopTask"
      | "listTasks"
      | "describeTasks"
      | "describeTaskDefinition"
      | "deregisterTaskDefinition"
      | "deleteTaskDefinition"
      | "getTaskProtection"
      | "updateTaskProtection"
      | "continueServiceDeployment"
      | "describeServiceDeployment"
    >;
    readonly s3: QueueS3 & DeletionContext["s3"];
  };
  readonly clock: Clock;
  readonly log: Log;
  /** The stoppedReason of the tasks that the cleanup stops. */
  readonly reason: string;
  /**
   * True while the run still goes on. Entries whose call is under way stay in the ledger for the next cleanup. The
   * run stops the job through the job's own session, and then gives back its claim and the protection of its task.
   */
  readonly early?: boolean;
  /** True when there is time, as in the post step, to wait until a claim may be given back, and for what a container still uploads. */
  readonly patient?: boolean;
}

/**
 * Undoes every entry of the ledger, and drops those that are undone. A second cleanup does no harm.
 *
 * Pieces come after the job that uploads them, and `control` after its pieces, when the container has had the time to read it. A killed main
 * step leaves both to the post step, because S3 may write the last `control` a moment later. So does a main step that does not know the end
 * of the job: `control` may be all that tells the container of the cancel. Shared task definitions come after
 * the tasks, so that two jobs that end together each see the other's task stopped. The protection of a task ends after
 * its job. So does a claim, since the session of the stop command uses its seat. A lock comes after the jobs that ran under it.
 *
 * When the signal of the calls aborts, the rest stays in the ledger for the post step.
 *
 * Resolves with the entries that were not found. They stay in the ledger for the next cleanup: the call that makes them
 * was under way, or the deployment of a cancelled step does not wait for a verdict yet. Never rejects: an entry that
 * can't be undone is a warning.
 */
export async function cleanUp(ledger: Ledger, options: CleanupOptions): Promise<readonly LedgerEntry[]> {
  const { clock, early = false, patient = false } = options;
  const entries = besideKnownTasks(ledger);
  const isLong = entries.length > MOST_NAMED;
  if (isLong) options.log.info(`Undoing what this run has made: ${entries.length} entries.`);
  const log = isLong ? keepWarnings(options.log) : options.log;
  const missing: LedgerEntry[] = [];
  /** The keys of each `control` that other readers still need. */
  const readOn = new Set<string>();
  const isForArtifacts = artifactsTest(entries);
  const undoOne = async (entry: LedgerEntry): Promise<void> => {
    if (isOverdue(options) || (early && isForArtifacts(entry))) return;
    if (entry.kind === "stopping" || isLeftAlone(entry, patient)) return;
    if (entry.kind === "control" && readOn.has(entry.key)) return;
    if (entry.kind === "sending") {
      if (!early) ledger.drop(entry);
      return;
    }
    if (hasToWait(entry) && (early || (!patient && isForPost(entry, ledger, clock.now())))) return;
    try {
      log.info(announce(entry));
      if (entry.kind === "pieces") {
        const isUnreached = ledger.entries.some((each) => each.kind === "job" && each.told !== "certainly");
        const context = { s3: options.aws.s3, clock, log, patient, isUnreached };
        if (await undoPieces(entry, ledger, context)) readOn.add(controlOf(entry).key);
        return;
      }
      if (entry.kind === "lock") {
        await undoLock(entry, { entries, remaining: ledger.entries }, { ...options, log });
        ledger.drop(entry);
        return;
      }
      const found = await tellWhile(
        `the end of this: ${announce(entry)}`,
        { clock, log },
        undo(entry, ledger, { ...options, log }),
      );
      if (!found) missing.push(entry);
      else if (!isUndoneAgain(entry, early)) ledger.drop(entry);
    } catch (error) {
      if (!isOverdue(options)) warn(entry, error, log);
    }
  };
  for (const rank of [0, 1, 2, 3])
    await Promise.all(entries.filter(({ kind }) => (ORDER[kind] ?? 0) === rank).map(undoOne));
  dropTold(ledger, patient);
  return missing;
}

function warn(entry: LedgerEntry, error: unknown, log: Log): void {
  const stays = isAboutCredentials(error) ? ` ${whatStays(entry)}` : "";
  // The command line tries once more what the run itself could not undo.
  log.warnOnce(
    `Could not undo this: ${announce(entry)} ${messageOf(error)}${stays}`,
    "troubleshooting.md#after-a-lost-runner",
  );
}

/** The entries. Those of tasks that were being started name the other tasks of the run, which ECS may list before them, and after their stop. */
function besideKnownTasks(ledger: Ledger): readonly LedgerEntry[] {
  const arns = ledger.entries.flatMap((entry) => (entry.kind === "task" ? (entry.taskArn ?? []) : []));
  for (const entry of ledger.entries) {
    const other = entry.kind === "task" ? besideOthers(entry, arns) : entry;
    if (other !== entry) ledger.exchange(entry, other);
  }
  return ledger.entries;
}

/** Whether nothing has to be undone: a task that later steps of the workflow job use, and a job that was told to stop. */
function isLeftAlone(entry: LedgerEntry, patient: boolean): boolean {
  if (entry.kind === "task") return entry.isForJob === true && !patient;
  return entry.kind === "job" && entry.told !== undefined;
}

/** Drops the jobs and tasks that were told to stop, once nothing waits for them any more. */
function dropTold(ledger: Ledger, patient: boolean): void {
  if (!patient && ledger.entries.some(waitsForJob)) return;
  for (const entry of ledger.entries)
    if (entry.kind === "stopping" || (entry.kind === "job" && entry.told !== undefined)) ledger.drop(entry);
}

/** Makes the test for what has to wait: a task that sends artifacts ends only after it has sent them, and its definition is removed after the task. */
function artifactsTest(entries: readonly LedgerEntry[]): (entry: LedgerEntry) => boolean {
  const sending = new Set(entries.flatMap((entry) => (entry.kind === "sending" ? entry.task : [])));
  return (entry) =>
    entry.kind === "task"
      ? sending.has(entry.taskArn ?? "")
      : entry.kind === "shared-definition" && sending.size > 0;
}

/** Whether the calls of the cleanup have been ended, so that the rest is left to the post step. */
function isOverdue({ aws }: Pick<CleanupOptions, "aws">): boolean {
  return aws.clients.signal?.aborted === true;
}

/** The rank of entries that have to wait for others. The lower ranks are undone first. */
const ORDER: Partial<Record<LedgerEntry["kind"], number>> = {
  "shared-definition": 1,
  protection: 1,
  claim: 1,
  pieces: 1,
  control: 2,
  lock: 3,
};

/** Undoes one entry. False when it was not found: it may still appear, if the call that makes it is under way. */
async function undo(
  entry: Exclude<LedgerEntry, { kind: "pieces" | "lock" | "sending" | "stopping" }>,
  ledger: Ledger,
  { aws, clock, log, reason, early, patient }: CleanupOptions,
): Promise<boolean> {
  switch (entry.kind) {
    case "object":
      logRetention(log, entry, await aws.s3.deleteObject(entry));
      return true;
    case "control":
      await clock.sleep(Math.max(0, freeAt(entry, ledger) - clock.now()));
      logRetention(log, entry, await aws.s3.deleteObject(entry));
      return true;
    case "claim":
      await clock.sleep(Math.max(0, freeAt(entry, ledger) - clock.now()));
      await releaseClaim(entry, { s3: aws.s3, clock, log });
      return true;
    case "protection":
      await giveBackProtection(entry, { ecs: aws.ecs, clock, log });
      return true;
    case "hook":
      // Only after the cleanup of a cancel there is another cleanup, which looks again.
      return (await undoHook(entry, aws.ecs, log)) || early !== true;
    case "job":
      if (!early) noteTold(entry, await stopJob(entry, { aws, clock, log, patient }), ledger);
      return true;
    case "session":
      if (!early) await terminateSession({ aws, log }, entry.sessionId);
      return true;
    case "task":
    case "task-definition":
    case "registration":
    case "shared-definition": {
      const found = await removeResource(entry, aws.ecs, reason, log);
      if (entry.kind === "task") noteStopping(entry, ledger);
      return found;
    }
  }
}

/** Whether other processes need what the entry names, while the run goes on or until a certain time. */
function hasToWait({ kind }: LedgerEntry): boolean {
  return ["claim", "pieces", "control", "protection", "lock"].includes(kind);
}

/** Whether a container may still have to learn from this `control` that its job is cancelled: it reads it every half minute. */
function isAwaited({ key }: Extract<LedgerEntry, { kind: "control" }>, ledger: Ledger): boolean {
  return ledger.entries.some(
    (entry) => entry.kind === "pieces" && entry.end === undefined && key === `${entry.prefix}control`,
  );
}

/** Whether the main step has no time to wait until the entry may be undone. It waits for `control`, so that the post step has nothing to do. */
function isForPost(entry: LedgerEntry, ledger: Ledger, now: number): boolean {
  switch (entry.kind) {
    case "control":
      return isAwaited(entry, ledger);
    case "lock":
      // The main step does not know the end of the lock's job.
      return entry.held === true;
    default:
      return freeAt(entry, ledger) > now;
  }
}

/** When the entry may be undone, in milliseconds since the epoch. */
function freeAt(entry: LedgerEntry, ledger: Ledger): number {
  if (entry.kind === "claim") return Math.max(entry.freeAt ?? 0, commandsEndBy(ledger));
  return (entry.kind === "control" ? entry.freeAt : undefined) ?? 0;
}

/** Whether the entry has to be undone once more after the end of the call that makes it. */
function isUndoneAgain(entry: LedgerEntry, early: boolean): boolean {
  switch (entry.kind) {
    case "object":
      return early || entry.unheard === true;
    case "task":
      return early && entry.taskArn === undefined;
    case "registration":
      return early && entry.known === undefined;
    case "job":
    case "session":
      return early;
    default:
      return false;
  }
}
