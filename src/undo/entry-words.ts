import { lastPart } from "../targets/arn.ts";
import { LEASE_MINUTES } from "../targets/protection/held-protection.ts";
import type { LedgerEntry } from "./ledger.ts";

/** A sentence that says how this entry is undone. */
export function announce(entry: LedgerEntry): string {
  switch (entry.kind) {
    case "task":
      return entry.taskArn === undefined
        ? `Stopping the task that was being started in cluster '${entry.cluster}'.`
        : `Stopping task ${entry.taskArn}.`;
    case "stopping":
      return `Waiting until task ${lastPart(entry.taskArn)} has stopped.`;
    case "task-definition":
      return `Deregistering ${entry.arn}.`;
    case "shared-definition":
      return `Deregistering ${entry.arn}, unless another job uses it.`;
    case "registration":
      return entry.known === undefined
        ? `Deregistering the task definition that was being registered as '${entry.family}'.`
        : `Looking for a second revision of '${entry.family}': its registration was repeated.`;
    case "job":
      return `Stopping the job in container '${entry.container}' of task ${lastPart(entry.task)}.`;
    case "session":
      return `Ending session ${entry.sessionId}.`;
    case "sending":
      return `Waiting for artifacts of task ${lastPart(entry.task)}.`;
    case "protection":
      return `Ending the protection of task ${lastPart(entry.task)}.`;
    case "object":
      return `Deleting s3://${entry.bucket}/${entry.key}.`;
    case "pieces":
      return `Deleting the output in s3://${entry.bucket}/${entry.prefix}.`;
    case "control":
      return `Deleting s3://${entry.bucket}/${entry.key}.`;
    case "hook":
      return entry.hook === undefined
        ? `Telling deployment ${entry.deployment} ROLLBACK, where it waits for a verdict.`
        : `Telling deployment ${entry.deployment}: ROLLBACK.`;
    case "lock":
      return `Giving back the lock s3://${entry.bucket}/${entry.key}.`;
    case "claim":
      return `Giving back the claim s3://${entry.bucket}/${entry.key}${entry.freeAt === undefined ? "" : ", when its sessions have had the time to end"}.`;
  }
}

/** What happens to an entry that no step can undo: how long it stays, and how the user can end it. */
export function whatStays(entry: LedgerEntry): string {
  switch (entry.kind) {
    case "task": {
      const { cluster, taskArn } = entry;
      const which =
        taskArn === undefined ? "" : `: 'aws ecs stop-task --cluster ${cluster} --task ${taskArn}'`;
      return (
        "Unless its session has told it to end, the task is left running and goes on costing. With 'hold' it ends by itself 15 " +
        `minutes after 'timeout'; otherwise you have to stop it${which}.`
      );
    }
    case "job":
      return "The job goes on in its container until it ends or its 'timeout' stops it.";
    case "session":
      return "It ends by itself within a minute.";
    case "protection":
      return `It ends by itself within ${LEASE_MINUTES} minutes.`;
    case "hook":
      return "The deployment waits until the time-out of its hook acts.";
    case "object":
    case "pieces":
    case "control":
    case "claim":
    case "lock":
      return "It stays until you delete it, or a lifecycle rule of the bucket does.";
    default:
      return "It stays until you deregister it; it costs nothing.";
  }
}
