import type { TaskDefinition } from "../aws/definition.ts";
import type { Task } from "../aws/task.ts";

/** One thing that ECS Exec needs; `SKIP` where what we may read does not tell. */
export interface Check {
  readonly what: string;
  readonly state: "OK" | "NG" | "SKIP";
  /** What was seen. */
  readonly words: string;
  /** What to do where it is not good. */
  readonly fix: string;
}

export interface CheckFacts {
  readonly task: Task;
  readonly container: string;
  /** Undefined where it may not be read. */
  readonly definition: TaskDefinition | undefined;
}

/** What amazon-ecs-exec-checker looks at, as far as the task and its definition answer it. */
export function execChecks({ task, container, definition }: CheckFacts): readonly Check[] {
  const own = definition?.containers.find(({ name }) => name === container);
  const agent = task.containers.find(({ name }) => name === container)?.execAgent;
  const lacking =
    own === undefined ? [] : AGENT_PLACES.filter((place) => !own.writableMounts.includes(place));
  const role = task.taskRoleArn ?? definition?.taskRoleArn;
  const named = (pattern: RegExp): readonly string[] | undefined =>
    own?.environmentNames.filter((name) => pattern.test(name));
  const keys = named(/^AWS_(ACCESS_KEY(_ID)?|SECRET_ACCESS_KEY)$/);
  const proxies = named(/^HTTPS?_PROXY$/i);
  const spared = named(/^NO_PROXY$/i);
  return [
    check(
      "ECS Exec",
      true,
      task.enableExecuteCommand,
      `enableExecuteCommand is ${task.enableExecuteCommand}`,
      ENABLE,
    ),
    check(
      "task",
      true,
      task.lastStatus === "RUNNING",
      `it is ${task.lastStatus}`,
      "Wait for it, or take another.",
    ),
    check(
      "exec agent",
      agent,
      agent?.status === "RUNNING",
      `it is ${agent?.status ?? "not reported"}${agent?.reason ? `: ${agent.reason}` : ""}`,
      "Replace the task; what keeps the agent from running is among these checks, if we can see it.",
    ),
    check(
      "platform version",
      task.platformVersion,
      isNewEnough(task),
      task.platformVersion ?? "",
      "Start the task with platform version 1.4.0 or newer ('platform-version').",
    ),
    check(
      "task role",
      role ?? definition,
      role !== undefined,
      role ?? "there is none, and the agent acts by it",
      "Set 'taskRoleArn' in the task definition, or 'task-role', to a role with the four ssmmessages actions.",
    ),
    check(
      "root file system",
      own,
      own?.readonlyRootFilesystem === false || lacking.length === 0,
      own?.readonlyRootFilesystem
        ? `it is read-only, and ${lacking.length === 0 ? "the agent has volumes to write to" : `the agent writes to ${lacking.join(", ")}`}`
        : "it can be written to",
      READ_ONLY_FIX,
    ),
    check(
      "static credentials",
      keys,
      keys?.length === 0,
      keys?.length
        ? `the environment sets ${keys.join(", ")}, which the agent takes in place of the task role's`
        : "the environment sets none",
      "Take them out of the container's definition and give the task role their rights.",
    ),
    check(
      "proxy",
      proxies,
      proxies?.length === 0 || spared?.length !== 0,
      proxies?.length ? `the environment sets ${proxies.join(", ")}` : "the environment sets none",
      "Set NO_PROXY to 169.254.169.254,169.254.170.2 as well, or the agent gets no credentials.",
    ),
    check(
      "pidMode",
      definition,
      definition?.pidMode !== "task" || definition.containers.length === 1,
      definition?.pidMode === "task"
        ? "it is 'task', where only one container gets an agent that works"
        : "each container has its own processes",
      "Leave 'pidMode' out of the task definition, or use the container that got the agent.",
    ),
    check(
      "init process",
      own,
      own?.initProcessEnabled === true,
      own?.initProcessEnabled ? "there is one" : "there is none, so that the agent's dead children stay",
      "Set 'linuxParameters.initProcessEnabled' to true in the container's definition.",
    ),
  ];
}

/** What the exec agent writes to. */
const AGENT_PLACES = ["/managed-agents", "/var/lib/amazon/ssm", "/var/log/amazon/ssm"];
export const READ_ONLY_FIX =
  "Set 'readonlyRootFilesystem' to false in the container's definition, or give it three empty volumes ('volumes' of the " +
  `task definition, 'mountPoints' of the container) at ${AGENT_PLACES.join(", ")}, and one at /tmp for the script.`;

const ENABLE =
  "Start the task with enableExecuteCommand, which can't be turned on later: 'aws ecs update-service --enable-execute-command --force-new-deployment'.";

export function check(what: string, known: unknown, good: boolean, words: string, fix: string): Check {
  if (known === undefined) return { what, state: "SKIP", words: "not known: it may not be read", fix };
  return { what, state: good ? "OK" : "NG", words, fix };
}

/** Fargate on Linux has ECS Exec from 1.4.0, on Windows from 1.0.0, which is its first. */
function isNewEnough({ platformVersion = "", platformFamily = "" }: Task): boolean {
  const [major = 0, minor = 0] = platformVersion.split(".").map(Number);
  return /windows/i.test(platformFamily) || major > 1 || minor >= 4 || !/^\d/.test(platformVersion);
}
