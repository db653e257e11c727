import type { Rule } from "./rule.ts";
import type { Simulated } from "../simulate.ts";
import { isForward } from "./script-output.ts";

const ROLE_CALLS = ["github:IdToken", "sts:AssumeRoleWithWebIdentity"];
/** How often a step asks GitHub for an ID token that fails to come. */
const TRIES = 5;

/**
 * The keys of a role's session are renewed before AWS takes them no more, unless that was refused, or the step could not run meanwhile, or has a clock
 * that is off.
 */
const renewed: Rule = {
  name: "keys of a role are renewed before they end",
  look(ended, check) {
    const { roles, base } = ended.world;
    for (const { name, options } of ended.runners) {
      if (options.inputs["role-to-assume"] === undefined || !roles.signed.has(name)) continue;
      const isHindered =
        (options.ahead ?? 0) !== 0 ||
        base.faults.taken.some(
          (fault) =>
            fault.actor === name &&
            (fault.kind === "pause" || (fault.kind === "call" && ROLE_CALLS.includes(fault.operation))),
        );
      if (isHindered) continue;
      const late = roles.late.find(({ actor }) => actor === name);
      check(late === undefined, name, () => `${late?.operation} had keys that had ended`);
    }
  },
};

/** The codes of a step that gets no keys of its role. */
const NO_KEYS = /%3A (role-not-assumed|no-id-token|no-credentials)::/;

/** A renewal that fails takes nothing away before the end of the keys that the step has. */
const used: Rule = {
  name: "keys of a role are used until they end",
  look(ended, check) {
    const { world, runners } = ended;
    for (const runner of runners) {
      const { name, main, mainEnd, options } = runner;
      // A clock that is wrong ends them at another time. The process of a forward has keys of its own.
      if (mainEnd === undefined || (options.ahead ?? 0) !== 0 || isForward(runner)) continue;
      const [last, former] = world.roles.got
        .filter(({ by, at }) => by === name && at <= mainEnd.at)
        .toReversed();
      // It had none for a while, and its cleanup got some again.
      if (last === undefined || (former !== undefined && former.until <= last.at)) continue;
      if (hadNoneAtFirst(name, ended)) continue;
      const left = Math.ceil((last.until - mainEnd.at) / 1_000);
      check(
        left <= 0 || !NO_KEYS.test(main.stdout),
        name,
        () => `ends for want of keys, and has some for ${left} s`,
      );
    }
  },
};

/**
 * Whether the first fetch of keys had failed for good before the step got any. That is no renewal: the call that has waited for it ends the step, though
 * another one fetches keys right behind it.
 */
function hadNoneAtFirst(name: string, { world }: Simulated): boolean {
  const first = world.roles.got.find(({ by }) => by === name)?.at ?? Infinity;
  const failed = [...world.base.faults.takenAt].flatMap(([fault, at]) =>
    fault.kind === "call" && fault.actor === name && ROLE_CALLS.includes(fault.operation) && at < first
      ? [fault.what]
      : [],
  );
  return failed.includes("denied") || failed.length >= TRIES;
}

/** What must hold of steps that assume a role themselves. */
export const ROLE_RULES: readonly Rule[] = [renewed, used];
