import { contentOf, type DefinitionContent } from "../../aws/task-definition.ts";
import { isUnreadableDefinition, taskNotFound } from "../../aws/missing.ts";
import type { Service } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";
import type { Failure } from "../../errors.ts";
import type { NewTasks, TaskSelection } from "../../inputs/inputs.ts";
import {
  type Check,
  check,
  lookAt,
  type Look,
  passedCheck,
  skippedCheck,
  unansweredCheck,
} from "../../ready/checks/check.ts";
import type { StepContext } from "../step-context.ts";
import { lastPart, parseService, parseTask } from "../../targets/arn.ts";
import { borrow, completeExpress, nameDefinition, type LaunchInputs } from "../../targets/start/borrow.ts";
import { chooseContainer } from "../../targets/choose-container.ts";
import { chooseTasks } from "../../targets/tasks/choose-tasks.ts";
import { isDefinitionFile, readDefinitionFile } from "../../targets/definitions/definition-file.ts";
import { noRunningTask } from "../../targets/failures.ts";
import {
  makeHeldDefinition,
  needsEntryPoint,
  refuseAwaited,
} from "../../targets/definitions/held-definition.ts";
import { replaceImage, makeImageDefinition } from "../../targets/definitions/image.ts";
import { requireNetwork } from "../../targets/start/run-task-request.ts";
import { describeServiceTasks } from "../../targets/tasks/service-tasks.ts";
import { refuseWindows } from "../../targets/windows.ts";

/** The container that is checked. */
export interface Subject {
  /** Undefined for a new task, which a check does not start. */
  readonly task: Task | undefined;
  readonly definition: DefinitionContent | undefined;
  readonly container: string;
  /** How a new task would be started; undefined for a task that runs. */
  readonly start: LaunchInputs | undefined;
  /** Whether a new task is started from a definition that the step registers. */
  readonly registers: boolean;
}

/** The subject, and the checks that were made to find it. */
export interface FoundSubject {
  /** Undefined when one of the checks says why there is nothing more to look at. */
  readonly subject: Subject | undefined;
  readonly checks: readonly Check[];
}

/** Takes a check that is made while the subject is looked for. */
type Note = (check: Check) => void;

type Context = Pick<StepContext, "inputs" | "aws" | "readFile" | "log">;

/** Finds what the inputs name. */
export async function findSubject(context: Context): Promise<FoundSubject> {
  const checks: Check[] = [];
  const subject = await findByInputs(context, (row) => checks.push(row));
  return { subject, checks };
}

async function findByInputs(context: Context, note: Note): Promise<Subject | undefined> {
  const { where } = context.inputs;
  switch (where.kind) {
    case "handle":
      // The door `attach` has no `check`, so no check has a handle.
      return undefined;
    case "task":
      return await findByTask(where.task, context, note);
    case "service":
      return await findByService(where, context, note);
    case "new":
      return await describeNewTask(where, context, note);
  }
}

async function findByTask(given: string, context: Context, note: Note): Promise<Subject | undefined> {
  const { inputs, aws } = context;
  const { cluster, id } = parseTask(given, inputs.cluster, inputs.region);
  const task = await valueOrNote("task", note, async () => {
    const found = await aws.ecs.describeTask(cluster, id);
    if (found === undefined) throw taskNotFound(given, cluster, "ecs:DescribeTasks says MISSING.");
    return found;
  });
  return task && (await describeRunning(task, context, note));
}

async function findByService(
  where: Extract<TaskSelection, { kind: "service" }>,
  context: Context,
  note: Note,
): Promise<Subject | undefined> {
  const { inputs, aws } = context;
  const { cluster, id: service } = parseService(where.service, inputs.cluster, inputs.region);
  const look = await lookAt(aws.ecs.describeService(cluster, service));
  const known = "value" in look ? look.value : undefined;
  note(serviceCheck(service, cluster, look));
  if ("failure" in look && look.failure.code === "service-not-found") return undefined;
  const wanted = typeof where.tasks === "number" ? where.tasks : 1;
  const tasks = await valueOrNote("running tasks", note, async () => {
    const found = await describeServiceTasks({ cluster, service }, aws.ecs);
    const chosen = chooseTasks(found, inputs.container, where.tasks);
    if (chosen !== undefined) return chosen;
    const event = known?.events[0];
    const seen = `It has ${found.length}.${event === undefined ? "" : ` Last event: ${event}`}`;
    throw noRunningTask(service, cluster, seen, wanted);
  });
  const [task] = tasks ?? [];
  return task && (await describeRunning(task, context, note));
}

function serviceCheck(service: string, cluster: string, look: Look<Service>): Check {
  if ("failure" in look) return unansweredCheck("service", look.failure);
  const { desiredCount, runningCount, enableExecuteCommand } = look.value;
  return check(
    "service",
    enableExecuteCommand,
    `desired ${desiredCount}, running ${runningCount}, enableExecuteCommand is ${enableExecuteCommand}`,
    `Run 'aws ecs update-service --cluster ${lastPart(cluster)} --service ${service} --enable-execute-command --force-new-deployment': tasks that start from then on have it.`,
  );
}

