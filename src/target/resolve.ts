import type { TaskDefinition } from "../aws/definition.ts";
import type { Ecs } from "../aws/ecs.ts";
import type { Task } from "../aws/task.ts";
import { Failure, noRunningTask, taskNotFound } from "../errors.ts";
import type { Inputs, Where } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { clusterName, lastPart, parseService, parseTask } from "./arn.ts";
import { chooseContainer, chooseTask, isInjected } from "./choose.ts";
import { isDefinitionFile, readDefinitionFile } from "./definition-file.ts";
import { requireNetwork, runTaskRequest, startTask, type Origin } from "./start.ts";
import type { Target } from "./target.ts";
import type { Undo } from "./undo.ts";

export interface ResolveContext {
  readonly inputs: Pick<Inputs, "cluster" | "where" | "container" | "region" | "timeout">;
  readonly ecs: Pick<
    Ecs,
    | "describeTask"
    | "describeTasks"
    | "listTasks"
    | "describeService"
    | "describeTaskDefinition"
    | "registerTaskDefinition"
    | "runTask"
  >;
  readonly log: Log;
  readonly origin: Origin;
  /** The directory that a task definition's path is relative to. */
  readonly workspace: string;
  /**
   * Told all that would have to be undone now, each time that changes: before a task is started, again when its
   * ARN is known, and as soon as a task definition is registered. The caller saves it for the post step.
   */
  readonly onUndo: (undo: readonly Undo[]) => void;
}

/** Inputs → the task and container to run in, started if need be. Whether they are ready is the next phase's. */
export async function resolveTarget(context: ResolveContext): Promise<Target> {
  const { where } = context.inputs;
  switch (where.kind) {
    case "task":
      return await namedTask(where.task, context);
    case "service":
      return await taskOfService(where.service, context);
    case "task-definition":
      return await newTask(where, context);
  }
}

async function namedTask(given: string, context: ResolveContext): Promise<Target> {
  const { inputs, ecs } = context;
  const { cluster, id } = parseTask(given, inputs.cluster, inputs.region);
  const task = await ecs.describeTask(cluster, id);
  if (task === undefined) throw taskNotFound(given, cluster, "ecs:DescribeTasks says MISSING.");
  return await targetOf(task, context);
}

async function taskOfService(given: string, context: ResolveContext): Promise<Target> {
  const { inputs, ecs, log } = context;
  const { cluster, id: name } = parseService(given, inputs.cluster, inputs.region);
  const arns = await ecs.listTasks(cluster, { service: name });
  const task = chooseTask(await ecs.describeTasks(cluster, arns), inputs.container);
  if (task === undefined) {
    const { desiredCount, runningCount, pendingCount, events } = await ecs.describeService(cluster, name);
    const counts = `Desired ${desiredCount}, running ${runningCount}, pending ${pendingCount}.`;
    throw noRunningTask(
      name,
      cluster,
      events[0] === undefined ? counts : `${counts} Last event: ${events[0]}`,
    );
  }
  log.info(
    `Service '${name}' has ${arns.length} ${arns.length === 1 ? "task" : "tasks"}; taking ${lastPart(task.arn)}.`,
  );
  return await targetOf(task, context);
}

async function newTask(
  { taskDefinition, start }: Extract<Where, { kind: "task-definition" }>,
  context: ResolveContext,
): Promise<Target> {
  const { inputs, ecs, log, origin, onUndo } = context;
  requireNetwork(start, taskDefinition);
  const undo: Undo[] = [];
  const definition = isDefinitionFile(taskDefinition)
    ? await register(taskDefinition, context, undo)
    : await ecs.describeTaskDefinition(taskDefinition);
  const container = chooseContainer(
    inputs.container,
    definition.containers,
    `task definition '${definition.family}'`,
  );
  const request = runTaskRequest(start, {
    cluster: inputs.cluster,
    definition,
    container,
    timeout: inputs.timeout,
    origin,
  });
  const begun = { kind: "task", cluster: request.cluster, startedBy: request.startedBy } as const;
  onUndo([...undo, { ...begun, taskArn: undefined }]);
  try {
    const task = await startTask(request, start.tags, { ecs, log });
    onUndo([...undo, { ...begun, taskArn: task.arn }]);
    log.info(`Started task ${lastPart(task.arn)} of ${lastPart(definition.arn)}.`);
    return target(task, container, true);
  } catch (error) {
    // AWS said no, so there is no task; when it said nothing there may be one.
    if (error instanceof Failure && error.code !== "aws-unreachable") onUndo(undo);
    throw error;
  }
}

async function register(path: string, context: ResolveContext, undo: Undo[]): Promise<TaskDefinition> {
  const { ecs, log, workspace, onUndo } = context;
  const definition = await ecs.registerTaskDefinition(await readDefinitionFile(path, workspace));
  undo.push({ kind: "task-definition", arn: definition.arn });
  onUndo([...undo]);
  log.info(`Registered ${lastPart(definition.arn)} from '${path}'.`);
  return definition;
}

async function targetOf(task: Task, context: ResolveContext): Promise<Target> {
  const named = context.inputs.container;
  const owner = `task '${lastPart(task.arn)}'`;
  const plain = task.containers.map(({ name }) => ({ name, essential: undefined }));
  if (named !== undefined || plain.filter(({ name }) => !isInjected(name)).length === 1) {
    return target(task, chooseContainer(named, plain, owner), false);
  }
  // Only the task definition tells which container is essential, and the order that its author gave them.
  const known = await context.ecs.describeTaskDefinition(task.taskDefinitionArn).catch((error: unknown) => {
    if (error instanceof Failure && error.code === "access-denied") return error;
    throw error;
  });
  const container =
    known instanceof Failure
      ? chooseContainer(named, plain, owner, `Which of them is essential is not known. ${known.failed}`)
      : chooseContainer(named, known.containers, owner);
  return target(task, container, false);
}

function target(task: Task, container: string, started: boolean): Target {
  return {
    clusterArn: task.clusterArn,
    clusterName: clusterName(task.clusterArn),
    taskArn: task.arn,
    taskId: lastPart(task.arn),
    container,
    started,
    cpuUnits: task.cpu,
    privateIp: task.privateIp,
  };
}
