import type { Simulated } from "../simulate.ts";
import type { Rule } from "./rule.ts";
import { isForward } from "./script-output.ts";

const ROLE_CALLS = ["github:IdToken", "sts:AssumeRoleWithWebIdentity"];

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
    for (const runner of ended.runners) {
      const { name, main, mainEnd, options } = runner;
      // A clock that is wrong ends them at another time. The process of a forward has keys of its own.
      if (mainEnd === undefined || (options.ahead ?? 0) !== 0 || isForward(runner)) continue;
      const [last, former] = ended.world.roles.got
        .filter(({ by, at }) => by === name && at <= mainEnd.at)
        .toReversed();
      // It had none for a while, or none yet, and its cleanup got some.
      if (last === undefined || (former === undefined ? isRefused(name, ended) : former.until <= last.at))
        continue;
      const left = Math.ceil((last.until - mainEnd.at) / 1_000);
      check(
        left <= 0 || !NO_KEYS.test(main.stdout),
        name,
        () => `ends for want of keys, and has some for ${left} s`,
      );
    }
  },
};

/** So often a step asks while the service fails. */
const TRIES = 5;

/** Whether GitHub or STS has refused a request of this step for good, or failed as often as it asks. */
function isRefused(name: string, { world }: Simulated): boolean {
  const met = world.base.faults.taken.flatMap((fault) =>
    fault.actor === name && fault.kind === "call" && ROLE_CALLS.includes(fault.operation) ? fault.what : [],
  );
  return met.includes("denied") || met.length >= TRIES;
}

/** What must hold of steps that assume a role themselves. */
export const ROLE_RULES: readonly Rule[] = [renewed, used];
