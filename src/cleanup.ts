import { releaseClaim } from "./admission/claim.ts";
import type { Ecs } from "./aws/ecs.ts";
import type { S3 } from "./aws/s3.ts";
import type { Log } from "./log.ts";
import type { Ledger, Undo } from "./state.ts";
import { undo as undoTarget } from "./target/undo.ts";

export interface CleanupOptions {
  readonly ecs: Pick<Ecs, "stopTask" | "listTasks" | "deregisterTaskDefinition">;
  readonly s3: Pick<S3, "deleteObject" | "getVersion" | "deleteIf">;
  readonly log: Log;
  /** What StopTask records as the task's stopped reason. */
  readonly reason: string;
  /**
   * The run still goes on: an upload under way may end after this, so objects stay on record for another time, and the
   * job gives its claim back itself once its session has ended.
   */
  readonly early?: boolean;
}

/**
 * Undoes all that the ledger holds, at once and in any order, and drops what is undone. Doing it again does no harm:
 * a task that was being started and was not found yet stays on the list for that.
 * What can't be undone is told in a warning, never thrown: the run's own end is what the user has to see.
 */
export async function cleanUp(ledger: Ledger, options: CleanupOptions): Promise<void> {
  await Promise.all(
    ledger.entries.map(async (entry) => {
      const { log } = options;
      if (entry.kind === "claim" && options.early) return;
      try {
        log.info(announce(entry));
        if (entry.kind === "object") {
          await options.s3.deleteObject(entry);
          if (!options.early) ledger.drop(entry);
        } else if (entry.kind === "claim") {
          await releaseClaim(options.s3, entry);
          ledger.drop(entry);
        } else if (await undoTarget(entry, options.ecs, options.reason)) ledger.drop(entry);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        log.warning(`Could not undo this: ${announce(entry)} ${why}`);
      }
    }),
  );
}

function announce(entry: Undo): string {
  switch (entry.kind) {
    case "task":
      return entry.taskArn === undefined
        ? `Stopping the task that was being started in cluster '${entry.cluster}'.`
        : `Stopping task ${entry.taskArn}.`;
    case "task-definition":
      return `Deregistering ${entry.arn}.`;
    case "object":
      return `Deleting s3://${entry.bucket}/${entry.key}.`;
    case "claim":
      return `Giving back the claim s3://${entry.bucket}/${entry.key}.`;
  }
}