async function describeRunning(task: Task, context: Context, note: Note): Promise<Subject | undefined> {
  const { inputs, aws } = context;
  const owner = `task '${lastPart(task.arn)}'`;
  if (await isRefused("operating system", note, () => refuseWindows(task.platformFamily, owner)))
    return undefined;
  const look = await lookAt(aws.ecs.describeTaskDefinition(task.taskDefinitionArn));
  if ("failure" in look) note(unreadDefinition(look.failure));
  const definition = "value" in look ? look.value : undefined;
  const names = task.containers.map(({ name }) => ({ name, essential: undefined }));
  const container = await valueOrNote("container", note, () =>
    chooseContainer(
      inputs.container,
      inputs.container === undefined ? (definition?.containers ?? names) : names,
      owner,
    ),
  );
  if (container === undefined) return undefined;
  return { task, definition, container, start: undefined, registers: false };
}

/** The check of a running task's definition that can't be read. A run does without it. */
function unreadDefinition(failure: Failure): Check {
  const name = "task definition";
  return isUnreadableDefinition(failure)
    ? skippedCheck(name, `not known: ${failure.failed}`)
    : unansweredCheck(name, failure);
}

async function describeNewTask(where: NewTasks, context: Context, note: Note): Promise<Subject | undefined> {
  const { inputs, aws } = context;
  const { cluster, id } =
    where.service === undefined
      ? { cluster: inputs.cluster, id: undefined }
      : parseService(where.service, inputs.cluster, inputs.region);
  const service =
    id === undefined
      ? undefined
      : await valueOrNote("service", note, async () =>
          completeExpress(await aws.ecs.describeService(cluster, id), where.start.assignPublicIp, {
            ecs: aws.ecs,
            log: context.log,
          }),
        );
  if (id !== undefined && service === undefined) return undefined;
  const start = await valueOrNote("network", note, () => {
    const wanted = borrow(where.start, service, where.of);
    requireNetwork(wanted, where.of, id);
    return wanted;
  });
  const found = await valueOrNote("task definition", note, () => definitionOf(where, service, context));
  if (start === undefined || found === undefined) return undefined;
  note(passedCheck("task definition", `it is ${found.name}`));
  const { definition, name } = found;
  if (await isRefused("operating system", note, () => refuseWindows(definition.operatingSystem, name)))
    return undefined;
  const container = await valueOrNote("container", note, () =>
    chooseContainer(inputs.container, definition.containers, name),
  );
  if (container === undefined) return undefined;
  if (await isRefused("hold", note, () => start.hold && refuseAwaited(definition, container, name)))
    return undefined;
  const isMade = where.of.kind === "image";
  const isHeld = start.hold && !isMade && needsEntryPoint(definition, container);
  return {
    ...{ task: undefined, container, start },
    // The definition as it would be registered, with an init process among other things.
    definition: isHeld ? contentOf(makeHeldDefinition(definition, container)) : definition,
    registers: isHeld || isMade || where.of.kind === "image-in-definition" || found.isFile,
  };
}

/** The task definition from which a new task would be started. Registers nothing. */
async function definitionOf(
  { of, start }: Pick<NewTasks, "of" | "start">,
  service: Service | undefined,
  context: Context,
): Promise<{ readonly definition: DefinitionContent; readonly name: string; readonly isFile: boolean }> {
  const { inputs, aws, readFile } = context;
  if (of.kind === "image") {
    const definition = contentOf(makeImageDefinition(of, start, inputs.container));
    return { definition, name: `image '${of.image}'`, isFile: false };
  }
  if (of.kind === "image-in-definition") {
    const { definition: known, name, isFile } = await definitionOf({ of: of.of, start }, service, context);
    const container = chooseContainer(inputs.container, known.containers, name);
    const { family, ...definition } = replaceImage(known, of.image, container);
    return {
      definition: { ...contentOf(definition), family },
      name: `${name} with image '${of.image}'`,
      isFile,
    };
  }
  const reference = nameDefinition(of, service);
  if (of.kind === "task-definition" && isDefinitionFile(reference)) {
    const definition = contentOf(readDefinitionFile(reference, readFile));
    return { definition, name: `'${reference}'`, isFile: true };
  }
  const definition = await aws.ecs.describeTaskDefinition(reference);
  return { definition, name: `'${lastPart(definition.arn)}'`, isFile: false };
}

/** The answer of a look that all further checks need. Without an answer it notes a check, and returns undefined. */
async function valueOrNote<T>(name: string, note: Note, look: () => T | Promise<T>): Promise<T | undefined> {
  const found = await lookAt(Promise.resolve().then(look));
  if ("value" in found) return found.value;
  note(unansweredCheck(name, found.failure, { required: true }));
  return undefined;
}

/** True when `refuse` throws a failure. Notes that failure as a check. */
async function isRefused(name: string, note: Note, refuse: () => unknown): Promise<boolean> {
  const look = await lookAt(Promise.resolve().then(refuse));
  if ("failure" in look) note(unansweredCheck(name, look.failure));
  return "failure" in look;
}

/** Stands for all checks that could not be made because another one failed. */
export const THE_REST: Check = skippedCheck("all else", "not looked at until that is mended");
