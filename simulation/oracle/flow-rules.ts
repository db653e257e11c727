import type { ScriptRun } from "../container/container.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { SessionRecord } from "../world/session.ts";
import { awayFor } from "./away-for.ts";
import { hasLostCredentials } from "./credentials.ts";
import { isInLine } from "./is-in-line.ts";
import { lineWith } from "./line-with.ts";
import { isStopCommand } from "./is-stop-command.ts";
import type { Rule } from "./rule.ts";
import { firstOf, jobsOf, readsLog, runsOf, workersOf } from "./script-output.ts";
import { hasSilentAgent } from "./silent-agent.ts";
import { CANCELLED_MS, ENDED_AT_ONCE } from "./step-rules.ts";
import { tasksOf } from "./tasks-of.ts";
import { timeoutOf } from "./timeout-of.ts";

/** From TERM to KILL of a job that is out of time, and what the container needs to notice. */
const KILLED_MS = 10_000;
const NOTICED_MS = 1_000;
/** An attacher or the uploader notices within a second that the job was killed. KILL comes a second after TERM. */
const SWEPT_MS = 2 * NOTICED_MS;
/** The stop command gives a job ten seconds, and the agent sleeps one before. */
const COMMAND_MS = 12_000;
/** A step waits 90 s for an uploader that is silent, and then for a session. */
const SILENT_MS = 120_000;
/**
 * A step that nothing disturbs has reported soon after its script; another one after its waits for a silent carrier and for the next one: a
 * container keeps an end that nobody takes for ten minutes.
 */
const REPORTED_MS = 20_000;
const DISTURBED_MS = 11 * 60_000;
/** A frame that is lost is sent again, and what was sent behind it is not held up for long. */
const FRAME_MS = 5_000;
/** A part of an archive takes a few calls, of a fifth of a second at most. */
const PART_MS = 200;
/** For a line of much output: a millisecond in the session, and two for the upload of its log. */
const BULK_LINE_MS = 3;
/** A step that reads a log gives its upload so long. */
const LOG_MS = 95_000;
/** A step looks at its task so often. */
const LOOK_MS = 16_000;
/** An attacher whose PID 1 may reap no child waits so long for that before it goes. */
const LEFT_MS = 5_500;
/** A container gives up an upload that S3 does not answer, after a minute in the simulation, and then reads `control`. */
const POSTED_MS = 90_000;
/** A container reads `control` each half minute; a script that ignores TERM is killed three seconds later. */
const STOPPED_MS = 60_000;

/**
 * The frames of a session are put in order, and come again when they are lost: nothing that the agent sent is missing, or is waited for in
 * vain, unless the runner is paused, its connection has broken without a word, or its agent is gone without one.
 */
const wholeSessions: Rule = {
  name: "sessions bring all that was sent",
  look(ended, check) {
    for (const runner of ended.runners) {
      const { name, main } = runner;
      const isSilenced =
        ended.world.base.faults.taken.some(
          (fault) =>
            fault.actor === name && (fault.kind === "pause" || ("isSilent" in fault && fault.isSilent)),
        ) || hasSilentAgent(runner, ended);
      const wrong = isSilenced
        ? /did not arrive as it was sent/
        : /did not arrive as it was sent|nothing came for \d+ s/;
      const gap = lineWith(main.stdout, wrong);
      check(gap === undefined, name, () => gap ?? "");
    }
  },
};

/** The pieces follow one another, and each is what the container has uploaded. */
const wholePieces: Rule = {
  name: "S3 brings all that was uploaded",
  look(ended, check) {
    for (const { name, main } of ended.runners) {
      if (!main.stdout.includes("comes by S3") && !main.stdout.includes("does not come by S3")) continue;
      const fault = lineWith(main.stdout, /piece \d+ (?:begins at byte|is not what|is missing, and)/);
      check(fault === undefined, name, () => fault ?? "");
    }
  },
};

