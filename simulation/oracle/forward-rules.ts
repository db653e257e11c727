import type { Relay } from "../container/forward/relay.ts";
import { farNameOf } from "../programs/far-name.ts";
import type { Carried, Side } from "../programs/side.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { hasLostCredentials } from "./credentials.ts";
import { lineWith } from "./line-with.ts";
import type { Rule } from "./rule.ts";
import { isForward } from "./script-output.ts";
import { timeoutOf } from "./timeout-of.ts";

/** A relay that hears nothing ends after 75 s; what it had open is looked at within a few seconds. */
const RELAY_ENDS_MS = 80_000;
/** One that is told ends at once. */
const TOLD_MS = 3_000;
/** The session of a lost runner is gone within a minute, or before a relay has greeted. */
const SESSION_ENDS_MS = 62_000;
/** A cut of 60 s loses nothing. The relay may have heard its runner 5 s earlier. */
const LONGEST_CUT_MS = 55_000;
/** A step whose forward is lost leaves its programs five seconds, and then cleans up. */
const LAST_MS = 10_000;
/** No connection is broken off before a cut has lasted for so long. The two ends may have heard each other last at different times. */
const KEPT_MS = 40_000;
/** A new connection waits for so long. */
const NEW_WAITS_MS = 9_500;
/** The time until a forward is told that there is no place for it. */
const BUSY_MS = 30_000;
/** What follows from a cause, such as the end of a relay, comes within this time. */
const SOON_MS = 80_000;
/** A relay hears its runner in this time once a session of it is open, and nothing is in the way. */
const HEARD_MS = 10_000;
const UNREACHED = ["refuses", "silent", "unknown", "metadata"];

function relaysOf(name: string, { world }: Simulated): readonly Relay[] {
  return world.containers.flatMap(({ relays }) => relays).filter(({ owner }) => owner === name);
}

/** What came is what was sent, up to where it ended. */
const exact: Rule = {
  name: "the bytes of a connection are exact",
  look({ world }, check) {
    for (const { number, runner, client, far } of world.base.carried) {
      const wrong = (side: Side | undefined, other: Side | undefined): boolean =>
        side !== undefined && (side.wrongAt !== undefined || side.got > (other?.sent ?? 0));
      check(
        !wrong(client, far) && !wrong(far, client),
        runner,
        () => `connection ${number} has other bytes: back at ${client.wrongAt}, there at ${far?.wrongAt}`,
      );
    }
  },
};

/** An end is the other program's own, behind all that it has sent. */
const ends: Rule = {
  name: "no connection ends where it was broken off",
  look(ended, check) {
    for (const carried of ended.world.base.carried) {
      const { number, runner, client, far } = carried;
      if (client.endCame && !isLeftToSystem(carried, ended))
        check(
          far?.hasEnded === true && client.got === far.sent,
          runner,
          () => `connection ${number} ends here behind ${client.got} of ${far?.sent ?? 0} bytes`,
        );
      if (far?.endCame === true && !isRelayKilled(runner, ended))
        check(
          client.hasEnded && far.got === client.sent,
          runner,
          () => `connection ${number} ends there behind ${far.got} of ${client.sent} bytes`,
        );
    }
  },
};

/** The system ends the connections of a process that was killed, or that the second signal of a cancel has ended at once. */
function isLeftToSystem({ runner }: Carried, { runners }: Simulated): boolean {
  return runners.some(
    ({ name, isKilled, mainEnd }) => name === runner && (isKilled || mainEnd?.exitCode === 130),
  );
}

function isRelayKilled(runner: string, ended: Simulated): boolean {
  return relaysOf(runner, ended).some(({ why }) => why === undefined);
}

/** A connection goes on, or is broken off. */
const moving: Rule = {
  name: "no connection is stuck",
  look({ world }, check) {
    for (const { number, runner, client, dueAt } of world.base.carried)
      check(
        // The world may end while the program still waits by its plan, and has not noticed an end of its step.
        client.overAt !== undefined || dueAt > world.base.time.now,
        runner,
        () => `connection ${number} is stuck behind ${client.got} bytes`,
      );
  },
};

/** A connection is broken off for a reason. A cut of a minute is none. */
const kept: Rule = {
  name: "a cut loses no connection",
  look(ended, check) {
    for (const carried of ended.world.base.carried) {
      const { number, runner, client } = carried;
      if (client.how === undefined) continue;
      check(
        client.how !== "reset" || hasReason(carried, client, ended),
        runner,
        () => `connection ${number} is broken off behind ${client.got} bytes`,
      );
    }
  },
};

