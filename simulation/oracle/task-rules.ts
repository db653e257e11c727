import { isStarting } from "../draw-tasks.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { Task } from "../world/ecs/task.ts";
import { hasLostCredentials } from "./credentials.ts";
import { isCancelled } from "./is-cancelled.ts";
import type { Rule } from "./rule.ts";
import { hasItems, lastRunsOf, taskCountOf } from "./script-output.ts";
import { tasksOf } from "./tasks-of.ts";
import { timeoutOf } from "./timeout-of.ts";

/** A held container ends by itself so long after the job's `timeout`. */
export const HOLD_MS = 15 * 60_000;
/** From the decision that a task stops to the end of its containers, and what a clock may be off. */
const STOPPING_MS = 60_000;
/** The post step looks for so long for what a call under way may still make. */
const LOOKS_MS = 60_000;

/** A task that a step has started is stopped with the step, unless the list below allows it: then until `hold` ends. */
const leftTasks: Rule = {
  name: "no task is left that a step has started",
  look(ended, check) {
    for (const { runner, task } of startedTasks(ended)) {
      const over = endOf(runner, ended);
      const stoppedAt = task.stoppedAt ?? Infinity;
      if (stoppedAt <= over + LOOKS_MS) {
        check(true, runner.name, () => "");
        continue;
      }
      const why = whyLeft(runner, task, ended);
      check(why !== undefined, runner.name, () => `${task.name} was left running, and nothing allows that`);
      // A task that has not started has no hold, and a lost machine does not stop it.
      if (runner.options.inputs["hold"] === "false" || task.container === undefined) continue;
      const latest = holdEnd(runner, task, ended) + STOPPING_MS;
      check(stoppedAt <= latest, runner.name, () => `${task.name} outlived its hold`);
    }
  },
};

/** When a held task ends by itself at the latest. Each step whose job begins in a task for several steps puts that off, also when the job gets no item. */
function holdEnd(runner: Runner, { state, container }: Task, ended: Simulated): number {
  const { startedAt = endOf(runner, ended) } = state;
  const later = (container?.jobs ?? []).flatMap(({ url, began }) => {
    const other = ended.runners.find(({ jobUrl }) => jobUrl === url);
    return other === undefined ? [] : [began + timeoutOf(other)];
  });
  const isPutOff = runner.options.inputs["keep-task"] === "job";
  return Math.max(startedAt + timeoutOf(runner), ...(isPutOff ? later : [])) + HOLD_MS;
}

/** What allows a task to be left, as the pages of the action promise; undefined when nothing does. */
function whyLeft(runner: Runner, { stoppedAt, identity }: Task, ended: Simulated): string | undefined {
  const keep = runner.options.inputs["keep-task"];
  const { outcome } = runner.outputs;
  const isGreen = runner.mainEnd?.exitCode === 0;
  // A step that has been cancelled keeps none. One that is cancelled in its cleanup has told its outcome before, and may.
  const isKept = keep === "always" || (keep === "on-failure" && !isGreen);
  if (isKept && outcome !== "cancelled") return "kept";
  if (outcome === "detached") return "left";
  if (!runner.options.post && (keep === "job" || !isGreen)) return "the machine was lost";
  // It was starting when the last look at it was over, and its start was stuck.
  if (stoppedAt === undefined && runner.mainEnd === undefined) return "the step goes on";
  // The step tells the user of a task whose stop AWS has refused for good.
  const said = `${runner.main.stdout}${runner.post?.stdout ?? ""}`;
  const isTold = said.includes(`Could not undo this: Stopping task ${identity.arn}.`);
  const isRefused = isTold && meetsFault(runner, ended, ["ecs:StopTask"]);
  return isRefused || meetsFault(runner, ended, ["ecs:ListTasks", "ecs:RunTask"]) ? "AWS refused" : undefined;
}