/** `timeout` ends a script wherever its step is. */
const timeouts: Rule = {
  name: "a script ends within its timeout",
  look(ended, check) {
    for (const runner of ended.runners) {
      const orphaned = orphanedUntil(runner, ended);
      const most = timeoutOf(firstOf(runner)) + KILLED_MS + NOTICED_MS;
      for (const { began, ended: at = ended.world.base.time.now, worker } of jobsOf(runner, ended))
        check(
          at <= Math.max(began + most, orphaned, killedWithJobBy(runner, ended, began + most)),
          runner.name,
          () => `worker ${worker} ran for ${at - began} ms`,
        );
    }
  },
};

/** Until when a script may run whose job was killed by `limit`, just before it would have killed the script itself: what notices the loss does it then. */
function killedWithJobBy(runner: Runner, ended: Simulated, limit: number): number {
  const places = tasksOf(runner, ended).map(({ name }) => name);
  const killed = [...ended.world.base.faults.takenAt].flatMap(([fault, at]) =>
    fault.kind === "kill-process" && fault.process === "job" && places.includes(fault.actor) && at <= limit
      ? [at + SWEPT_MS]
      : [],
  );
  return Math.max(0, ...killed);
}

/**
 * Until when a script may go on whose job's own process was killed. An attacher or the uploader sees that at once. Nothing does when the step
 * has left the job, when no session can be opened any more, or when the uploader was killed, too, and the step has no end of its own. When the
 * uploader was killed, a step that goes on notices its silence, and a session follows. The step takes the seat for that in the bucket, and gets
 * none while it can't reach S3, or while others have it: after `queue-timeout` it has the job stopped by a command of its own, which may wait in
 * line behind them. Where others have blocked the agent, and no attacher stays, nothing reaches the job. A step that is paused notices nothing,
 * and follows a killed attacher later; a killed one without a post step never does.
 */
function orphanedUntil(runner: Runner, ended: Simulated): number {
  const { faults, time } = ended.world.base;
  const places = tasksOf(runner, ended).map(({ name }) => name);
  const taken = faults.taken.filter(({ actor }) => places.includes(actor));
  const kills = taken.flatMap((fault) => (fault.kind === "kill-process" ? [fault] : []));
  const killed = kills.filter(({ process }) => process === "job").map(({ at }) => at);
  if (killed.length === 0) return 0;
  const isLeft = firstOf(runner).options.inputs["detach"] !== undefined;
  if (isLeft || taken.some(({ kind }) => kind === "agent-dies")) return Infinity;
  const isPaused = awayFor(runner, ended, ["pause"]) > 0;
  const isAbandoned = runner.isKilled && runner.postEnd === undefined;
  const isSilent = kills.some(
    ({ process }) => process === "supervisor" || (process === "attacher" && (isPaused || isAbandoned)),
  );
  if (!isSilent) return 0;
  if (isAbandoned) return Infinity;
  const silentFrom = time.now - time.elapsed + Math.max(...killed);
  const noticed = silentFrom + SILENT_MS + awayFor(runner, ended) + seatTakenMs(runner, ended, silentFrom);
  if (isSeen(runner, ended, silentFrom)) return noticed;
  if (tasksOf(runner, ended).some(({ container }) => container?.agent.isBlocked === true)) return Infinity;
  return Math.max(noticed, inLineUntil(runner, ended) + COMMAND_MS);
}

/** Whether a session of the step has outlasted the job's own process. Its attacher stays, and so it sees the loss. */
function isSeen({ name }: Runner, { world }: Simulated, killedAt: number): boolean {
  return [...world.gateway.sessions.values()].some(
    ({ owner, begun, isBereft, ended = Infinity, overAt = ended }) =>
      owner === name && !isBereft && begun <= killedAt && overAt > killedAt + LEFT_MS,
  );
}

/** For how long others had the seat that a step waits for from some time on: as long as they had sessions there, and for `queue-timeout` at most. */
function seatTakenMs(runner: Runner, ended: Simulated, from: number): number {
  const ends = sessionsOfOthers(runner, ended).map(({ ended: at = ended.world.base.time.now }) => at);
  return Math.min(timeoutOf(runner, "queue-timeout"), Math.max(0, ...ends.map((at) => at - from)));
}