function hasReason(carried: Carried, side: Side, ended: Simulated): boolean {
  const { runner: name, to, begunAt, far } = carried;
  const at = side.overAt ?? 0;
  const runner = ended.runners.find((each) => each.name === name);
  const kind = farNameOf(to)?.kind;
  if (far === undefined ? kind === "leaves" || at - begunAt >= NEW_WAITS_MS : far.how === "broke-off")
    return true;
  // With 0 main ends because its programs have: a connection that breaks off may be what has ended the last of them.
  const { at: mainEnd = Infinity, exitCode } = runner?.mainEnd ?? {};
  if ((mainEnd <= at + LAST_MS && exitCode !== 0) || (runner?.cancelledAt ?? Infinity) <= at) return true;
  // A task that is being stopped takes no session, while its relay goes on for a moment.
  const isStopped = ended.world.ecs.tasks.some(
    ({ container, stoppedAt = Infinity }) =>
      stoppedAt <= at && container?.relays.some(({ owner }) => owner === name),
  );
  if (isStopped) return true;
  if (runner !== undefined && isOutOfTime(carried, runner, at)) return true;
  const isSoon = (cause: number): boolean => cause <= at && at <= cause + SOON_MS;
  return (
    relaysOf(name, ended).some(
      ({ gaps, endedAt = Infinity, why }) =>
        (why !== "told" && why !== "violation" && isSoon(endedAt)) ||
        gaps.some(
          ({ from, to: until }) =>
            until - from >= LONGEST_CUT_MS && from + KEPT_MS <= at && at <= until + SOON_MS,
        ),
    ) || ended.world.base.faults.taken.some((fault) => fault.kind === "pause" && fault.actor === name)
  );
}

/** A forward goes on in the next session. */
const heard: Rule = {
  name: "a relay hears its runner again in the next session",
  look(ended, check) {
    for (const runner of ended.runners.filter(isForward))
      for (const relay of relaysOf(runner.name, ended))
        for (const openedAt of quietSessionsOf(runner, relay, ended))
          check(
            !relay.gaps.some(({ from, to }) => from <= openedAt && openedAt + HEARD_MS < to),
            runner.name,
            () => `its relay heard nothing for ${HEARD_MS} ms in an open session`,
          );
  },
};

/** When those sessions of the step were opened that were open for `HEARD_MS`, without any fault, while the relay ran. */
function quietSessionsOf({ name, mainEnd }: Runner, relay: Relay, { world }: Simulated): readonly number[] {
  const place = world.containers.find(({ relays }) => relays.includes(relay));
  const over = Math.min(relay.endedAt ?? Infinity, mainEnd?.at ?? Infinity, world.base.time.now);
  const disturbances = [...world.base.faults.takenAt].map(([fault, from]) => {
    return { from, to: from + ("ms" in fault ? (fault.ms ?? 0) : 0) };
  });
  return [...world.gateway.sessions.values()].flatMap(
    ({ owner, agent, openedAt = Infinity, ended = over }) => {
      const until = openedAt + HEARD_MS;
      const isOpen = owner === name && agent === place?.agent && until < Math.min(over, ended);
      return isOpen && disturbances.every(({ from, to }) => until < from || to < openedAt) ? [openedAt] : [];
    },
  );
}

/**
 * Whether the forward was at its `timeout`. Its connections end with it. Main may end a minute later: it waits for the answer to a call for a session,
 * which AWS never gives, since it has to end that session.
 */
function isOutOfTime({ openedAt }: Carried, runner: Runner, at: number): boolean {
  const isOver = runner.mainEnd?.exitCode !== 0 && "timeout" in runner.options.inputs;
  return isOver && at >= openedAt + timeoutOf(runner);
}

const relaysEnd: Rule = {
  name: "a relay ends soon after its step",
  look(ended, check) {
    for (const runner of ended.runners.filter(isForward)) {
      for (const relay of relaysOf(runner.name, ended)) {
        const over = Math.max(runner.mainEnd?.at ?? Infinity, relay.began);
        const lasted = (relay.endedAt ?? ended.world.base.time.now) - over;
        const most = isUndisturbed(runner, relay, ended) ? TOLD_MS : RELAY_ENDS_MS;
        check(lasted <= most, runner.name, () => `its relay went on for ${lasted} ms`);
      }
    }
  },
};

/**
 * Whether the step has ended by itself, and nothing was between it and its relay: no fault of its own, and no end of the agent. The step may have ended
 * before it could hear the successor of a relay that was killed.
 */
function isUndisturbed({ name, mainEnd }: Runner, relay: Relay, { world }: Simulated): boolean {
  const place = world.containers.find(({ relays }) => relays.includes(relay));
  return (
    mainEnd?.exitCode !== undefined &&
    place?.agent.isDead === false &&
    world.base.faults.taken.every(
      (fault) =>
        fault.actor !== name &&
        !(fault.kind === "kill-process" && fault.process === "relay" && fault.actor === place.name),
    )
  );
}

