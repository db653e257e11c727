import { factsOf, Failure, type FailureCode } from "../../errors.ts";
import type { JobEnd } from "../job-end.ts";
import { failureOfEnd } from "../failures.ts";
import type { SessionLogs } from "../../ready/session-logs.ts";
import { tellWhile } from "../../waiting.ts";
import type { Target } from "../../targets/target.ts";
import { type LogReading, readLogs } from "./read-logs.ts";
import { transcriptName, UnreadableLog } from "./transcript.ts";

/** How long to wait for the agent's upload, which begins some seconds after a session's end. */
const PATIENCE_MS = 20_000;
/**
 * How long to wait when the agent has ended, too. It uploads nothing more, but its last upload may have become readable
 * only now.
 */
const PATIENCE_WITHOUT_AGENT_MS = 1_000;
const WITHOUT_AGENT: ReadonlySet<FailureCode> = new Set([
  "task-stopped",
  "container-stopped",
  "task-not-found",
]);

export interface LastResortOptions extends LogReading {
  readonly sessionLogs: SessionLogs;
  /** The last of the sessions. */
  readonly sessionId: string;
  readonly target: Pick<Target, "container" | "taskId">;
}

/**
 * Looks for the job's status in the logs of its sessions, when no session has told it. When the logs don't tell it
 * either, or may not be read, the result is the failure of the sessions, with a list of the logs that were tried.
 */
export async function findEndInLogs(
  end: Exclude<JobEnd, { kind: "status" | "detached" }>,
  options: LastResortOptions,
): Promise<JobEnd> {
  const { sessionLogs, sessionId, log, clock, signal } = options;
  const failure = end.kind === "impossible" ? end.failure : failureOfEnd(end, options.target, sessionId);
  const until = clock.now() + (WITHOUT_AGENT.has(failure.code) ? PATIENCE_WITHOUT_AGENT_MS : PATIENCE_MS);
  const tried: string[] = [];
  for (const from of sessionLogs) {
    const name = transcriptName(from, sessionId);
    log.info(`No session tells how the job ended; looking in ${name}.`);
    try {
      const patience = Math.max(0, until - clock.now());
      const found = await tellWhile(name, { clock, log }, readLogs(from, { ...options, patience }));
      if (found.kind === "status") return found;
      tried.push(
        `${name} does not tell it${found.kind === "missing" && !found.attached ? ": nothing of the job is there" : ""}`,
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Failure)) throw error;
      tried.push(
        error instanceof UnreadableLog ? factsOf(error) : `${name} could not be read (${error.seen})`,
      );
    }
  }
  const more = `The job's end was looked for elsewhere: ${tried.join("; ")}.`;
  return { kind: "impossible", failure: failure.alsoSeen(more) };
}
