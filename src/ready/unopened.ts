import type { Ecs } from "../aws/ecs.ts";
import type { ActiveSession, Ssm } from "../aws/ssm.ts";
import { asFailure, Failure } from "../errors.ts";
import type { TaskSelection } from "../inputs/inputs.ts";
import type { Target } from "../targets/target.ts";
import { containerBlocked, execNotReady } from "./advice.ts";
import { judgeTask } from "./verdict.ts";

export interface UnopenedOptions {
  readonly target: Pick<Target, "clusterArn" | "taskArn" | "container">;
  /** `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  /** The session that was not opened. */
  readonly sessionId: string;
  readonly seconds: number;
  /** How the task was selected. */
  readonly choice: TaskSelection["kind"];
  /** Whether the policies of the task's role prove that the agent can't open a session. */
  readonly isDenied: boolean;
  readonly ecs: Pick<Ecs, "describeTask">;
  readonly ssm: Pick<Ssm, "listActiveSessions">;
}

/**
 * The failure of a session that the exec agent did not open. When ECS now reports the end of the task or of the agent, it is
 * that failure. When the task's role can't open one it is `exec-not-ready`, else `container-blocked` with the container's sessions. When a look fails, the message says so.
 */
export async function explainUnopened(options: UnopenedOptions): Promise<Failure> {
  const { target, sessionTarget, sessionId, seconds, choice, isDenied, ecs, ssm } = options;
  const [task, sessions] = await Promise.all([
    orFailure(ecs.describeTask(target.clusterArn, target.taskArn)),
    orFailure(ssm.listActiveSessions(sessionTarget)),
  ]);
  if (task !== undefined && !(task instanceof Failure)) {
    const now = judgeTask(task, target.container);
    if (now.kind === "never") return now.failure;
  }
  const containers = task === undefined || task instanceof Failure ? [] : task.containers;
  const { execAgent } = containers.find(({ name }) => name === target.container) ?? {};
  if (isDenied && task !== undefined && !(task instanceof Failure)) {
    const seen = `ExecuteCommand made the session, which the exec agent did not open. ECS says that the agent is ${execAgent?.status ?? "not known"}.`;
    return execNotReady(target.container, task, seconds, seen);
  }
  const otherSessions = sessions instanceof Failure ? [] : sessions.filter(({ id }) => id !== sessionId);
  const others =
    sessions instanceof Failure
      ? `Its other sessions can't be seen: ${sessions.failed}`
      : inWords(otherSessions);
  const areSeen = otherSessions.length === 0 ? "none" : "seen";
  return containerBlocked(target.container, target.taskArn, seconds, {
    agent: execAgent?.status ?? "not known",
    ...{ others, choice, areOthers: sessions instanceof Failure ? "unseen" : areSeen },
  });
}

function inWords(sessions: readonly ActiveSession[]): string {
  if (sessions.length === 0) return "The container has no other session.";
  const each = sessions.map(({ id, since }) =>
    since === undefined ? id : `${id} since ${new Date(since).toISOString()}`,
  );
  return `The container's other sessions: ${each.join(", ")}.`;
}

async function orFailure<T>(look: Promise<T>): Promise<T | Failure> {
  try {
    return await look;
  } catch (error) {
    return asFailure(error);
  }
}
