import { type TaskEnd, taskEnd } from "../aws/ecs-words.ts";
import type { Task } from "../aws/task.ts";
import { TaskStopped } from "../errors.ts";
import { lastPart } from "../targets/arn.ts";
import { isStartedByAction, waysOutOf } from "./checks/public-address.ts";

/**
 * The failure of a task that ended, or never began. It tells the stop code, the reason and the end of each container, and
 * has advice for the reasons that ECS documents ("Stopped tasks error messages").
 */
export function taskStopped(task: Task): TaskStopped {
  const began = task.startedAt !== undefined && task.stopCode !== "TaskFailedToStart";
  const id = lastPart(task.arn);
  const end = taskEnd(reasonsOf(task));
  const isThrottled = end === "throttled" && task.stopCode === "TaskFailedToStart";
  const ecs = {
    ...task,
    isForCapacity: isForCapacity(task, end),
    isThrottled,
    isForAddress: end === "no-address" && task.stopCode === "TaskFailedToStart",
    isByPlatform: isByPlatform(task, end),
  };
  const parts = {
    failed: began ? `The task ${id} stopped before the job had ended.` : `The task ${id} could not start.`,
    seen: whatWasSeen(task),
    advice: (end === undefined ? adviceByCode(task) : ADVICE[end]).replace(
      "ROUTE",
      `${waysOutOf(task)}, or VPC endpoints`,
    ),
  };
  if (!began && end === "no-shell") {
    return new TaskStopped("no-shell", { ...parts, failed: `${parts.failed} Its image has no shell.` }, ecs);
  }
  return new TaskStopped(began ? "task-stopped" : "task-not-started", parts, ecs);
}

/** True when Fargate Spot took the task back, or had no capacity for it. */
function isForCapacity({ stopCode }: Task, end: TaskEnd | undefined): boolean {
  if (stopCode === "TaskFailedToStart") return end === "no-capacity" || end === "spot";
  return stopCode === "SpotInterruption" || stopCode === "TerminationNotice";
}

/** Stop codes of a task that the platform did not end. */
const OWN_ENDS: ReadonlySet<string | undefined> = new Set(["EssentialContainerExited", "UserInitiated"]);
/** Failed starts of a task that the platform caused. */
const PLATFORM_ENDS: ReadonlySet<TaskEnd | undefined> = new Set([
  "platform",
  "network-interface",
  "no-address",
  "throttled",
  "no-capacity",
]);

/** True when the platform, or the service's scheduler, has ended the task. */
function isByPlatform({ stopCode }: Task, end: TaskEnd | undefined): boolean {
  if (stopCode === "TaskFailedToStart") return PLATFORM_ENDS.has(end);
  return !OWN_ENDS.has(stopCode);
}

function whatWasSeen(task: Task): string {
  const containers = task.containers.map(({ name, lastStatus, exitCode, reason }) => {
    const state =
      exitCode === undefined ? `is ${lastStatus}, without an exit code` : `exited with ${exitCode}`;
    return `container '${name}' ${state}${reason ? ` (${reason})` : ""}`;
  });
  const code = task.stopCode ?? "none yet";
  return `Task ${task.lastStatus}, stop code ${code}, reason: ${task.stoppedReason ?? "none"}; ${containers.join("; ")}.`;
}

function reasonsOf(task: Task): string {
  return [task.stoppedReason, ...task.containers.map(({ reason }) => reason)].join("\n");
}

/** The advice by the stop code alone, when the words of ECS hold no reason that is known. */
function adviceByCode(task: Task): string {
  switch (task.stopCode) {
    case "SpotInterruption":
    case "TerminationNotice":
      return SPOT;
    case "ServiceSchedulerInitiated":
      return "The service replaced or removed the task: a deployment, scaling in, or failed health checks. Run the job again, or in a task of its own with the input 'task-definition'.";
    case "UserInitiated":
      return "A caller of ecs:StopTask stopped the task; CloudTrail shows which one.";
    case "EssentialContainerExited":
      return essentialExited(task);
    case "TaskFailedToStart":
      return "Check the subnets and their way to the registry and to AWS: ROUTE (ecr.api, ecr.dkr, s3, logs); then the image, the execution role and AWS's page 'Stopped task error codes'.";
    default:
      return "See the container's own log and AWS's page 'Stopped task error codes'; the task's events are in the ECS console for an hour.";
  }
}

function essentialExited(task: Task): string {
  if (task.containers.some(({ exitCode }) => exitCode === 137)) return MEMORY;
  if (!isStartedByAction(task)) {
    return "An essential container ended, and the task with it. See that container's own log.";
  }
  return (
    "An essential container ended, and the task with it; see its own log. With 'hold: true' a command of fargate-exec keeps " +
    "the container alive. With 'hold: false' the image's own command must last as long as the job."
  );
}

const SPOT =
  "Fargate Spot took its capacity back, or the platform retired the task. Run the job again, on Fargate itself if it must not be cut.";
const MEMORY =
  "A container was killed, most likely because memory ran out: raise 'memory' (with 'cpu', in a pair that Fargate knows), for the task or the container.";

/** ROUTE stands for the ways out that the task can have. */
const ADVICE: Readonly<Record<TaskEnd, string>> = {
  "no-shell":
    "A script needs /bin/sh in the image, and so does the command by which 'hold' keeps the container alive. Use the variant of the image that has a shell, such as ':debug' of a distroless image.",
  architecture:
    "The image is not for the task's architecture: compare 'runtimePlatform.cpuArchitecture' of the task definition with the image's, or set 'architecture' with 'image' alone.",
  throttled:
    "AWS throttled a call that sets the task up: start fewer tasks at once, or run the job again later.",
  image:
    "Check the image's name and tag, the execution role's right to pull it (ECR: 'ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'; in another account also the repository's policy), for another private registry 'repositoryCredentials' of the container in a task definition, the registry's rate limit, and a route to the registry: ROUTE (ecr.api, ecr.dkr, s3).",
  secret:
    "Check that the secret exists, the execution role's right to read it ('secretsmanager:GetSecretValue', 'ssm:GetParameters', 'kms:Decrypt'), and a route to it: ROUTE (secretsmanager, ssm, ecr.api).",
  "log-driver":
    "Check that the log group of 'logConfiguration' exists, the execution role's rights 'logs:CreateLogStream' and 'logs:PutLogEvents', and a route to CloudWatch Logs: ROUTE (logs).",
  volume:
    "Check the task definition's volumes: the file system, its mount targets in the task's subnets, port 2049 in the security groups, and the task role.",
  "container-start":
    "Check the container's entry point and command (does the binary exist in the image?), its 'user' and 'workingDirectory', and the image's architecture.",
  "set-up": "Fargate could not set the task up: check the execution role and the route to AWS: ROUTE.",
  platform: "The platform failed, not the task: run the job again.",
  memory: MEMORY,
  spot: SPOT,
  "network-interface":
    "Fargate could not attach the network interface: check that the subnets have free addresses and the account its quota of interfaces, and run the job again.",
  "no-such-network":
    "Check 'subnets', 'security-groups' and 'region': all of them have to be of one VPC in the cluster's region.",
  "no-address":
    "The subnet has no free address: name others in 'subnets', or run the job again when tasks there have ended.",
  health:
    "A health check failed: see the container's log, and give it a longer 'startPeriod' if it was only slow.",
  "no-capacity": "Fargate had no capacity: try again later, or give 'subnets' in more availability zones.",
};
