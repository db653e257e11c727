import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { SessionRecord } from "../world/session.ts";
import { isInLine } from "./is-in-line.ts";
import { isUndisturbed } from "./items.ts";
import { leftInBucket } from "./leftover-objects.ts";
import { isStopCommand } from "./is-stop-command.ts";
import type { Rule } from "./rule.ts";

const LINGERING_MS = 180_000;
/**
 * A session whose ticket was lost has no client, and ends when nothing has moved for 20 minutes. So does one whose attacher was killed while
 * its agent was paused: the agent does not see that, and it was the attacher that would have told it.
 */
const IDLE_MS = 1_260_000;
/** A session in which no job has begun waits for the runner's first input for so long. */
const GUARDED_MS = 640_000;
/** A container whose PID 1 reaps no process needs five seconds until an attacher ends. */
const GIVEN_BACK_MS = 15_000;
/** The agent uploads the short log of a session in so much time. */
const UPLOADED_MS = 15_000;
/** A container that has nothing to upload any more looks each second whether the end was taken. */
const TAKEN_MS = 20_000;
/** An attacher waits so long until the end was taken. Then it ends its session, and the directory stays for ten minutes. */
const GIVES_UP_MS = 5_000;
/** The session of an attacher that gives up has ended by then. */
const UNTAKEN_MS = GIVES_UP_MS + 1_000;
/** A connection that was broken without a word counts as dead when two pings, 25 s apart, had no answer. */
const UNSEEN_MS = 55_000;
/** From a session's begin until a step has saved that it has to end it. */
const UNKNOWN_MS = 2_000;
/** The most sessions that runs with a queue have in a container at once. */
const MOST_SESSIONS = 3;

/** With a queue in a bucket the runs never block the agent. */
const seats: Rule = {
  name: "no session too many in a container",
  look(ended, check) {
    const { world, scenario } = ended;
    if (!scenario.world.bucket) return;
    for (const { agent, name } of world.containers) {
      // A colleague's session, and one whose ticket was lost, is seen by those who may list sessions, and by no others.
      const isHidden =
        !scenario.world.maySeeSessions &&
        [...world.gateway.sessions.values()].some(
          ({ owner, target, command, hadClient }) =>
            target === agent.target && (owner === "colleague" || (!hadClient && !isStopCommand(command))),
        );
      if (isHidden) continue;
      const most = world.gateway.mostOfOurs.get(agent.target) ?? 0;
      if (most > 1) check(most <= MOST_SESSIONS, name, () => `${most} sessions of runs at once`);
    }
  },
};

/** A session takes a place of the container, so it ends soon after its step: an attacher without a reader gives up after 90 s. */
const sessionsEnd: Rule = {
  name: "sessions end soon after their steps",
  look(ended, check) {
    for (const session of ended.world.gateway.sessions.values()) {
      const runner = ended.runners.find(({ name }) => name === session.owner);
      const over = Math.max(runner?.mainEnd?.at ?? Infinity, runner?.postEnd?.at ?? 0);
      if (over === Infinity || session.agent.isBlocked || session.agent.isDead) continue;
      const lasted = (session.ended ?? ended.world.base.time.now) - over;
      // One of several tasks of the step may have got no job, or a job that has got no item.
      const container = ended.world.containers.find(({ agent }) => agent === session.agent);
      // It takes no place of a container that is gone, and nobody may have told the gateway.
      if (container?.host.isDead === true) continue;
      const isWithoutJob = container?.jobs.some(({ url }) => url === runner?.jobUrl) !== true;
      const isNobodys = !session.hadClient || (session.isBereft && session.client === undefined);
      // Its attacher has sent marks until it was killed, or the gateway paused the agent.
      const idle = session.isBereft ? Math.min(LINGERING_MS, Math.max(0, session.movedAt - over)) : 0;
      const most = isNobodys ? idle + IDLE_MS : isWithoutJob ? GUARDED_MS : LINGERING_MS;
      check(
        lasted <= most,
        session.owner,
        () => `session ${session.id} went on for ${Math.round(lasted / 1000)} s after its step`,
      );
    }
  },
};

