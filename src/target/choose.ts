import type { Task } from "../aws/task.ts";
import { containerAmbiguous, containerNotFound } from "../errors.ts";

/** A container to choose from; what is essential is known from the task definition only. */
export interface Candidate {
  readonly name: string;
  readonly essential: boolean | undefined;
}

/**
 * The container to run in: the named one, else the only one, else the first essential one. `owner` is whose
 * they are, in a message's words. `why` says why it is not known what is essential, where it isn't.
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

/** AWS puts these into a task by itself, for Service Connect and for GuardDuty; no definition lists them. */
export function isInjected(container: string): boolean {
  return /^(ecs-service-connect-|aws-guardduty-agent)/.test(container);
}

/**
 * The task of a service to run in, or undefined where none runs or is about to: the newest healthy one whose
 * exec agent runs. Where there is none such, the one that comes nearest, for the wait to judge. Whatever the
 * order of `tasks`, the choice is the same.
 */
export function chooseTask(tasks: readonly Task[], container: string | undefined): Task | undefined {
  const alive = tasks.filter((task) => task.desiredStatus === "RUNNING" && !isEnding(task));
  return alive.toSorted(
    (a, b) => compare(rank(b, container), rank(a, container)) || (a.arn < b.arn ? -1 : 1),
  )[0];
}

/** True from the moment that ECS has decided to stop the task. */
export function isEnding({ lastStatus, desiredStatus }: Task): boolean {
  return desiredStatus === "STOPPED" || /^(DEACTIVATING|STOPPING|DEPROVISIONING|STOPPED)$/.test(lastStatus);
}

/** The most important first; higher is better. */
function rank(task: Task, container: string | undefined): readonly number[] {
  const agents = task.containers
    .filter(({ name }) => container === undefined || name === container)
    .map(({ execAgent }) => execAgent?.status);
  const agent = agents.includes("RUNNING") ? 2 : agents.includes("STOPPED") ? 0 : 1;
  const health = ["UNHEALTHY", "UNKNOWN", "HEALTHY"].indexOf(task.healthStatus);
  return [
    Number(task.enableExecuteCommand),
    task.lastStatus === "RUNNING" ? agent : Math.min(agent, 1),
    health,
    task.startedAt ?? task.createdAt ?? 0,
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
