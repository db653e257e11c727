import type { Task } from "../../src/aws/task.ts";
import { taskStopped } from "../../src/ready/stopped.ts";
import { aContainer, aTask, ID } from "../helpers/tasks.ts";

const stopped = { lastStatus: "STOPPED", desiredStatus: "STOPPED" };
const failed = { ...stopped, startedAt: undefined, stopCode: "TaskFailedToStart" };
const ended = {
  ...stopped,
  stopCode: "EssentialContainerExited",
  stoppedReason: "Essential container in task exited",
};
const exited = (exitCode: number, reason?: string) => [
  aContainer({ lastStatus: "STOPPED", exitCode, reason }),
];

it("names the stop code, the reason, and what became of each container", () => {
  const containers = [
    ...exited(137, "OutOfMemoryError: Container killed due to memory usage"),
    aContainer({ name: "log" }),
  ];
  expect(taskStopped(aTask({ ...ended, containers }))).toMatchObject({
    code: "task-stopped",
    failed: `The task ${ID} stopped before the job had ended.`,
    seen:
      "Task STOPPED, stop code EssentialContainerExited, reason: Essential container in task exited; container 'app' " +
      "exited with 137 (OutOfMemoryError: Container killed due to memory usage); container 'log' is RUNNING, without an exit code.",
  });
});

it("says of a task that never ran that it could not start", () => {
  expect(taskStopped(aTask(failed))).toMatchObject({
    code: "task-not-started",
    failed: `The task ${ID} could not start.`,
  });
});

it.each<[string, Partial<Task>, string]>([
  ["The subnet ID 'subnet-1' does not exist", failed, "Check 'subnets', 'security-groups' and 'region'"],
  [
    "Error retrieving security group information for [sg-1]: InvalidGroup.NotFound",
    failed,
    "Check 'subnets', 'security-groups' and 'region'",
  ],
  [
    "a reason that no page has",
    failed,
    "Check the subnets and their way to the registry and to AWS: a NAT gateway",
  ],
  ["CannotPullContainerError: dial tcp: i/o timeout", failed, "a route to the registry: a NAT gateway"],
  ["CannotPullContainerError: pull image manifest has been retried 5 times", failed, "execution role"],
  [
    "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'",
    failed,
    "cpuArchitecture",
  ],
  [
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed",
    failed,
    "secretsmanager:GetSecretValue",
  ],
  [
    "ResourceInitializationError: failed to validate logger args: signal: killed",
    failed,
    "logs:CreateLogStream",
  ],
  ["ResourceInitializationError: failed to initialize logging driver", failed, "logs:CreateLogStream"],
  [
    "ResourceInitializationError: failed to invoke EFS utils commands to set up EFS volumes",
    failed,
    "mount targets",
  ],
  ['CannotStartContainerError: exec: "srv": executable file not found in $PATH', failed, "entry point"],
  ["CannotCreateVolumeError: mount.nfs4 failed", failed, "mount targets"],
  ["ContainerRuntimeTimeoutError: Could not transition to running", failed, "run the job again"],
  ["Timeout waiting for network interface provisioning to complete.", failed, "free addresses"],
  ["RESOURCE:ENI", failed, "no free address"],
  ["Your Spot Task was interrupted.", { ...stopped, stopCode: "SpotInterruption" }, "Fargate Spot"],
  [
    "Scaling activity initiated by (deployment ecs-svc/1)",
    { ...stopped, stopCode: "ServiceSchedulerInitiated" },
    "a deployment",
  ],
  [
    "Task failed container health checks",
    { ...stopped, stopCode: "ServiceSchedulerInitiated" },
    "startPeriod",
  ],
  ["Task stopped by user", { ...stopped, stopCode: "UserInitiated" }, "CloudTrail"],
  ["something new", { ...stopped, stopCode: "InfrastructureHealth" }, "Stopped task error codes"],
  ["Essential container in task exited", { ...ended, containers: exited(137) }, "raise 'memory'"],
  ["Essential container in task exited", { ...ended, containers: exited(1) }, "See that container's own log"],
  [
    "Essential container in task exited",
    { ...ended, containers: exited(1), startedBy: "fargate-exec/a" },
    "'hold: false'",
  ],
])("advises on '%s'", (stoppedReason, more, advice) => {
  expect(taskStopped(aTask({ ...more, stoppedReason })).advice).toContain(advice);
});

it("takes the advice from a container's reason when the task's own reason says little", () => {
  const containers = [aContainer({ lastStatus: "STOPPED", reason: "CannotPullContainerError: not found" })];
  expect(
    taskStopped(aTask({ ...failed, stoppedReason: "Task failed to start", containers })).advice,
  ).toContain("image's name");
});

it.each<[string, Partial<Task>, RegExp]>([
  [
    "that the action has started",
    { startedBy: "fargate-exec/a" },
    /: a NAT gateway, 'assign-public-ip: true' in/,
  ],
  ["on instances", { startedBy: "fargate-exec/a", launchType: "EC2" }, /: a NAT gateway, or VPC endpoints/],
  ["of a service", { group: "service:web" }, /: a NAT gateway, a public address .* 'aws ecs update-service/],
])("the advice for a task %s names the ways to the internet that it can have", (_, more, ways) => {
  const stoppedReason = "CannotPullContainerError: not found";
  const { advice } = taskStopped(aTask({ ...failed, stoppedReason, ...more }));
  expect(advice).toMatch(ways);
  expect(advice.includes("assign-public-ip")).toBe(ways.source.includes("assign-public-ip"));
});
