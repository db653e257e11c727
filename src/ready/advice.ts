import type { Container, Task } from "../aws/task.ts";
import { Failure } from "../errors.ts";
import type { TaskSelection } from "../inputs/inputs.ts";
import { lastPart } from "../targets/arn.ts";
import { enableExec, serviceOfTask } from "./checks/enable-exec.ts";
import { waysOutOf } from "./checks/public-address.ts";

/** What the exec agent needs of its task (AWS: "ECS Exec prerequisites"). */
const execNeeds = (task: Task): string =>
  "The exec agent needs a task role that allows ssmmessages:CreateControlChannel, ssmmessages:CreateDataChannel, " +
  "ssmmessages:OpenControlChannel and ssmmessages:OpenDataChannel; a route to ssmmessages " +
  `(${waysOutOf(task)}, or a VPC endpoint whose security group lets the task in on port 443); a root ` +
  "file system that is not read-only, or volumes at /managed-agents, /var/lib/amazon/ssm and /var/log/amazon/ssm; and no AWS_ACCESS_KEY_ID in the container's environment. " +
  "With 'pidMode: task' only one container of the task gets a working agent: name it by 'container', or leave 'pidMode' out.";

export function execNotEnabled(task: Task): Failure {
  const service = serviceOfTask(task);
  const instead =
    service === undefined
      ? "with the input 'task-definition', or 'service' and 'start: true'"
      : `add 'start: true' to 'service: ${service}'`;
  return new Failure("exec-not-enabled", {
    failed: `The task ${lastPart(task.arn)} was started without ECS Exec.`,
    seen: "Its enableExecuteCommand is false.",
    advice: `${enableExec(task)}. ECS Exec can't be turned on in a running task, and needs a task role. Or run the script in a new task, which has it: ${instead}.`,
  });
}

export function execAgentStopped(task: Task, { name, execAgent }: Container): Failure {
  return new Failure("exec-agent-stopped", {
    failed: `The ECS Exec agent in container '${name}' of task ${lastPart(task.arn)} has stopped.`,
    seen: `Its reason: ${execAgent?.reason ?? "none given"}.`,
    advice: `Use another task, or replace this one. ${execNeeds(task)}`,
  });
}

/** `seen` is what ExecuteCommand and DescribeTasks answered. */
export function execNotReady(container: string, task: Task, seconds: number, seen: string): Failure {
  return new Failure("exec-not-ready", {
    failed: `The container '${container}' of task ${lastPart(task.arn)} took no session within ${seconds} s.`,
    seen,
    advice: `${execNeeds(task)} If the agent is only slow, raise 'start-timeout'.`,
  });
}

/** What to do first, by whether the container has other sessions. */
const OTHERS_ADVICE = {
  seen: "Other sessions may hold the agent, which runs one or two at once and queues one more: end them and try again.",
  unseen:
    "Other sessions may hold the agent, which runs one or two at once and queues one more: allow ssm:DescribeSessions to see them, end " +
    "them and try again.",
  none: "The agent opens no session when the task role lacks ssmmessages:CreateDataChannel or ssmmessages:OpenDataChannel: allow both.",
} as const;

/** What explains a container that opened no session. */
interface BlockedContainer {
  readonly agent: string;
  readonly others: string;
  /** What is known of other sessions in the container. */
  readonly areOthers: keyof typeof OTHERS_ADVICE;
  /** How the task was selected. */
  readonly choice: TaskSelection["kind"];
}

/** `agent` is the status of the exec agent in ECS. `others` is a sentence about the container's other sessions. */
export function containerBlocked(
  container: string,
  taskArn: string,
  seconds: number,
  { agent, others, areOthers, choice }: BlockedContainer,
): Failure {
  return new Failure("container-blocked", {
    failed: `Container '${container}' of task ${taskArn} opened no session within ${seconds} s, so the script was not started.`,
    seen: `ExecuteCommand made the session, and ECS says that the exec agent is ${agent}. ${others}`,
    advice:
      `${OTHERS_ADVICE[areOthers]} If no session opens then, more sessions than it can queue have blocked the agent for good, ` +
      "although ECS reports it as RUNNING: stop the task ('aws ecs stop-task'), which a service replaces." +
      (choice === "task" ? " With 'service' instead of 'task' the next task is tried." : ""),
  });
}