/** What `keep-task` keeps is not stopped by the step. */
const keptTasks: Rule = {
  name: "a task that is to be kept is kept",
  look(ended, check) {
    for (const runner of ended.runners) {
      const keep = runner.options.inputs["keep-task"];
      const { outcome } = runner.outputs;
      const isFailure = taskCountOf(runner) === 1 && /^(failed|timed-out)$/.test(outcome ?? "");
      const isKept = keep === "always" || keep === "job" || (keep === "on-failure" && isFailure);
      if (!isKept || runner.isKilled || isCancelled(runner)) continue;
      // There is nothing to look into when no item had to run.
      if (keep !== "job" && hasOnlyCarried(runner)) continue;
      const arn = runner.outputs["task-arn"];
      const task = ended.world.ecs.tasks.find(({ identity }) => identity.arn === arn);
      if (task?.identity.owner !== runner.name || !/^(succeeded|failed|timed-out)$/.test(outcome ?? ""))
        continue;
      // `retry` has given up this task for another one, which ECS did not start.
      if (runner.options.inputs["retry"] !== undefined && isRefusedTasks(runner, ended)) continue;
      // No session reaches its agent any more, so a script whose end is not known ends with it. The outcome may be that of an item.
      if (ended.world.containers.some(({ name, agent }) => name === task.name && agent.isDead)) continue;
      const over = keep === "job" ? jobEnd(runner, ended) : Infinity;
      check(
        task.stoppedBy !== runner.name || (task.stoppedAt ?? 0) >= over,
        runner.name,
        () => `has stopped ${task.name}, though 'keep-task' is ${keep}`,
      );
    }
  },
};

/** Whether ECS has refused to start a task for the step. */
function isRefusedTasks({ name }: Runner, { world }: Simulated): boolean {
  return world.base.faults.taken.some(({ kind, actor }) => kind === "refusal" && actor === name);
}

/** Whether all items of the step were carried over from earlier attempts. */
function hasOnlyCarried({ outputs }: Runner): boolean {
  const told = JSON.parse(outputs["results"] ?? "[]") as readonly { readonly carriedFrom?: number }[];
  return told.length > 0 && told.every(({ carriedFrom }) => carriedFrom !== undefined);
}

/** When the last main step of its workflow job has ended. */
function jobEnd(runner: Runner, { runners }: Simulated): number {
  const steps = runners.filter((each) => each === runner || each.host === runner);
  return Math.max(...steps.map(({ mainEnd }) => mainEnd?.at ?? 0));
}

/** A step with one task names that in which its script has run last. */
const namedTasks: Rule = {
  name: "the outputs name the task of the script",
  look(ended, check) {
    for (const runner of ended.runners) {
      const { outcome = "", "task-arn": arn, "task-id": id } = runner.outputs;
      const [run] = lastRunsOf(runner, ended);
      if (run === undefined || hasItems(runner) || taskCountOf(runner) !== 1) continue;
      // Another attempt of any other step may have ended before its script began.
      if (outcome !== "succeeded" && outcome !== "failed") continue;
      const task = ended.world.ecs.tasks.find(({ container }) => container?.scripts.includes(run));
      check(
        arn === task?.identity.arn && id === task?.identity.id,
        runner.name,
        () => `names task ${id}, and its script ran in ${task?.name}, ${task?.identity.id}`,
      );
    }
  },
};

/** At no time a step has more tasks than it was asked for. */
const tasksAtOnce: Rule = {
  name: "no more tasks than asked for",
  look(ended, check) {
    for (const runner of ended.runners) {
      const tasks = startedTasks(ended).filter((each) => each.runner === runner);
      // A task whose stop failed is left to the cleanup, and another one takes its place.
      if (tasks.length === 0 || meetsFault(runner, ended, ["ecs:StopTask"])) continue;
      const { inputs } = runner.options;
      const kept = inputs["keep-task"] === undefined ? inputs["max-parallel"] : undefined;
      const asked = Number(kept ?? inputs["tasks"] ?? 1);
      const most = Math.max(
        ...tasks.map(({ task: { identity } }) => aliveAt(identity.createdAt, tasks).length),
      );
      check(most <= asked, runner.name, () => `had ${most} tasks at once`);
    }
  },
};

