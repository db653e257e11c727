import type { Runner } from "../runner/runner.ts";
import type { CredentialsFault } from "../scenario.ts";
import type { Simulated } from "../simulate.ts";
import type { Rule } from "./rule.ts";
import { isForward } from "./script-output.ts";

/** Two looks at the task, the stop of the job by its session, and calls that are slow. */
const KNOWN_MS = 3 * 60_000;

/** The end of the step's credentials; undefined when AWS has refused nothing for that. */
function credentialsEnd({ name }: Runner, { world }: Simulated): CredentialsFault | undefined {
  const fault = world.base.faults.credentialsOf(name);
  return fault !== undefined && world.base.faults.taken.includes(fault) ? fault : undefined;
}

/** Whether AWS has refused the step's credentials as ended, or it got no keys of its role for a while. */
export function hasLostCredentials(runner: Runner, ended: Simulated): boolean {
  return (
    credentialsEnd(runner, ended) !== undefined ||
    ended.world.base.faults.taken.some(
      (fault) =>
        fault.kind === "call" && fault.actor === runner.name && /^(github|sts):/.test(fault.operation),
    )
  );
}

/**
 * A step that can't look at its task any more does not wait for a job of hours. A forward needs no credentials until its session is cut.
 */
const known: Rule = {
  name: "a step without credentials soon ends",
  look(ended, check) {
    const { time, faults } = ended.world.base;
    for (const runner of ended.runners) {
      const end = credentialsEnd(runner, ended);
      if (end === undefined || isForward(runner) || !runner.hasBegun) continue;
      const held = faults.taken.reduce(
        (sum, fault) =>
          sum +
          (fault.actor === runner.name && "ms" in fault && fault.kind !== "frame" ? (fault.ms ?? 0) : 0),
        0,
      );
      const begin = time.now - time.elapsed;
      const took = (runner.mainEnd?.at ?? time.now) - Math.max(begin + end.at, runner.beganAt) - held;
      check(took <= KNOWN_MS, runner.name, () => `went on for ${Math.round(took / 1000)} s`);
    }
  },
};

/** What must hold of steps whose credentials end. */
export const CREDENTIALS_RULES: readonly Rule[] = [known];