const sessionsEnd: Rule = {
  name: "a forward's session ends soon after its step",
  look(ended, check) {
    for (const session of ended.world.gateway.sessions.values()) {
      const runner = ended.runners.find(({ name }) => name === session.owner);
      // One in line begins later, and one of an agent that is gone never ends.
      if (runner?.mainEnd === undefined || !isForward(runner)) continue;
      if (session.worker === undefined || session.agent.isBlocked || session.agent.isDead) continue;
      const container = ended.world.containers.find(({ agent }) => agent === session.agent);
      if (container?.host.isDead === true) continue;
      // Without credentials the step can't end a session that waits in line.
      const begun = hasLostCredentials(runner, ended) ? (session.openedAt ?? session.begun) : session.begun;
      const lasted = (session.ended ?? ended.world.base.time.now) - Math.max(runner.mainEnd.at, begun);
      check(lasted <= SESSION_ENDS_MS, runner.name, () => `session ${session.id} went on for ${lasted} ms`);
    }
  },
};

const oneRelay: Rule = {
  name: "a container carries one forward at a time",
  look({ world }, check) {
    for (const { relays, name } of world.containers)
      for (const [at, relay] of relays.entries())
        for (const other of relays.slice(at + 1))
          check(
            (relay.endedAt ?? Infinity) <= other.began,
            name,
            () => `has relays of ${relay.owner} and ${other.owner}`,
          );
  },
};

const WRONG = new RegExp(
  [
    ...[
      "does not fit its stream",
      "data does not go on",
      "a greeting has no number",
      "was never sent",
      "was never opened",
    ],
    ...[
      "lacks frames",
      "no packet of the",
      "a frame is missing",
      "stream's credit",
      "can't be unpacked",
      "has no form",
    ],
    ...[
      "no length of a packet",
      "before the greeting",
      "has no kind",
      "acknowledges nothing",
      "a frame is too short",
    ],
  ].join("|"),
);

/** Neither half sends what the other one does not know. */
const agreed: Rule = {
  name: "the halves of a forward agree",
  look(ended, check) {
    for (const runner of ended.runners.filter(isForward)) {
      const violation = relaysOf(runner.name, ended).find(
        (relay) => relay.violation !== undefined,
      )?.violation;
      const said = lineWith(runner.main.stdout, WRONG);
      check(said === undefined && violation === undefined, runner.name, () => said ?? violation ?? "");
    }
  },
};

/** A forward is up when each far end was reached. */
const reached: Rule = {
  name: "a forward is green only when its far ends were reached",
  look(ended, check) {
    for (const runner of ended.runners.filter(isForward)) {
      if (runner.mainEnd?.exitCode !== 0) continue;
      const unreached = unreachedOf(runner);
      const isUp = relaysOf(runner.name, ended).length > 0;
      check(isUp && unreached.length === 0, runner.name, () => `is green without ${unreached.join(", ")}`);
    }
  },
};

function unreachedOf({ forwards }: Runner): readonly string[] {
  return forwards.filter((to) => UNREACHED.includes(farNameOf(to)?.kind ?? "unknown"));
}

/** Unless it is to wait longer. */
const busy: Rule = {
  name: "a forward is soon told that a container is in use",
  look(ended, check) {
    for (const runner of ended.runners.filter(isForward)) {
      const { name, mainEnd, beganAt, options, main } = runner;
      const isBusy = main.stdout.includes("container-busy");
      if (mainEnd === undefined || !isBusy || "queue-timeout" in options.inputs) continue;
      const isUp = relaysOf(name, ended).length > 0;
      if (isUp || ended.world.base.faults.taken.some(({ actor }) => actor === name)) continue;
      const lasted = mainEnd.at - beganAt - inLineFor(name, ended);
      check(lasted <= BUSY_MS, name, () => `was told after ${lasted} ms`);
    }
  },
};

/**
 * How long the sessions of the step were in line, of which it can't know: the agent had no place for them, and the step may not list those of
 * others. A relay says that it is in use once its session is open.
 */
function inLineFor(name: string, { world, scenario }: Simulated): number {
  if (scenario.world.maySeeSessions) return 0;
  const own = [...world.gateway.sessions.values()].filter(({ owner }) => owner === name);
  return own.reduce(
    (sum, { begun, ended = world.base.time.now, openedAt = ended }) => sum + openedAt - begun,
    0,
  );
}

/** What must hold of forwards, and of the connections that they carry. */
export const FORWARD_RULES: readonly Rule[] = [
  ...[exact, ends, moving, kept, heard],
  ...[relaysEnd, sessionsEnd, oneRelay, agreed, reached, busy],
];
