import type { Ecs } from "./aws/ecs.ts";
import type { S3 } from "./aws/s3.ts";
import type { Log } from "./log.ts";
import type { Ledger, Undo } from "./state.ts";

export interface CleanupOptions {
  readonly ecs: Pick<Ecs, "stopTask" | "listTasks" | "deregisterTaskDefinition">;
  readonly s3: Pick<S3, "deleteObject">;
  readonly log: Log;
  /** What StopTask records as the task's stopped reason. */
  readonly reason: string;
}

/**
 * Undoes all that the ledger holds, at once and in any order, and drops what is undone. Doing it again does no harm.
 * What can't be undone is told in a warning, never thrown: the run's own end is what the user has to see.
 */
export async function cleanUp(ledger: Ledger, options: CleanupOptions): Promise<void> {
  await Promise.all(
    ledger.entries.map(async (entry) => {
      try {
        await undo(entry, options);
        ledger.drop(entry);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        options.log.warning(`Left behind: ${describe(entry)}. ${why}`);
      }
    }),
  );
}

async function undo(entry: Undo, { ecs, s3, log, reason }: CleanupOptions): Promise<void> {
  switch (entry.kind) {
    case "starting": {
      const tasks = await ecs.listTasks(entry.cluster, { startedBy: entry.startedBy });
      for (const task of tasks) {
        log.info(`Stopping task ${task}, which was being started.`);
        await ecs.stopTask(entry.cluster, task, reason);
      }
      return;
    }
    case "task":
      log.info(`Stopping task ${entry.taskArn}.`);
      await ecs.stopTask(entry.cluster, entry.taskArn, reason);
      return;
    case "task-definition":
      await ecs.deregisterTaskDefinition(entry.arn);
      log.debug(`Deregistered ${entry.arn}.`);
      return;
    case "object":
      await s3.deleteObject(entry);
      log.debug(`Deleted ${describe(entry)}.`);
  }
}

function describe(entry: Undo): string {
  switch (entry.kind) {
    case "starting":
      return `a task in cluster '${entry.cluster}', if one was started by '${entry.startedBy}'`;
    case "task":
      return `task '${entry.taskArn}' in cluster '${entry.cluster}'`;
    case "task-definition":
      return `task definition '${entry.arn}'`;
    case "object":
      return `s3://${entry.bucket}/${entry.key}`;
  }
}
