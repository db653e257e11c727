import type { Rule } from "./rule.ts";

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

/** What must hold of steps that assume a role themselves. */
export const ROLE_RULES: readonly Rule[] = [renewed];