function aliveAt(time: number, tasks: readonly { readonly task: Task }[]): readonly unknown[] {
  return tasks.filter(
    ({ task: { identity, stoppedAt = Infinity } }) => identity.createdAt <= time && stoppedAt > time,
  );
}

/** A script runs in a task that its step has started, or in the one that it has named. */
const places: Rule = {
  name: "a script runs where it was to run",
  look(ended, check) {
    for (const runner of ended.runners) {
      const right = tasksOf(runner, ended);
      const ran = ended.world.ecs.tasks.filter((task) =>
        task.container?.scripts.some(({ url }) => url === runner.jobUrl),
      );
      for (const task of ran)
        check(right.includes(task), runner.name, () => `ran its script in ${task.name}`);
    }
  },
};

/** A definition of the action's own is deregistered by the last step that used it. */
const leftDefinitions: Rule = {
  name: "no task definition is left",
  look(ended, check) {
    const { ecs } = ended.world;
    for (const { owner, family, revision, status } of ecs.definitions.all) {
      const runner = ended.runners.find(({ name }) => name === owner);
      if (runner === undefined || isExcused(ended) || isUnseen(runner, ended)) continue;
      check(status !== "ACTIVE", runner.name, () => `left ${family}:${revision}`);
    }
  },
};

/** Whether the step was killed before it knew the name of its definition, and its post step says that it may not look for it. */
function isUnseen({ isKilled, post }: Runner, { scenario }: Simulated): boolean {
  const said = "Could not undo this: Deregistering the task definition that was being registered";
  return isKilled && scenario.ecs?.mayDescribe === false && post?.stdout.includes(said) === true;
}

/**
 * A lost machine leaves its definitions, and so does a step whose calls AWS has refused. Two steps that share a revision and end together
 * may each see the task of the other.
 */
function isExcused(ended: Simulated): boolean {
  const { runners, scenario } = ended;
  const isLost = (runner: Runner): boolean => !runner.options.post && runner.mainEnd?.exitCode !== 0;
  const starting = runners.filter(({ options }) => isStarting(options));
  const calls = ["ListTasks", "DescribeTasks", "StopTask", "RunTask", "RegisterTaskDefinition"];
  const removals = ["DeregisterTaskDefinition", "DescribeTaskDefinition"];
  const operations = [...calls, ...removals].map((name) => `ecs:${name}`);
  return (
    starting.some((runner) => isLost(runner) || meetsFault(runner, ended, operations)) ||
    (starting.length > 1 && (scenario.ecs?.lag ?? 0) > 0) ||
    // A task that lives on uses its definition: a run that comes a day later removes that.
    starting.some(
      ({ options, outputs }) => "keep-task" in options.inputs || outputs["outcome"] === "detached",
    )
  );
}

/** Whether AWS has refused such a call of the step, or would have: its credentials have ended. */
function meetsFault(runner: Runner, ended: Simulated, operations: readonly string[]): boolean {
  if (hasLostCredentials(runner, ended)) return true;
  return ended.world.base.faults.taken.some(
    (fault) => fault.kind === "call" && fault.actor === runner.name && operations.includes(fault.operation),
  );
}

interface StartedTask {
  readonly runner: Runner;
  readonly task: Task;
}

function startedTasks({ runners, world }: Simulated): readonly StartedTask[] {
  return world.ecs.tasks.flatMap((task) => {
    const runner = runners.find(({ name }) => name === task.identity.owner);
    return runner === undefined ? [] : [{ runner, task }];
  });
}

/** When nothing of the step runs any more. */
function endOf({ mainEnd, postEnd }: Runner, { world }: Simulated): number {
  return Math.max(mainEnd?.at ?? world.base.time.now, postEnd?.at ?? 0);
}

export const TASK_RULES: readonly Rule[] = [
  ...[leftTasks, keptTasks, namedTasks, tasksAtOnce, places, leftDefinitions],
];
