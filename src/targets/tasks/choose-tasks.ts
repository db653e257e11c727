import type { Task } from "../../aws/task.ts";

/**
 * The tasks that a job may run in, the best first: those with ECS Exec before those without, then those whose exec agent runs,
 * then the healthy ones, then the newest. The order of `tasks` makes no difference.
 */
export function rankTasks(tasks: readonly Task[], container: string | undefined): readonly Task[] {
  const alive = tasks.filter((task) => !isEnding(task));
  return alive.toSorted(
    (a, b) => compare(rank(b, container), rank(a, container)) || (a.arn < b.arn ? -1 : 1),
  );
}

/**
 * The best `count` of a service's tasks, the best first. For `all` every running task, or every starting one when none runs yet,
 * the newest first. Undefined when the service has too few.
 */
export function chooseTasks(
  tasks: readonly Task[],
  container: string | undefined,
  count: number | "all",
): readonly Task[] | undefined {
  const ranked = rankTasks(tasks, container);
  if (count !== "all") return ranked.length < count ? undefined : ranked.slice(0, count);
  const running = ranked.filter(({ lastStatus }) => lastStatus === "RUNNING");
  if (ranked.length === 0) return undefined;
  return (running.length > 0 ? running : ranked).toSorted((a, b) => beganAt(b) - beganAt(a));
}

/** In milliseconds since the epoch. */
function beganAt({ startedAt, createdAt = 0 }: Task): number {
  return startedAt ?? createdAt;
}

/** True as soon as ECS has decided to stop the task. */
export function isEnding({ lastStatus, desiredStatus }: Pick<Task, "lastStatus" | "desiredStatus">): boolean {
  return desiredStatus === "STOPPED" || /^(DEACTIVATING|STOPPING|DEPROVISIONING|STOPPED)$/.test(lastStatus);
}

/** Whether the task can take a session now, as far as ECS tells. */
export function isReady(task: Task, container: string | undefined): boolean {
  const { enableExecuteCommand, lastStatus, healthStatus, containers } = task;
  const agents = containers.filter(({ name }) => container === undefined || name === container);
  const runs = agents.some(({ execAgent }) => execAgent?.status === "RUNNING");
  return (
    enableExecuteCommand &&
    runs &&
    lastStatus === "RUNNING" &&
    healthStatus !== "UNHEALTHY" &&
    !isEnding(task)
  );
}

/** Compared from left to right; higher is better. */
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
    beganAt(task),
  ];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const difference = value - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
