import { isStarting } from "../draw-tasks.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { LOG_PREFIX } from "../world/names.ts";
import type { SessionRecord } from "../world/session.ts";
import { isCancelled } from "./is-cancelled.ts";
import type { Rule } from "./rule.ts";
import { taskCountOf } from "./script-output.ts";
import { tasksOf } from "./tasks-of.ts";

/** The mark with which an attacher tells a job's end (docs/protocol.md). */
const END = /\]7733;[0-9a-f]{32};\. \d+ (?:exited|timed-out) /;
/** The codes of a step that does not know how its job ended. */
const UNKNOWN =
  /^::error title=fargate-exec(?::|%3A) (?:no-status|session-lost|task-stopped|container-stopped)::/m;

/** Where no session tells the end of a job, a log of the last one that has it is read: from the moment on at which it was there in time. */
const found: Rule = {
  name: "an end that the log of a session has is known",
  look(ended, check) {
    const { sessionLogs } = ended.scenario.world;
    if (sessionLogs === undefined) return;
    for (const runner of ended.runners) {
      const { logs = "auto", items } = runner.options.inputs;
      if (logs === "session" || items !== undefined || isCancelled(runner) || runner.before !== undefined)
        continue;
      const { exitCode, at = 0 } = runner.mainEnd ?? {};
      if (exitCode === undefined || isHindered(runner, ended)) continue;
      // The last session may be of another task than the one whose end is not known.
      if (taskCountOf(runner) > 1) continue;
      const sessions = sessionsOf(runner, ended);
      const [last] = sessions;
      if (last === undefined) continue;
      const further = furtherAttempt(runner, last, ended);
      const until = further?.at ?? at;
      const [log = "", ...earlierLogs] = sessions.map((session) => logBefore(until, session, logs, ended));
      if (!END.test(log)) continue;
      // Without the log of an earlier session the output has a hole: the step shows what is before that, and knows no end.
      if (earlierLogs.includes("")) continue;
      // A further attempt may have got a task that ended before it had a session.
      const task = isStarting(runner.options) ? tasksOf(runner, ended).at(-1)?.container : undefined;
      if (task !== undefined && task.agent !== last.agent) continue;
      // Also in the same task: the code is then that of an attempt without a session, and what the step knew of the one before is its reason for it.
      const [code] = further === undefined ? (UNKNOWN.exec(runner.main.stdout) ?? []) : [];
      const isKnown = further === undefined || further.reason.startsWith("exit code ");
      check(
        code === undefined && isKnown,
        runner.name,
        () =>
          `${code ?? `runs again for '${further?.reason ?? ""}'`} though the log of session ${last.id} has the end`,
      );
    }
  },
};

/** Whether the step could not read the log, or not when it was due. */
function isHindered({ name }: Runner, { world: { base } }: Simulated): boolean {
  return base.faults.taken.some(
    ({ actor, kind }) => actor === name && ["call", "credentials-end", "pause", "s3-away"].includes(kind),
  );
}

/** The sessions of the step that the agent has opened, the last one first. */
function sessionsOf({ name }: Runner, { world }: Simulated): readonly SessionRecord[] {
  return [...world.gateway.sessions.values()]
    .filter(({ owner, openedAt }) => owner === name && openedAt !== undefined)
    .toReversed();
}

/** When and for what reason the step ended the attempt in which this session was, to make a further one. */
function furtherAttempt(
  { name }: Runner,
  { id }: SessionRecord,
  { world }: Simulated,
): { readonly at: number; readonly reason: string } | undefined {
  const happenings = world.base.timeline.happenings.filter(({ actor }) => actor === name);
  const opened = happenings.findIndex(({ text }) => text.includes(id));
  if (opened < 0) return undefined;
  for (const { at, text } of happenings.slice(opened)) {
    const [, reason] = /^\| Attempt \d+ ended for '([^']+)'; the next one in/.exec(text) ?? [];
    if (reason !== undefined) return { at, reason };
  }
  return undefined;
}

/** What a step with this input `logs` could read of the log of a session a moment before it ended. */
function logBefore(at: number, { id }: SessionRecord, logs: string, { scenario, world }: Simulated): string {
  const { sessionLogs } = scenario.world;
  const stream =
    logs !== "s3" && sessionLogs?.mayRead === true ? world.gateway.logs.streams.get(id) : undefined;
  if (stream !== undefined && stream.at < at - 1_000) return stream.events.join("\n");
  const object = logs === "cloudwatch" ? undefined : world.bucket.current(`${LOG_PREFIX}/${id}.log`);
  return object !== undefined && object.modified < at - 2_000 ? object.bytes.toString("latin1") : "";
}

/** Whether the agent of a session of the step has died before it had uploaded the end of the job: it uploads a transcript when the session is over. */
export function hasUnwrittenLog(runner: Runner, ended: Simulated): boolean {
  const { logs = "auto" } = runner.options.inputs;
  const dead = sessionsOf(runner, ended).filter(({ agent }) => agent.isDead);
  return dead.some((session) => !END.test(logBefore(Infinity, session, logs, ended)));
}

/** What must hold of the logs of sessions. */
export const LOG_RULES: readonly Rule[] = [found];
