import { networkRequired } from "../aws/missing.ts";
import type { NewTaskSource, NewTasks, StartInputs, TaskSelection } from "./inputs.ts";
import { boolean, count, matching, shown, type ParseResult } from "./parse.ts";
import type { InputReader } from "./input-reader.ts";
import { readStart, refuseNewTaskInputs } from "./start.ts";
import { readWorkspaceFile } from "./workspace.ts";

const targets = ["task", "service", "task-definition", "image"] as const;
type TargetName = (typeof targets)[number];

/** The most tasks that one DescribeTasks call takes. */
const mostTasks = 100;

const ecsName = "[A-Za-z0-9_-]{1,255}";
const ecsArn = "arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}";

export const cluster = matching(
  new RegExp(`^(${ecsName}|${ecsArn}:cluster/${ecsName})$`),
  "a cluster's name or ARN, such as prod",
);
export const container = matching(
  new RegExp(`^${ecsName}$`),
  "a container's name of the task definition, such as web",
);

const task = matching(
  new RegExp(`^([0-9a-f-]{32,36}|${ecsArn}:task/(${ecsName}/)?[0-9a-f-]{32,36})$`),
  "a task's ID (32 hexadecimal digits) or ARN",
);
const service = matching(
  new RegExp(`^(${ecsName}|${ecsArn}:service/(${ecsName}/)?${ecsName})$`),
  "a service's name or ARN, such as web",
);
const family = new RegExp(`^(${ecsName}(:[0-9]+)?|${ecsArn}:task-definition/${ecsName}(:[0-9]+)?)$`);
/** Registry, repository, tag and digest, in the characters that ECS allows. */
const image = matching(
  /^[A-Za-z0-9][\w./:@+-]{0,254}$/,
  "an image's name, such as public.ecr.aws/docker/library/python:3.13",
);

/**
 * Which tasks the job runs in, and how new ones are started. Notes a problem for each input that excludes another.
 */
export function readTaskSelection(reader: InputReader): TaskSelection | undefined {
  const start = readStart(reader);
  const tasks = reader.orElse<number | "all">("tasks", taskCount, 1);
  const startNew = reader.orElse("start", boolean, false);
  const given = targets.filter((name) => reader.given(name));
  const only = theOne(reader, given);
  if (only === undefined) return undefined;
  const borrowing = given.includes("service");
  if (startNew) refuseStart(reader, only, borrowing);

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

/** The one input that selects the task. `service` may stand beside it: a new task borrows from that service. */
function theOne(reader: InputReader, given: readonly TargetName[]): TargetName | undefined {
  const others = given.filter((name) => name !== "service");
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
    "Keep the one that names the task you mean; only 'service' may join 'task-definition' or 'image', for the network it has.",
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
  const of = readNewTaskOf(reader, only);
  if (tasks === "all") {
    reader.refuse(
      "tasks",
      "a number for new tasks",
      "'all'",
      "'all' are the running tasks of 'service' alone.",
    );
  }
  if (!reader.given("service") && !reader.given("subnets")) {
    reader.note(
      networkRequired(
        reader.text(only),
        "Input 'subnets' is empty, and there is no 'service' to borrow from.",
      ),
    );
  }
  if (only === "image" && start.taskRole === undefined && start.overrides["taskRoleArn"] === undefined) {
    const advice =
      "ECS Exec acts by the task role, so that a task from an image alone needs one: a role with the four ssmmessages actions.";
    if (!reader.given("task-role")) reader.refuse("task-role", "given with 'image'", "nothing", advice);
  }
  return of === undefined || tasks === "all" ? undefined : { kind: "new", of, service, tasks, start };
}

function readNewTaskOf(reader: InputReader, only: Exclude<TargetName, "task">): NewTaskSource | undefined {
  if (only === "service") return { kind: "service" };
  if (only === "image") {
    const name = reader.optional("image", image);
    return name === undefined ? undefined : { kind: "image", image: name };
  }
  const taskDefinition = readTaskDefinition(reader);
  return taskDefinition === undefined ? undefined : { kind: "task-definition", taskDefinition };
}

function readTaskDefinition(reader: InputReader): string | undefined {
  const text = reader.text("task-definition");
  if (family.test(text)) return text;
  // The text is not a family, so it has to be a path.
  if (!text.endsWith(".json")) {
    const must = "a family, family:revision, an ARN, or the path of a .json file, such as web:42";
    reader.refuse("task-definition", must, shown(text));
    return undefined;
  }
  // Only the path is checked here. The content is checked before it is registered.
  return readWorkspaceFile(reader, "task-definition")?.path;
}

function taskCount(text: string): ParseResult<number | "all"> {
  if (text === "all") return { value: "all" };
  const answer = count(1, mostTasks)(text);
  return "value" in answer ? answer : { ...answer, must: `all, or ${answer.must}` };
}
