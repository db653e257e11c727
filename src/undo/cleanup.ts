import { releaseClaim } from "../places/claim.ts";
import type { Aws } from "../aws/calls.ts";
import { sayKept } from "../aws/s3-kept.ts";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import { lacksCredentials } from "../follow/expiry.ts";
import { stopJob, type StopJobOptions } from "./stop-job.ts";
import type { Ledger, Undo } from "./ledger.ts";
import { lastPart } from "../targets/arn.ts";
import { undo as undoTarget } from "../targets/undo.ts";

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
   * The run still goes on: what is being made may come after this and stays on record for another time. The job is told
   * by its own session, and gives its claim back itself once that has ended.
   */
  readonly early?: boolean;
  /** There is time to wait until a place may be given back. */
  readonly patient?: boolean;
}

/**
 * Undoes all that the ledger holds and drops what is undone: at once and in any order, but a shared task definition
 * last, for two jobs that end together must each see that the other's task is stopped. Doing it again does no harm.
 * Resolves with what was being made and was not found yet, which stays on the list for another time.
 * What can't be undone is told in a warning, never thrown: the run's own end is what the user has to see.
 */
export async function cleanUp(ledger: Ledger, options: CleanupOptions): Promise<readonly Undo[]> {
  const { clock, log, early = false, patient = false } = options;
  const missing: Undo[] = [];
  const undoOne = async (entry: Undo): Promise<void> => {
    const tooEarly = entry.kind === "claim" && (entry.freeAt ?? 0) > clock.now();
    if (entry.kind === "claim" && (early || (tooEarly && !patient))) return;
    try {
      log.info(announce(entry));
      const found = await undo(entry, options);
      if (!found) missing.push(entry);
      else if (!mayReappear(entry, early)) ledger.drop(entry);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const left = error instanceof Failure && lacksCredentials(error) ? ` ${remains(entry)}` : "";
      log.warning(`Could not undo this: ${announce(entry)} ${why}${left}`);
    }
  };
  const isLast = ({ kind }: Undo): boolean => kind === "shared-definition";
  const entries = ledger.entries;
  await Promise.all(entries.filter((entry) => !isLast(entry)).map(undoOne));
  await Promise.all(entries.filter(isLast).map(undoOne));
  return missing;
}

/** False where it is not known to be undone: what was being made may yet appear. */
async function undo(entry: Undo, { aws, clock, log, reason, early }: CleanupOptions): Promise<boolean> {
  switch (entry.kind) {
    case "object":
      sayKept(log, entry, await aws.s3.deleteObject(entry));
      return true;
    case "claim":
      await clock.sleep(Math.max(0, (entry.freeAt ?? 0) - clock.now()));
      await releaseClaim(aws.s3, entry, log);
      return true;
    case "job":
      if (!early) await stopJob(entry, { aws, clock, log });
      return true;
    default:
      return await undoTarget(entry, aws.ecs, reason, log);
  }
}

/** Whether it has to be undone once more, when what is under way has come to its end. */
function mayReappear(entry: Undo, early: boolean): boolean {
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

function announce(entry: Undo): string {
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

/** What an entry is that nobody is left to undo: until when it is there, and who can end it. */
function remains(entry: Undo): string {
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
