import type { JobEnd } from "../follow/job-end.ts";
import { withoutStatus } from "../follow/ending.ts";
import type { Target } from "../targets/target.ts";
import { endedResult, failedResult, type Known, type Result } from "./result.ts";

/** The job's own status, else why there is none. */
export function concluded(attended: JobEnd, target: Target, known: Known): Result {
  const sessionId = known.sessionIds.at(-1) ?? "";
  switch (attended.kind) {
    case "status": {
      const { status } = attended;
      if (status.kind === "ended") return endedResult(status, known);
      const code = status.kind === "lost" ? "lost" : status.code;
      const failure = withoutStatus({ kind: "refused", code, text: status.text }, target, sessionId);
      return failedResult(failure, status.kind === "lost" ? known : { ...known, attached: false });
    }
    case "impossible":
      return failedResult(attended.failure, known);
    default:
      return failedResult(withoutStatus(attended, target, sessionId), known);
  }
}