/** No session outlives the world. One of a step that could end it is gone with the step: nothing has to wait until a container gives up its reader. */
const leftSessions: Rule = {
  name: "no session is left",
  look(ended, check) {
    for (const session of ended.world.gateway.sessions.values()) {
      if (!session.owner.startsWith("runner") || session.agent.isBlocked) continue;
      const { id, owner, ended: at = Infinity } = session;
      check(at < Infinity, owner, () => `session ${id} is still open`);
      const runner = ended.runners.find(({ name }) => name === owner);
      const isGone = ended.world.containers.some(({ agent, host }) => agent === session.agent && host.isDead);
      if (runner === undefined || isGone || session.agent.isDead || !hasEndedWell(runner, ended)) continue;
      // A step that has left its job behind a cut has told it so by S3 alone: its session ends when the attacher has heard that.
      if (runner.outputs["outcome"] === "detached") continue;
      // A step that was killed does not know of the session that it had just asked for.
      if (runner.isKilled && session.begun + UNKNOWN_MS > (runner.mainEnd?.at ?? 0)) continue;
      const over = Math.max(runner.mainEnd?.at ?? 0, runner.postEnd?.at ?? 0, inLineUntil(session));
      check(
        at - over <= GIVEN_BACK_MS + longestUpload(ended),
        owner,
        () => `session ${id} went on for ${Math.round((at - over) / 1000)} s after a step that could end it`,
      );
    }
  },
};

/**
 * Until when the session of a stop command was in line behind others. The agent opens it when it has a place, and only then the job is sure to
 * know of the cancel, so the step leaves it there. It leaves no other session in line.
 */
function inLineUntil({ command, openedAt = 0 }: SessionRecord): number {
  return isStopCommand(command) ? openedAt : 0;
}

/** How long a session may stay open for the upload of its log. */
function longestUpload({ scenario: { world } }: Simulated): number {
  return world.sessionLogs?.closesLate === true ? UPLOADED_MS + (world.sessionLogs.delay ?? 0) : 0;
}

/** Whether the step, and its post step where it needs one, went to their ends, and met nothing but a cut or a signal. */
function hasEndedWell(runner: Runner, ended: Simulated): boolean {
  const { options, mainEnd, before } = runner;
  if (mainEnd === undefined || before !== undefined) return false;
  if (mainEnd.exitCode !== 0 && !options.post) return false;
  return isUndisturbed(runner, ended, ["cut", "signal"]);
}

const leftInContainer: Rule = {
  name: "nothing is left in a container",
  look(ended, check) {
    for (const container of ended.world.containers) {
      if (container.host.isDead) continue;
      // Nobody removes what the job's own process leaves when that is killed after its reader has gone, or makes room for what its script prints.
      const isKilled = ended.world.base.faults.taken.some(
        (fault) => fault.kind === "kill-process" && fault.process === "job" && fault.actor === container.name,
      );
      const directories = [...container.directories.values()];
      const orphaned = directories.filter(({ job }) => isKilled && job?.isDead === true);
      const left = directories.filter((each) => !orphaned.includes(each)).map(({ runId }) => runId);
      const held = new Set(orphaned.flatMap(({ spool, runId }) => (spool.isFull ? [runId] : [])));
      for (const run of container.scripts)
        check(
          run.ended !== undefined || held.has(run.runId),
          container.name,
          () => `a script of ${run.url} still runs`,
        );
      if (container.scripts.length > 0)
        check(left.length === 0, container.name, () => `has job directories: ${left.join(", ")}`);
      for (const { url, runId, at } of container.removed) {
        const runner = ended.runners.find(({ jobUrl }) => jobUrl === url);
        if (runner === undefined || !hasTakenEnd(runner, ended)) continue;
        const over = Math.max(
          ...container.scripts.filter((run) => run.runId === runId).map(({ ended: end = 0 }) => end),
        );
        if (isTakenInVain(runner, over, ended) || isTakenInHaste(runner, over, ended)) continue;
        const took = at - (runner.mainEnd?.at ?? 0);
        check(
          took <= TAKEN_MS,
          runner.name,
          () => `the directory of ${runId} stayed for ${Math.round(took / 1000)} s after its step`,
        );
      }
    }
  },
};