/** A step does not hang once its script has ended. */
const reports: Rule = {
  name: "a step ends soon after its script",
  look(ended, check) {
    const faults = ended.world.base.faults.taken;
    const paused = faults.reduce((sum, fault) => sum + (fault.kind === "pause" ? fault.ms : 0), 0);
    if (faults.some(({ kind }) => kind === "agent-dies")) return;
    for (const runner of ended.runners) {
      // A piece is a copy of what waits, which a small disk may have no room for. Then a session brings it.
      const wasTight = tasksOf(runner, ended).some(({ container }) => container?.wasTight === true);
      const most =
        (faults.every((fault) => fault.kind === "frame" && fault.what !== "cut") && !wasTight
          ? REPORTED_MS + faults.length * FRAME_MS
          : DISTURBED_MS + paused) +
        (readsLog(runner) ? LOG_MS : 0) +
        (hasEndedUnseen(runner, ended) ? LOOK_MS : 0) +
        partsMs(runner, ended) +
        bulkMs(runner) +
        (mayStartMore(runner) ? startMs(ended) * startsOf(runner) + seatlessMs(runner) : 0);
      // An agent that takes no session any more is as good as dead.
      if (tasksOf(runner, ended).some(({ container }) => container?.agent.isBlocked === true)) continue;
      const last = lastEnd(runsOf(runner, ended));
      // One task may start only when another one has ended.
      const isInTurn = ended.scenario.ecs?.quota !== undefined || "max-parallel" in runner.options.inputs;
      if ((faults.length > 0 || isInTurn) && mayStartMore(runner)) continue;
      if (last === undefined || runner.mainEnd === undefined || runner.before !== undefined) continue;
      const took = runner.mainEnd.at - Math.max(last, freeSeatAt(runner, ended));
      check(took <= most, runner.name, () => `main ended ${took} ms after its script`);
    }
  },
};

/** Whether another task may still start, or a further attempt. */
function mayStartMore({ options: { inputs } }: Runner): boolean {
  return "tasks" in inputs || "retry" in inputs;
}

/** How long the step has waited at most for a seat that others have kept, in one of its tasks, and that it has given up. */
function seatlessMs(runner: Runner): number {
  return runner.main.stdout.includes("container-busy") ? timeoutOf(runner, "queue-timeout") : 0;
}

/** How many tasks may start one after the other: a start that takes longer than `start-timeout` has another one where `retry` allows it. */
function startsOf({ options: { inputs } }: Runner): number {
  return "retry" in inputs && "start-timeout" in inputs ? Number(inputs["retry-attempts"] ?? "2") : 1;
}

/** How long a task takes to start at most when nothing meets it. */
function startMs({ scenario: { ecs } }: Simulated): number {
  if (ecs === undefined) return 0;
  const { network, pull, activate, agent, connect } = ecs.start;
  return ecs.lag + 2 * (network + pull + activate + agent + connect);
}

/** Whether the container has ended by itself, and the agent with it, of which the gateway tells nobody: a look at the task shows it. */
function hasEndedUnseen(runner: Runner, ended: Simulated): boolean {
  return (
    ended.scenario.world.announcesLostAgents === false &&
    tasksOf(runner, ended).some(({ state }) => state.stopCode === "EssentialContainerExited")
  );
}

/** How long much output takes: a session brings a line of it in a millisecond, and the agent then uploads the log of the session. */
function bulkMs(runner: Runner): number {
  const lines = runner.options.script.lines.flatMap((line) =>
    "bulk" in line ? [Number(line.bulk.split(" x ")[1])] : [],
  );
  return lines.reduce((sum, count) => sum + count, 0) * workersOf(runner) * BULK_LINE_MS;
}

