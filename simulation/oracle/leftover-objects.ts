import type { Runner } from "../runner/runner.ts";
import type { CallFault } from "../scenario.ts";
import type { Simulated } from "../simulate.ts";
import type { Task } from "../world/ecs/task.ts";
import type { Version } from "../world/s3.ts";
import { isInLine } from "./is-in-line.ts";
import { isStopCommand } from "./is-stop-command.ts";
import { outlasts } from "./outlasts.ts";
import type { Rule } from "./rule.ts";
import { hasLostCredentials } from "./credentials.ts";
import { ENDED_AT_ONCE } from "./step-rules.ts";
import { tasksOf } from "./tasks-of.ts";

/** An uploader that was killed has a successor, which uploads again, within this time. */
const AGAIN_MS = 5_000;

/** The time of a version in S3 has no parts of a second. */
const SECOND_MS = 1_000;

/** A session is listed by then. */
const LISTED_MS = 1_000;

/** Nothing stays in the bucket, unless one of those that know the object can't remove it: then it is said, or the lifecycle of the bucket has it. */
export const leftInBucket: Rule = {
  name: "nothing is left in the bucket",
  look(ended, check) {
    const { bucket } = ended.world;
    if (bucket.written.length === 0) return;
    // A delete marker has no bytes.
    // The times of items are kept for the next run, and their ends for the next attempt. The agent's logs are the user's.
    const left = [...bucket.versions.values()]
      .flat()
      .filter(({ isMarker, key }) => !isMarker && !/\/items\/(times|runs)\/|^sessions\//.test(key));
    const wrong = left.filter((version) => !isExcused(version, ended));
    if (wrong.length > 0 || left.length === 0)
      check(left.length === 0, "world", () => `the bucket has ${wrong.map(({ key }) => key).join(", ")}`);
  },
};

function isExcused(version: Version, ended: Simulated): boolean {
  const { key } = version;
  const owners = ended.runners.filter((runner) => knows(runner, key) || hasOrdered(runner, key, ended));
  return owners.some(
    (runner) =>
      (key.includes("/locks/") && (isUnreached(runner, ended) || hasSaid(runner) || isForPost(runner))) ||
      isLost(runner) ||
      outlasts(runner, ended) ||
      hasLostCredentials(runner, ended) ||
      (/\/(claims|locks)\//.test(key) && hasOldVersions(runner, ended)) ||
      (key.includes("/claims/") && isPostponed(runner)) ||
      isCutOff(runner, key, ended) ||
      (key.endsWith("/alive") && (isEnding(runner, ended) || hasOldHeartbeats(runner, ended))) ||
      (key.endsWith("/alive") && isOfPause(version, runner, ended)) ||
      (key.includes("/output/") && isUploadedAgain(runner, ended)) ||
      (key.includes("/output/") &&
        (isUnstopped(runner) ||
          isUntaken(runner, ended) ||
          isOvertaken(runner, ended) ||
          isOutlived(runner, ended))) ||
      (key.includes("/output/") && isOfLeftTask(version, runner, ended)) ||
      (key.includes("/output/") && isOfUnusedHandle(runner, key, ended)) ||
      (key.includes("/output/") && (isLeft(runner, ended) || isOutOfTime(runner, ended))),
  );
}

/** Whether the step has saved that it has to undo this object. */
function knows(runner: Runner, key: string): boolean {
  const folder = /^.*\/output\/\w+\//.exec(key)?.[0];
  return runner.main.files.get("/files/state")?.includes(folder ?? key) === true;
}

/** A step that detaches again has nothing to undo while it follows the job: its handle alone names the folder that it has ordered. */
function hasOrdered({ name, options }: Runner, key: string, { world }: Simulated): boolean {
  return (
    options.follows !== undefined && "detach" in options.inputs && world.bucket.hasSignedForms(name, key)
  );
}

/** No session could tell the container to stop the job, so that the lock has to end by itself, and the step has said so. */
function isUnreached(runner: Runner, ended: Simulated): boolean {
  const tasks = tasksOf(runner, ended);
  const isClosed = ({ container, state }: Task): boolean =>
    container?.agent.isDead === true ||
    container?.agent.isBlocked === true ||
    state.desiredStatus === "STOPPED";
  return (
    `${runner.main.stdout}${runner.post?.stdout ?? ""}`.includes("The lock is not given back") &&
    // A task that was being started when the machine was lost may still appear.
    (tasks.length === 0 || tasks.some(isClosed) || isInLine(runner) || isStopRefused(runner, ended))
  );
}

/** AWS has failed the stop command. */
function isStopRefused({ name }: Runner, { world }: Simulated): boolean {
  return world.base.faults.taken.some(
    (fault) => fault.kind === "call" && fault.actor === name && fault.operation === "ecs:ExecuteCommand",
  );
}

/** A job of a step whose items have all succeeded may go on, so that its lock is left to the post step, which never came. */
function isForPost({ options, main }: Runner): boolean {
  return !options.post && /Task \d+ failed: .* All items have succeeded\./.test(main.stdout);
}

/** AWS has refused what post needs to know before it gives the lock back, and post has said so. */
function hasSaid({ post }: Runner): boolean {
  return post?.stdout.includes("Could not undo this: Giving back the lock") === true;
}

/** Its machine was lost before the step could clean up. */
function isLost({ options, mainEnd, main }: Runner): boolean {
  return !options.post && (mainEnd?.exitCode !== 0 || main.stdout.includes("is undone after it"));
}

/** It was cancelled while the agent still had to do with its session, and left its seat to the post step, which never came. */
function isPostponed({ options, main, cancelledAt }: Runner): boolean {
  const state = main.files.get("/files/state") ?? "";
  return !options.post && cancelledAt !== undefined && /"kind":"claim"[^}]*"freeAt":/.test(state);
}

/**
 * It was killed, or the second signal of a cancel ended it, between a write of a queue and the deletion of the version before it, of which post knows
 * nothing. The next run deletes that.
 */
function hasOldVersions({ isKilled, mainEnd }: Runner, { scenario }: Simulated): boolean {
  return (isKilled || mainEnd?.exitCode === ENDED_AT_ONCE) && scenario.world.isVersioned;
}

/** Nothing could tell the container to stop, and the step has said so: the job goes on until its timeout, or its lock ends it. */
function isUnstopped(runner: Runner): boolean {
  const { main, post } = runner;
  return (
    isInLine(runner) ||
    `${main.stdout}${post?.stdout ?? ""}`.includes("Could not undo this: Stopping the job")
  );
}

/** Its stop command came to an agent that takes no session any more, as its ExecuteCommand does not tell. */
function isUntaken({ name }: Runner, { world }: Simulated): boolean {
  return [...world.gateway.sessions.values()].some(
    ({ owner, command, openedAt, agent }) =>
      owner === name && isStopCommand(command) && openedAt === undefined && (agent.isDead || agent.isBlocked),
  );
}

/** A colleague's session began just before the stop command, which the list of sessions did not show yet, and put it into line. */
function isOvertaken({ name }: Runner, { world }: Simulated): boolean {
  const sessions = [...world.gateway.sessions.values()];
  return sessions.some(
    ({ owner, command, begun, agent }) =>
      owner === name &&
      isStopCommand(command) &&
      sessions.some(
        (other) =>
          other.owner === "colleague" &&
          other.agent === agent &&
          other.begun <= begun &&
          other.begun > begun - LISTED_MS &&
          (other.ended ?? Infinity) > begun,
      ),
  );
}

/**
 * Its machine was paused while it deleted. A folder that a container fills is deleted for a minute of the clock, so the step has said that it
 * leaves the rest, and it had no post, which would have deleted that.
 */
function isOutOfTime({ name, options, main }: Runner, ended: Simulated): boolean {
  return (
    !options.post &&
    ended.world.base.faults.taken.some(({ kind, actor }) => kind === "pause" && actor === name) &&
    /Could not undo this: Deleting the output in \S+ The time for it is over/.test(main.stdout)
  );
}

/** The step has stopped the task. The container of a task that is slow to end may say that it is alive after the cleanup. */
function isEnding(runner: Runner, ended: Simulated): boolean {
  return tasksOf(runner, ended).some(({ stoppedBy }) => stoppedBy === runner.name);
}

/** Others have stopped its task. A script that does not end at TERM goes on printing until its container is killed, and that may be after the cleanup. */
function isOutlived(runner: Runner, ended: Simulated): boolean {
  const over = Math.max(runner.mainEnd?.at ?? Infinity, runner.postEnd?.at ?? 0);
  return tasksOf(runner, ended).some(
    ({ stoppedAt = Infinity, container }) =>
      stoppedAt < over && container?.scripts.some(({ ended: at = Infinity }) => at > over) === true,
  );
}

/** AWS has refused to stop its task, and the step has said so. The job there goes on until its timeout, and has uploaded this after the step's end. */
function isOfLeftTask({ modified }: Version, runner: Runner, ended: Simulated): boolean {
  const { main, mainEnd, post, postEnd } = runner;
  const over = Math.max(mainEnd?.at ?? Infinity, postEnd?.at ?? 0);
  const said = `${main.stdout}${post?.stdout ?? ""}`;
  return (
    modified + SECOND_MS > over &&
    tasksOf(runner, ended).some(
      ({ stoppedBy, identity, container }) =>
        stoppedBy === undefined &&
        said.includes(`Could not undo this: Stopping task ${identity.arn}.`) &&
        container?.scripts.some(({ ended: at = Infinity }) => at > over) === true,
    )
  );
}

/** While no step followed its job, nobody read the heartbeat: a cleanup deletes ten of its versions. */
function hasOldHeartbeats({ jobUrl }: Runner, { scenario, runners }: Simulated): boolean {
  return (
    scenario.world.isVersioned &&
    runners.some((runner) => runner.jobUrl === jobUrl && runner.outputs["outcome"] === "detached")
  );
}

/** The machine of its step was suspended when this heartbeat came, so nobody read it either. */
function isOfPause({ modified, versionId }: Version, { name }: Runner, { world }: Simulated): boolean {
  return [...world.base.faults.takenAt].some(
    ([fault, at]) =>
      versionId !== undefined &&
      fault.kind === "pause" &&
      fault.actor === name &&
      modified + SECOND_MS > at &&
      modified <= at + fault.ms,
  );
}

/** The uploader was killed just before the step cleaned up. The next one does not know what S3 has, and uploads that again. */
function isUploadedAgain(runner: Runner, ended: Simulated): boolean {
  const names = tasksOf(runner, ended).map(({ name }) => name);
  const { time } = ended.world.base;
  const over = (runner.mainEnd?.at ?? Infinity) - (time.now - time.elapsed);
  return ended.world.base.faults.taken.some(
    (fault) =>
      fault.kind === "kill-process" &&
      (fault.process === "uploader" || fault.process === "supervisor") &&
      names.includes(fault.actor) &&
      Math.abs(over - fault.at) <= AGAIN_MS,
  );
}

/**
 * S3 had faults for the step, or for its container. A write of a queue that S3 has made, and whose answer was lost, leaves nothing: the step
 * deletes the version that it has replaced once the repetition is refused.
 */
function isCutOff(runner: Runner, key: string, ended: Simulated): boolean {
  const actors = [runner, ...tasksOf(runner, ended)].map(({ name }) => name);
  const isMade = ({ operation, what }: CallFault): boolean =>
    /\/(claims|locks)\//.test(key) && operation === "s3:PutObject" && what === "lost";
  return ended.world.base.faults.taken.some(
    (fault) =>
      actors.includes(fault.actor) &&
      (fault.kind === "s3-away" ||
        (fault.kind === "call" && fault.operation.startsWith("s3:") && !isMade(fault))),
  );
}

/** Its job was left, perhaps by a step that was killed before it could say so, and no other step has followed that to its end. */
function isLeft({ jobUrl }: Runner, { runners }: Simulated): boolean {
  const steps = runners.filter((runner) => runner.jobUrl === jobUrl);
  return (
    steps.some(
      ({ outputs, options, isKilled }) =>
        outputs["outcome"] === "detached" || (isKilled && options.inputs["detach"] !== undefined),
    ) && steps.every(({ outputs }) => (outputs["exit-code"] ?? "") === "")
  );
}

/**
 * It has left the job again, and no step was given its handle. One that follows the job by the handle before that does not know of the folder that this
 * step has ordered, so a lifecycle rule deletes that.
 */
function isOfUnusedHandle(runner: Runner, key: string, ended: Simulated): boolean {
  return (
    runner.outputs["outcome"] === "detached" &&
    hasOrdered(runner, key, ended) &&
    ended.runners.every(({ before }) => before !== runner)
  );
}
