import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { Task } from "../world/ecs/task.ts";
import { hasLostCredentials } from "./credentials.ts";
import { isCancelled } from "./is-cancelled.ts";
import type { Rule } from "./rule.ts";
import { attemptsOf } from "./script-output.ts";

/** A step protects its task for three minutes at a time. */
const LEASE_MS = 185_000;
const MINUTE_MS = 60_000;
/** A step that has begun its job has protected its task by then. */
const PROTECTED_WITHIN_MS = 5_000;
/** ECS's clock and the calls that are on their way. */
const MARGIN_MS = 5_000;
/** So long after a call that has failed the next renewal has been made. Two may fail one after the other, as a lease lasts for three. */
const RENEWED_MS = 2 * MINUTE_MS;
const CALLS = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"];

/**
 * A protection that a step has set ends soon after the step. One that goes on behind another step's asks for minutes by its own clock, so where clocks
 * differ it asks for the next whole minute.
 */
const protectionEnds: Rule = {
  name: "a protection ends with its step",
  look(ended, check) {
    const off = mostOff(ended);
    for (const { name, protections } of ended.world.ecs.tasks) {
      const { by, until } = protections.at(-1) ?? {};
      const runner = ended.runners.find((each) => each.name === by);
      if (until === undefined || runner === undefined) continue;
      const over = Math.max(runner.mainEnd?.at ?? Infinity, runner.postEnd?.at ?? 0);
      check(
        until <= over + LEASE_MS + (off > 0 ? off + MINUTE_MS : 0),
        runner.name,
        () => `${name} stays protected for ${Math.round((until - over) / 1000)} s`,
      );
    }
  },
};

/** The service does not stop a task under a job that may protect it. */
const jobIsProtected: Rule = {
  name: "a service stops no task under a protected job",
  look(ended, check) {
    // A step whose clock is off by minutes takes the lease of another one for the longer one of an application, which it leaves alone.
    const off = mostOff(ended);
    const mayMistake = ended.runners.length > 1 && off >= MINUTE_MS;
    for (const runner of ended.runners) {
      if (mayMistake || !protects(runner, ended)) continue;
      const runs = [...attemptsOf(runner, ended).values()].flat(2);
      for (const run of runs) {
        const task = ended.world.ecs.tasks.find(({ container }) => container?.scripts.includes(run));
        const until = Math.min(run.ended ?? Infinity, runner.mainEnd?.at ?? Infinity);
        const { stoppedAt = Infinity } = task ?? {};
        const failedAt = lastFailure(runner, stoppedAt, ended);
        const isRenewed = stoppedAt > failedAt + RENEWED_MS;
        const isLeased = task !== undefined && stoppedAt < leasedUntil(task, runner) - off - MARGIN_MS;
        const hasBegun = stoppedAt > run.began + PROTECTED_WITHIN_MS;
        const isProtected = hasBegun && (isRenewed || isLeased);
        check(
          task?.stoppedBy !== "service" || !isProtected || stoppedAt >= until,
          runner.name,
          () => `${task?.name ?? ""} was stopped under its script`,
        );
      }
    }
  },
};

/**
 * Until when the step has had the task protected by its last call that ECS took before the task was stopped, whatever has become of its renewals. 0 when
 * another step may have replaced that unseen: only the first renewal of a step, some seconds later, shows them to each other.
 */
function leasedUntil({ protections, stoppedAt = Infinity }: Task, { name }: Runner): number {
  const own = protections.findLast(({ by, at }) => by === name && at <= stoppedAt);
  if (own?.until === undefined) return 0;
  const isReplaced = protections.some(
    ({ by, at }) => by !== name && at >= own.at && at - own.at < PROTECTED_WITHIN_MS,
  );
  return isReplaced ? 0 : own.until;
}

/** By how much the clock of a step differs from AWS's at most. */
function mostOff({ runners }: Simulated): number {
  return Math.max(0, ...runners.map(({ options }) => Math.abs(options.ahead ?? 0)));
}

/** When AWS has failed to take a call for the protection last, before this time. */
function lastFailure({ name }: Runner, before: number, { world }: Simulated): number {
  const times = [...world.base.faults.takenAt].flatMap(([fault, at]) =>
    fault.kind === "call" && fault.actor === name && CALLS.includes(fault.operation) && at <= before
      ? [at + (fault.ms ?? 0)]
      : [],
  );
  return Math.max(-Infinity, ...times);
}

/** Whether the step can protect its task: it has the right and its credentials, it always runs, and AWS denies no call for it. */
function protects(runner: Runner, ended: Simulated): boolean {
  const { scenario, world } = ended;
  const { name, options } = runner;
  const { service, start, protect, detach } = options.inputs;
  const isAsked = service !== undefined && start === undefined && protect !== "false" && detach === undefined;
  const isHindered = world.base.faults.taken.some(
    (fault) =>
      fault.actor === name &&
      (fault.kind === "pause" ||
        (fault.kind === "call" && fault.what === "denied" && CALLS.includes(fault.operation))),
  );
  const mayProtect = scenario.ecs?.service?.mayProtect === true && !hasLostCredentials(runner, ended);
  return isAsked && mayProtect && !isHindered && !isCancelled(runner);
}

/** What must hold of tasks of a service. */
export const SERVICE_RULES: readonly Rule[] = [protectionEnds, jobIsProtected];