/** How long the parts of an archive take to be uploaded, read and deleted. They are a thousandth of the real ones, so there are many. */
function partsMs(runner: Runner, ended: Simulated): number {
  return tasksOf(runner, ended).reduce(
    (sum, { container }) => sum + (container?.partsTold.length ?? 0) * PART_MS,
    0,
  );
}

/** Until when others had the seat that a step has waited for, once its output did not come by S3 any more; 0 when it has not. */
function freeSeatAt({ name, mainEnd, main }: Runner, { world }: Simulated): number {
  if (!main.stdout.includes("waiting for its seat")) return 0;
  const sessions = [...world.gateway.sessions.values()];
  const own = new Set(sessions.filter(({ owner }) => owner === name).map(({ target }) => target));
  const over = mainEnd?.at ?? 0;
  const ends = sessions.filter(({ owner, target }) => owner !== name && own.has(target));
  return Math.max(0, ...ends.map(({ ended: at = over }) => (at > over ? 0 : at)));
}

/** A cancel reaches the script, by the step itself or by its post step. */
const stops: Rule = {
  name: "a cancelled script is stopped soon",
  look(ended, check) {
    for (const runner of ended.runners) {
      const { cancelledAt, mainEnd, postEnd } = runner;
      if (cancelledAt === undefined || mainEnd === undefined || isLeft(runner)) continue;
      const over = Math.max(mainEnd.at, postEnd?.at ?? 0, inLineUntil(runner, ended));
      for (const { began, ended: at, worker } of jobsOf(runner, ended)) {
        if ((at ?? Infinity) <= cancelledAt) continue;
        const took = (at ?? ended.world.base.time.now) - Math.max(over, began);
        check(
          took <= STOPPED_MS + deafMs(runner, ended),
          runner.name,
          () => `worker ${worker} went on for ${took} ms`,
        );
      }
    }
  },
};

/** For how long a container without its exec agent hears nothing: its uploader reads `control` again only when each upload that S3 does not answer has ended. */
function deafMs(runner: Runner, ended: Simulated): number {
  const places = tasksOf(runner, ended).map(({ name }) => name);
  const taken = ended.world.base.faults.taken.filter(({ actor }) => places.includes(actor));
  if (!taken.some(({ kind }) => kind === "agent-dies")) return 0;
  const unanswered = taken.filter(
    (fault) => fault.kind === "call" && fault.operation === "s3:PostObject" && fault.what === "mute",
  );
  return unanswered.length * POSTED_MS;
}

/** Until when the stop command waits behind sessions of others, once the step has said that it does: a session too many blocks the agent for good. */
function inLineUntil(runner: Runner, { world }: Simulated): number {
  if (!isInLine(runner)) return 0;
  const others = sessionsOfOthers(runner, { world });
  if (others.some(({ agent }) => agent.isBlocked)) return Infinity;
  return Math.max(0, ...others.map(({ ended: at = world.base.time.now }) => at));
}

/** The sessions of others in the containers in which a step had one. */
function sessionsOfOthers({ name }: Runner, { world }: Pick<Simulated, "world">): readonly SessionRecord[] {
  const sessions = [...world.gateway.sessions.values()];
  const targets = new Set(sessions.filter(({ owner }) => owner === name).map(({ target }) => target));
  return sessions.filter(({ owner, target }) => owner !== name && targets.has(target));
}

/**
 * Whether the job may go on after its step: it was detached, nothing could be told to the container, or there was no post step to do it. A main step
 * that was paused for all of the time that a cancel leaves it is as good as killed, and so is one that a second signal ended.
 */
function isLeft({ options, isKilled, cancelledAt, mainEnd, postEnd, main, post }: Runner): boolean {
  const isOver =
    isKilled ||
    mainEnd?.exitCode === ENDED_AT_ONCE ||
    (mainEnd?.at ?? 0) - (cancelledAt ?? Infinity) > CANCELLED_MS;
  const isUnreached = (text: string): boolean => /Could not undo this|by itself|could not be told/.test(text);
  return (
    options.inputs["detach"] !== undefined ||
    (isOver && postEnd === undefined) ||
    isUnreached(main.stdout) ||
    isUnreached(post?.stdout ?? "")
  );
}

