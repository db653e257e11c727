import { networkRequired } from "../aws/missing.ts";
import { ECS_ARN, ECS_NAME } from "./ecs-names.ts";
import type { NewTasks, StartInputs, TaskSelection, ParallelJobs } from "./inputs.ts";
import { boolean, count, matching, type ParseResult, quoteValue } from "./parse.ts";
import type { InputReader } from "./input-reader.ts";
import { hasItems } from "./items.ts";
import { readStart, isForFargate, refuseNewTaskInputs, refuseSize } from "./start.ts";
import { readNewTaskSource, refuseImageInputs, type TargetName } from "./task-source.ts";

const targets: readonly TargetName[] = ["task", "service", "task-definition", "image"];

/** A limit, because a step follows each of its tasks by a connection of its own. */
const MOST_TASKS = 1_000;

export const cluster = matching(
  new RegExp(`^(${ECS_NAME}|${ECS_ARN}:cluster/${ECS_NAME})$`),
  "a cluster's name or ARN, such as prod",
);
export const container = matching(
  new RegExp(`^${ECS_NAME}$`),
  "a container's name of the task definition, such as web",
);

const task = matching(
  new RegExp(`^([0-9a-f-]{32,36}|${ECS_ARN}:task/(${ECS_NAME}/)?[0-9a-f-]{32,36})$`),
  "a task's ID (32 hexadecimal digits) or ARN",
);
const service = matching(
  new RegExp(`^(${ECS_NAME}|${ECS_ARN}:service/(${ECS_NAME}/)?${ECS_NAME})$`),
  "a service's name or ARN, such as web",
);

/**
 * Reads which tasks the job runs in, and how new ones are started. Notes a problem for each input that excludes another.
 */
export function readTaskSelection(reader: InputReader): TaskSelection | undefined {
  const start = readStart(reader);
  const tasks = reader.orElse<number | "all">("tasks", taskCount, 1);
  const startNew = reader.orElse("start", boolean, false);
  const given = targets.filter((name) => reader.isGiven(name));
  const only = selectTarget(reader, given);
  if (only === undefined) return undefined;
  const borrowing = given.includes("service");
  if (startNew) refuseStart(reader, only, borrowing);
  refuseImageInputs(reader, given);

  if (only === "task") {
    refuseNewTaskInputs(reader, "task", start);
    if (tasks !== 1) {
      reader.refuse(
        "tasks",
        "left at 1 with 'task'",
        `'${tasks}'`,
        "For several tasks name their 'service'.",
      );
    }
    const id = reader.optional("task", task);
    return id === undefined ? undefined : { kind: "task", task: id };
  }
  const name = reader.optional("service", service);
  if (only === "service" && !startNew) {
    refuseNewTaskInputs(reader, "service", start);
    return name === undefined ? undefined : { kind: "service", service: name, tasks };
  }
  return readNewTasks(reader, only, { service: name, tasks, start });
}

/**
 * The one input that selects the task. `service` may stand beside it: a new task borrows from that service. `image` may
 * also join `task-definition`, in which it takes the place of the container's image.
 */
function selectTarget(reader: InputReader, given: readonly TargetName[]): TargetName | undefined {
  const others = given.filter((name) => name !== "service");
  if (others.join() === "task-definition,image") return "image";
  const [only = given[0], another] = others;
  const alone = given.length === 1 || (given.length === 2 && given[0] === "service");
  if (alone && only !== undefined && another === undefined) return only;
  if (only === undefined) {
    reader.refuse("task", "given, or else 'service', 'task-definition' or 'image'", "none of them");
    return undefined;
  }
  reader.refuse(
    given[0] ?? "task",
    "the only one of 'task', 'service', 'task-definition' and 'image'",
    given.map((name) => `'${name}'`).join(" and "),
    "Keep the one that names the task you mean; 'service' may join 'task-definition' or 'image', and 'image' may join 'task-definition'.",
  );
  return undefined;
}

function refuseStart(reader: InputReader, only: TargetName, borrowing: boolean): void {
  if (only === "service") return;
  if (only !== "task" && borrowing) return;
  const advice =
    only === "task"
      ? "'start: true' starts a task like those of 'service': name that instead of 'task'."
      : `'${only}' starts a task by itself: leave 'start' out.`;
  reader.refuse("start", `left at false with '${only}'`, "'true'", advice);
}

function readNewTasks(
  reader: InputReader,
  only: Exclude<TargetName, "task">,
  { service, tasks, start }: { service: string | undefined; tasks: number | "all"; start: StartInputs },
): NewTasks | undefined {
  const of = readNewTaskSource(reader, only);
  if (tasks === "all") {
    reader.refuse(
      "tasks",
      "a number for new tasks",
      "'all'",
      "'all' are the running tasks of 'service' alone.",
    );
  }
  // A definition of the user's for instances may have a network mode without subnets. ECS says when it has not.
  const needsSubnets = of?.kind === "image" || isForFargate(start);
  if (!reader.isGiven("service") && !reader.isGiven("subnets") && needsSubnets) {
    reader.note(
      networkRequired(
        reader.text(only),
        "Input 'subnets' is empty, and there is no 'service' to borrow from.",
      ),
    );
  }
  if (of?.kind === "image" && start.taskRole === undefined && start.overrides["taskRoleArn"] === undefined) {
    const advice =
      "ECS Exec uses the task role, so a task from an image alone needs one: a role with the four ssmmessages actions.";
    if (!reader.isGiven("task-role")) reader.refuse("task-role", "given with 'image'", "nothing", advice);
  }
  // A task like those of a service may run on instances, which have no such sizes.
  const isOfService =
    reader.isGiven("service") && of?.kind !== "image" && start.capacityProviders.length === 0;
  if (!isOfService) refuseSize(reader, start);
  return of === undefined || tasks === "all" ? undefined : { kind: "new", of, service, tasks, start };
}

/**
 * How many of several jobs run at once, and whether further ones begin after a failure. Refuses both inputs for one task. With
 * items `fail-fast` may stand beside one task, because no further item is begun then.
 */
export function readParallelJobs(reader: InputReader, where: TaskSelection | undefined): ParallelJobs {
  const maxParallel = reader.optional("max-parallel", count(1, MOST_TASKS));
  const failFast = reader.orElse("fail-fast", boolean, false);
  const isOne = where !== undefined && (!("tasks" in where) || where.tasks === 1);
  const refuse = (name: "max-parallel" | "fail-fast", must: string): void =>
    reader.refuse(name, `${must} unless there are several 'tasks'`, quoteValue(reader.text(name)), {
      workflow:
        "The job would run in one task. Set 'tasks', for example to 'all' with 'service'; the jobs of a matrix have 'strategy.max-parallel' and 'strategy.fail-fast'.",
      program: "The job would run in one task. Set 'tasks', for example to 'all' with 'service'.",
    });
  if (hasItems(reader)) return { maxParallel, failFast };
  if (isOne && maxParallel !== undefined) refuse("max-parallel", "left out");
  if (isOne && failFast) refuse("fail-fast", "left at false");
  return { maxParallel, failFast };
}

function taskCount(text: string): ParseResult<number | "all"> {
  if (text === "all") return { value: "all" };
  const answer = count(1, MOST_TASKS)(text);
  return "value" in answer ? answer : { ...answer, must: `all, or ${answer.must}` };
}
