import { releaseClaim } from "../places/claim.ts";
import type { Aws } from "../aws/calls.ts";
import { logRetention } from "../aws/s3-retention.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { lacksCredentials } from "../follow/expiry.ts";
import { stopJob, type StopJobOptions } from "./stop-job.ts";
import type { Ledger, LedgerEntry } from "./ledger.ts";
import { lastPart } from "../targets/arn.ts";
import { removeResource } from "../targets/made-resource.ts";

export interface CleanupOptions {
  readonly aws: StopJobOptions["aws"] & {
    readonly ecs: Pick<
      Aws["ecs"],
      "stopTask" | "listTasks" | "describeTasks" | "describeTaskDefinition" | "deregisterTaskDefinition"
    >;
    readonly s3: Pick<Aws["s3"], "deleteObject" | "getVersion" | "deleteIf">;
  };
  readonly clock: Clock;
  readonly log: Log;
  /** What StopTask records as the task's stopped reason. */
  readonly reason: string;
  /**
   * The run still goes on. What is being made may appear after this cleanup, so it stays on record for the next one. The
   * job is stopped through its own session, and gives its claim back when that has ended.
   */
  readonly early?: boolean;
  /** Whether to wait until a claim may be given back. */
  readonly patient?: boolean;
}

/**
 * Undoes every entry of the ledger, and drops each that is undone. A second cleanup does no harm. The order does not
 * matter, but shared task definitions come last: two jobs that end together must each see that the other's task is
 * stopped. Resolves with the entries that were being made and were not found yet; they stay in the ledger. An entry that
 * can't be undone is told in a warning and never thrown: the user has to see how the run ended.
 */
export async function cleanUp(ledger: Ledger, options: CleanupOptions): Promise<readonly LedgerEntry[]> {
  const { clock, log, early = false, patient = false } = options;
  const missing: LedgerEntry[] = [];
  const undoOne = async (entry: LedgerEntry): Promise<void> => {
    const tooEarly = entry.kind === "claim" && (entry.freeAt ?? 0) > clock.now();
    if (entry.kind === "claim" && (early || (tooEarly && !patient))) return;
    try {
      log.info(announce(entry));
      const found = await undo(entry, options);
      if (!found) missing.push(entry);
      else if (!mayReappear(entry, early)) ledger.drop(entry);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const stays = error instanceof Failure && lacksCredentials(error) ? ` ${whatStays(entry)}` : "";
      log.warning(`Could not undo this: ${announce(entry)} ${why}${stays}`);
    }
  };
  const isLast = ({ kind }: LedgerEntry): boolean => kind === "shared-definition";
  const entries = ledger.entries;
  await Promise.all(entries.filter((entry) => !isLast(entry)).map(undoOne));
  await Promise.all(entries.filter(isLast).map(undoOne));
  return missing;
}

/** False where the entry is not known to be undone: what was being made may yet appear. */
async function undo(
  entry: LedgerEntry,
  { aws, clock, log, reason, early, patient }: CleanupOptions,
): Promise<boolean> {
  switch (entry.kind) {
    case "object":
      logRetention(log, entry, await aws.s3.deleteObject(entry));
      return true;
    case "claim":
      await clock.sleep(Math.max(0, (entry.freeAt ?? 0) - clock.now()));
      await releaseClaim(aws.s3, entry, log);
      return true;
    case "job":
      if (!early) await stopJob(entry, { aws, clock, log, patient });
      return true;
    default:
      return await removeResource(entry, aws.ecs, reason, log);
  }
}

/** Whether the entry has to be undone once more, when the call that makes it has come to its end. */
function mayReappear(entry: LedgerEntry, early: boolean): boolean {
  switch (entry.kind) {
    case "object":
      return early || entry.unheard === true;
    case "task":
      return early && entry.taskArn === undefined;
    case "registration":
    case "job":
      return early;
    default:
      return false;
  }
}

function announce(entry: LedgerEntry): string {
  switch (entry.kind) {
    case "task":
      return entry.taskArn === undefined
        ? `Stopping the task that was being started in cluster '${entry.cluster}'.`
        : `Stopping task ${entry.taskArn}.`;
    case "task-definition":
      return `Deregistering ${entry.arn}.`;
    case "shared-definition":
      return `Deregistering ${entry.arn}, unless another job runs of it.`;
    case "registration":
      return `Deregistering the task definition that was being registered as '${entry.family}'.`;
    case "job":
      return `Stopping the job in container '${entry.container}' of task ${lastPart(entry.task)}.`;
    case "object":
      return `Deleting s3://${entry.bucket}/${entry.key}.`;
    case "claim":
      return `Giving back the claim s3://${entry.bucket}/${entry.key}${entry.freeAt === undefined ? "" : ", once the log of its session can have been uploaded"}.`;
  }
}

/** What becomes of an entry that no step can undo: how long it stays, and how a user ends it. */
function whatStays(entry: LedgerEntry): string {
  switch (entry.kind) {
    case "task": {
      const { cluster, taskArn } = entry;
      const which =
        taskArn === undefined ? "" : `: 'aws ecs stop-task --cluster ${cluster} --task ${taskArn}'`;
      return (
        "Unless its session has told it to end, the task is left running and goes on costing. With 'hold' it ends by itself 15 " +
        `minutes after 'timeout', else when somebody stops it${which}.`
      );
    }
    case "job":
      return "The job goes on in its container until it ends or its 'timeout' stops it.";
    case "object":
    case "claim":
      return "It stays until somebody deletes it, or a lifecycle rule of the bucket.";
    default:
      return "It stays until somebody deregisters it; it costs nothing.";
  }
}