function lastEnd(runs: readonly Pick<ScriptRun, "ended">[]): number | undefined {
  const ends = runs.map(({ ended }) => ended);
  return ends.length === 0 || ends.includes(undefined) ? undefined : Math.max(...(ends as number[]));
}

/** A run that may not share a container has it for itself while its job runs. */
const alone: Rule = {
  name: "no session beside a job that does not share",
  look(ended, check) {
    const { world, scenario } = ended;
    if (!scenario.world.bucket || isClaimInDoubt(ended)) return;
    const sessions = [...world.gateway.sessions.values()].filter(
      ({ owner, command }) => owner.startsWith("runner") && !isStopCommand(command),
    );
    const runnerOf = (owner: string): Runner | undefined => ended.runners.find(({ name }) => name === owner);
    for (const begun of sessions) {
      const own = runnerOf(begun.owner);
      for (const other of ended.runners) {
        if (own === undefined || other === own || other.jobUrl === own.jobUrl) continue;
        const isOpen = sessions.some(
          (each) =>
            each.owner === other.name &&
            each.target === begun.target &&
            each.begun < begun.begun &&
            !isLeaving(each, other, begun.begun, ended),
        );
        const isThere = (other.mainEnd?.at ?? Infinity) > begun.begun;
        if (!isOpen || !isThere) continue;
        check(
          shares(own) && shares(other),
          own.name,
          () => `opened ${begun.id} beside that of ${other.name}`,
        );
      }
    }
  },
};

/** Whether a session of this step holds its seat no longer at a time: its job has ended, or was left, and the attacher is about to go. */
function isLeaving(
  { command, ended: endedAt = Infinity, overAt = endedAt }: SessionRecord,
  owner: Runner,
  at: number,
  ended: Simulated,
): boolean {
  // A step may have several jobs, one after the other: one lists its items, and further attempts. Their ids begin alike.
  const isOfSession = (runId: string): boolean => new RegExp(`${runId}(?![\\w-])`).test(command);
  const jobs = jobsOf(owner, ended).filter(({ runId }) => isOfSession(runId));
  // A job that was stopped before its script has ended with its status.
  const statuses = ended.world.containers.flatMap(({ ends }) => ends);
  const last = lastEnd(jobs) ?? lastEnd(statuses.filter(({ runId }) => isOfSession(runId))) ?? Infinity;
  // A job that could not begin has no end of its own, nor has one that was killed before its script.
  const isKilled = ended.world.base.faults.taken.some(
    (fault) =>
      fault.kind === "kill-process" &&
      fault.process === "job" &&
      tasksOf(owner, ended).some(({ name }) => name === fault.actor),
  );
  const { outcome } = owner.outputs;
  const isRefused = jobs.length === 0 && (outcome === "not-started" || (isKilled && outcome === "unknown"));
  const isDetached = outcome === "detached";
  return (
    endedAt <= at || last <= at || ((isDetached || isRefused) && Math.min(endedAt, overAt) <= at + LEFT_MS)
  );
}

function shares({ options }: Runner): boolean {
  return options.clients === undefined && options.inputs["logs"] !== "session";
}

/** Whether a claim may have lapsed, or may not have been written: its run was lost or held up, or has lost its credentials, or S3 was away. */
function isClaimInDoubt(ended: Simulated): boolean {
  const { world, runners } = ended;
  return (
    runners.some((runner) => runner.isKilled || hasLostCredentials(runner, ended)) ||
    world.base.faults.taken.some(
      (fault) =>
        fault.kind === "pause" ||
        fault.kind === "credentials-end" ||
        fault.kind === "s3-away" ||
        (fault.kind === "call" && /^(s3|ecs:ExecuteCommand|ssm)/.test(fault.operation)),
    )
  );
}

/** What must hold of the ways between a step and its script. */
export const FLOW_RULES: readonly Rule[] = [wholeSessions, wholePieces, timeouts, reports, stops, alone];
