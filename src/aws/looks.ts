import type { Ecs } from "./ecs.ts";
import type { Task } from "./task.ts";

/** Spares the first look at each of these tasks, of which ECS has just told. */
export function seenAlready(
  ecs: Pick<Ecs, "describeTask">,
  tasks: readonly Task[],
): Pick<Ecs, "describeTask"> {
  const seen = new Map(tasks.map((task) => [task.arn, task]));
  return {
    async describeTask(cluster, arn) {
      const task = seen.get(arn);
      seen.delete(arn);
      return task ?? (await ecs.describeTask(cluster, arn));
    },
  };
}

/** A job that waits looks about every two seconds; so do several together. */
const FRESH_MS = 2_000;

/**
 * Lets the jobs of one run look at their tasks together: a look asks for all of `tasks`, which are of one cluster, and
 * its answer serves every look of the next two seconds. A task that is new to it is looked at anew.
 */
export function lookTogether(
  ecs: Pick<Ecs, "describeTasks">,
  tasks: readonly string[],
  now: () => number,
): Pick<Ecs, "describeTask"> {
  const wanted = new Set(tasks);
  let latest: { readonly at: number; readonly answer: Promise<readonly Task[]> } | undefined;
  return {
    async describeTask(cluster, arn) {
      const isNew = !wanted.has(arn);
      wanted.add(arn);
      if (latest === undefined || isNew || now() - latest.at >= FRESH_MS) {
        latest = { at: now(), answer: ecs.describeTasks(cluster, [...wanted]) };
      }
      const mine = latest;
      try {
        return (await mine.answer).find((task) => task.arn === arn);
      } catch (error) {
        if (latest === mine) latest = undefined;
        throw error;
      }
    },
  };
}