/** Whether the step knows the end of its job, and could tell the container so. */
function hasTakenEnd(runner: Runner, ended: Simulated): boolean {
  const { "exit-code": exitCode = "", outcome } = runner.outputs;
  // An agent that uploads a log still acknowledges what is typed, though the attacher has given up its reader: nobody takes it then.
  const isDeaf = ended.scenario.world.sessionLogs?.closesLate === true;
  return (
    exitCode !== "" &&
    !isDeaf &&
    !runner.isKilled &&
    outcome !== "detached" &&
    !isInLine(runner) &&
    hasEndedWell(runner, ended)
  );
}

/**
 * Whether the step has typed that it takes the end into a connection that was broken without a word: the attacher has given up before the step
 * could see that, and the session can't be resumed. Behind any cut the end of a job may come in the moment in which the attacher gives up: the agent
 * still acknowledges what is typed then. `over`: when the last script of the job has ended.
 */
function isTakenInVain(runner: Runner, over: number, ended: Simulated): boolean {
  const ends = sessionEndsOf(runner, ended).filter((end) => end < (runner.mainEnd?.at ?? 0));
  return cutsOf(runner, ended).some(({ at, isSilent }) =>
    ends.some(
      (end) =>
        (isSilent && end > at && end <= at + UNTAKEN_MS) ||
        (over > at && over <= at + UNSEEN_MS && isGivenUp(end, over)),
    ),
  );
}

/**
 * The same of a step that was cancelled: it waits no 15 s for an agent that acknowledges nothing, so it ends before its attacher gives up. The
 * connection broke while the end of the job, or the word that it was taken, was on its way. A stop command would remove the directory sooner, but it
 * takes a session of the container for a job that has ended. The directory removes itself (docs/how-it-works.md).
 */
function isTakenInHaste(runner: Runner, over: number, ended: Simulated): boolean {
  const { cancelledAt, mainEnd } = runner;
  if (cancelledAt === undefined || mainEnd === undefined) return false;
  const [, roundTrip] = ended.scenario.world.latency;
  return cutsOf(runner, ended).some(
    ({ at, isSilent }) =>
      isSilent &&
      at > over &&
      at < mainEnd.at &&
      sessionEndsOf(runner, ended).some(
        (end) => end >= mainEnd.at && isGivenUp(end, over) && at <= end - GIVES_UP_MS + roundTrip,
      ),
  );
}

/** Whether a session that ended then is one whose attacher has shown the end of the job, and has given up. */
function isGivenUp(end: number, over: number): boolean {
  return end >= over + GIVES_UP_MS && end <= over + UNTAKEN_MS;
}

/** The cuts that the step met, and when. */
function cutsOf(
  { name }: Runner,
  { world }: Simulated,
): readonly { readonly at: number; readonly isSilent: boolean }[] {
  const { faults, time } = world.base;
  return faults.taken.flatMap((fault) => {
    if (!("actor" in fault) || fault.actor !== name) return [];
    if (fault.kind === "frame" && fault.what === "cut")
      return [{ at: faults.takenAt.get(fault) ?? time.now, isSilent: false }];
    return fault.kind === "cut" ? [{ at: time.now - time.elapsed + fault.at, isSilent: fault.isSilent }] : [];
  });
}

/** When the sessions of the step have ended. */
function sessionEndsOf({ name }: Runner, { world }: Simulated): readonly number[] {
  return [...world.gateway.sessions.values()].flatMap(({ owner, ended }) =>
    owner === name && ended !== undefined ? [ended] : [],
  );
}

/** What must hold of the seats that steps take, and of what they leave. */
export const LEFTOVER_RULES: readonly Rule[] = [
  seats,
  sessionsEnd,
  leftSessions,
  leftInContainer,
  leftInBucket,
];
