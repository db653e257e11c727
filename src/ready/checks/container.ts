import type { ContainerDefinition } from "../../aws/task-definition.ts";
import type { Task } from "../../aws/task.ts";
import { check, type Check, checkKnown, noCause, skippedCheck } from "./check.ts";
import { isOnFargate } from "../../targets/start/capacity.ts";
import { enableExec } from "./enable-exec.ts";
import { checkEnvironment } from "./environment.ts";
import { type CheckFacts, taskRoleOf } from "./facts.ts";

/** The checks of amazon-ecs-exec-checker that need only the task and its definition. */
export function checkContainer(facts: CheckFacts): readonly Check[] {
  const { task, container, definition } = facts;
  const own = definition?.containers.find(({ name }) => name === container);
  return [
    ...(task === undefined ? [] : taskChecks(task, container)),
    platformVersion(facts),
    taskRole(facts),
    rootFileSystem(own),
    ...checkEnvironment(facts),
    pidMode(facts),
    noCause(initProcess(own)),
  ];
}

const TASK_FIX = "Wait for it, or take another.";
/** AWS: "Monitor Amazon ECS containers with ECS Exec", considerations. */
const INSTANCE_AGENT =
  "not looked at: on an instance ECS Exec needs version 1.50.2 or newer of the container agent";
const PLATFORM_FIX =
  "Start the task with platform version 1.4.0 or newer: no 'platformVersion' in 'overrides', and none of the service's.";

/** The container in the task definition; undefined when the caller may not read that. */
type OwnContainer = ContainerDefinition | undefined;

function taskChecks(task: Task, container: string): readonly Check[] {
  const isRunning = task.lastStatus === "RUNNING";
  return [
    execEnabled(task),
    noCause(check("task", isRunning, `it is ${task.lastStatus}`, TASK_FIX)),
    noCause(execAgent(task, container)),
  ];
}

function execEnabled(task: Task): Check {
  return check(
    "ECS Exec",
    task.enableExecuteCommand,
    `enableExecuteCommand is ${task.enableExecuteCommand}`,
    `${enableExec(task)}. It can't be turned on in a task that runs.`,
  );
}

function execAgent(task: Task, container: string): Check {
  const agent = task.containers.find(({ name }) => name === container)?.execAgent;
  if (agent === undefined && !task.enableExecuteCommand)
    return skippedCheck("exec agent", "there is none without ECS Exec");
  return check(
    "exec agent",
    agent?.status === "RUNNING",
    agent === undefined
      ? "ECS reports none in this container"
      : `it is ${agent.status}${agent.reason ? `: ${agent.reason}` : ""}`,
    "Replace the task. Another one of these checks names the cause, if it can be seen.",
  );
}

/** Only Fargate has platform versions. */
function platformVersion({ task, start }: CheckFacts): Check {
  const isElsewhere =
    task === undefined
      ? start !== undefined && !isOnFargate(start)
      : task.launchType !== undefined && task.launchType !== "FARGATE";
  if (isElsewhere) return skippedCheck("platform version", INSTANCE_AGENT);
  // A new task gets the newest version when its inputs name none.
  const version = task === undefined ? newVersion(start) : task.platformVersion;
  if (version === undefined) return skippedCheck("platform version", "not known: it may not be read");
  return check("platform version", isNewEnough(version, task?.platformFamily), version, PLATFORM_FIX);
}

function newVersion(start: CheckFacts["start"]): string {
  const overriding = start?.overrides["platformVersion"];
  return typeof overriding === "string" ? overriding : (start?.platformVersion ?? "LATEST");
}

function taskRole(facts: CheckFacts): Check {
  const { definition } = facts;
  const role = taskRoleOf(facts);
  return checkKnown(
    "task role",
    role ?? definition,
    role !== undefined,
    role ?? "there is none, and the exec agent needs one",
    "Set 'taskRoleArn' in the task definition, or 'task-role', to a role with the four ssmmessages actions.",
  );
}

/** The directories that the exec agent writes to. */
const AGENT_PATHS = ["/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"];

function rootFileSystem(own: OwnContainer): Check {
  const lacking = own === undefined ? [] : AGENT_PATHS.filter((path) => !own.writableMounts.includes(path));
  const writesTo =
    lacking.length === 0 ? "the agent has volumes to write to" : `the agent writes to ${lacking.join(", ")}`;
  return checkKnown(
    "root file system",
    own,
    own?.readonlyRootFilesystem === false || lacking.length === 0,
    own?.readonlyRootFilesystem ? `it is read-only, and ${writesTo}` : "it can be written to",
    "Set 'readonlyRootFilesystem' to false in the container's definition, or give it three empty volumes ('volumes' of the " +
      `task definition, 'mountPoints' of the container) at ${AGENT_PATHS.join(", ")}, and one at /tmp for the script.`,
  );
}

function pidMode({ definition }: CheckFacts): Check {
  return checkKnown(
    "pidMode",
    definition,
    definition?.pidMode !== "task" || definition.containers.length === 1,
    definition?.pidMode === "task"
      ? "it is 'task', where only one container gets an agent that works"
      : "each container has its own processes",
    "Leave 'pidMode' out of the task definition, or use the container that got the agent.",
  );
}

function initProcess(own: OwnContainer): Check {
  return checkKnown(
    "init process",
    own,
    own?.initProcessEnabled === true,
    own?.initProcessEnabled
      ? "there is one"
      : "there is none, so ended processes of the agent stay as zombies",
    "Set 'linuxParameters.initProcessEnabled' to true in the container's definition.",
  );
}

/** Fargate has ECS Exec from platform version 1.4.0 on Linux, and in every version on Windows. */
function isNewEnough(version: string, platformFamily: string | undefined): boolean {
  if (!/^\d/.test(version)) return true;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isWindows = platformFamily !== undefined && /windows/i.test(platformFamily);
  return isWindows || major > 1 || minor >= 4;
}
