import { containerAmbiguous, containerNotFound } from "./failures.ts";

/**
 * A container to choose from. Only the task definition tells whether it is essential; undefined when that is not
 * known.
 */
export interface Candidate {
  readonly name: string;
  readonly essential: boolean | undefined;
}

/**
 * The container to run in: the named one, else the only one, else the first essential one. `owner` names the task or
 * definition in messages. `why` says why no container is known to be essential.
 */
export function chooseContainer(
  named: string | undefined,
  candidates: readonly Candidate[],
  owner: string,
  why = "None of them is essential.",
): string {
  const names = candidates.map(({ name }) => name);
  if (named !== undefined) {
    if (names.includes(named)) return named;
    throw containerNotFound(named, owner, names);
  }
  const own = candidates.filter(({ name }) => !isInjected(name));
  const [first, second] = own;
  const chosen = second === undefined ? first : own.find(({ essential }) => essential);
  if (chosen === undefined) throw containerAmbiguous(owner, names, why);
  return chosen.name;
}

/**
 * True for the containers that AWS adds to a task, for Service Connect and for GuardDuty. No task definition lists
 * them.
 */
export function isInjected(container: string): boolean {
  return /^(ecs-service-connect-|aws-guardduty-agent)/.test(container);
}
