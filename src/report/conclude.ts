import { failureOfEnd } from "../carriers/failures.ts";
import {
  failedResult,
  fencedResult,
  type JobReport,
  statusResult,
  type TaskFacts,
  type TaskResult,
} from "./result.ts";

/** The result of a job: its status, or the failure that says why it has no status. */
export function conclude(
  { end, attached, sessionIds, handle }: Pick<JobReport, "end" | "attached" | "sessionIds" | "handle">,
  task: TaskFacts,
): TaskResult {
  const { target } = task;
  const sessionId = sessionIds.at(-1) ?? "unknown";
  switch (end.kind) {
    case "status": {
      const { status } = end;
      if (status.kind === "ended") return statusResult(status, task);
      if (status.kind === "fenced") return fencedResult(task);
      const isLost = status.kind === "lost";
      const code = isLost ? "lost" : status.code;
      const failure = failureOfEnd({ kind: "refused", code, text: status.text }, target, sessionId);
      return failedResult(failure, task, isLost && attached);
    }
    case "detached":
      if (handle === undefined) throw new Error("a job was detached from without a handle");
      return { kind: "detached", outcome: "detached", exitCode: undefined, handle, task };
    case "impossible":
      return failedResult(end.failure, task, attached);
    default:
      return failedResult(failureOfEnd(end, target, sessionId), task, attached);
  }
}
