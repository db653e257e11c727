import { isStarting } from "../draw-tasks.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { Task } from "../world/ecs/task.ts";
import { firstOf } from "./script-output.ts";

/** The tasks in which the step's job may run: those that it has started, or the one that it has named. */
export function tasksOf(runner: Runner, { world }: Simulated): readonly Task[] {
  const first = firstOf(runner);
  const { options, name } = first.host ?? first;
  const { service } = options.inputs;
  return world.ecs.tasks.filter(({ identity }) => {
    if (isStarting(options)) return identity.owner === name;
    if (service !== undefined) return identity.group === `service:${service}`;
    return identity.name === `container ${options.container}`;
  });
}

/** Whether an item's end follows its output, as it does where python3 records. */
export function recordsInOrder(runner: Runner, ended: Simulated): boolean {
  return tasksOf(runner, ended).every(({ container }) => container?.options.python !== false);
}
