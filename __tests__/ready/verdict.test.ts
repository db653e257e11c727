import type { Container, Task } from "../../src/aws/task.ts";
import { judgeTask } from "../../src/ready/verdict.ts";
import { aContainer, aTask } from "../helpers/tasks.ts";

function taskWith(container: Partial<Container>, task: Partial<Task> = {}): Task {
  return aTask({ containers: [aContainer(container)], ...task });
}
const agent = (status: string, reason?: string) => ({ execAgent: { status, reason } });
const coming = { lastStatus: "PENDING", execAgent: undefined };

it("is ready when the container and its exec agent run", () => {
  expect(judgeTask(aTask(), "app")).toEqual({ kind: "ready" });
});

it.each<[string, Task, string, boolean]>([
  ["the task is coming up", taskWith(coming, { lastStatus: "PROVISIONING" }), "task is PROVISIONING", false],
  [
    "the image is pulled",
    taskWith(coming, { lastStatus: "PENDING", pullStartedAt: 1 }),
    "pulling image example/app:1",
    false,
  ],
  [
    "the image has been pulled",
    taskWith(coming, { lastStatus: "PENDING", pullStartedAt: 1, pullStoppedAt: 2 }),
    "task is PENDING",
    false,
  ],
  ["the container is late", taskWith(coming), "container 'app' is PENDING", false],
  ["the agent is coming up", taskWith(agent("PENDING")), "waiting for the exec agent", true],
  ["ECS says nothing of the agent", taskWith({ execAgent: undefined }), "waiting for the exec agent", true],
])("waits while %s", (_, task, why, near) => {
  const isPulling = task.pullStartedAt !== undefined && task.pullStoppedAt === undefined;
  expect(judgeTask(task, "app")).toEqual({ kind: "wait", why, near, isPulling });
});

it.each<[string, Task, string, string]>([
  [
    "the task has stopped",
    aTask({ lastStatus: "STOPPED", desiredStatus: "STOPPED" }),
    "task-stopped",
    "STOPPED",
  ],
  [
    "the task is to be stopped",
    aTask({ desiredStatus: "STOPPED", stoppedReason: "bye" }),
    "task-stopped",
    "bye",
  ],
  ["the task is draining", aTask({ lastStatus: "DEACTIVATING" }), "task-stopped", "DEACTIVATING"],
  [
    "the task is without ECS Exec",
    aTask({ enableExecuteCommand: false }),
    "exec-not-enabled",
    "enableExecuteCommand is false",
  ],
  [
    "the container has stopped",
    taskWith({ lastStatus: "STOPPED", exitCode: 3 }),
    "container-stopped",
    "exit code is 3",
  ],
  ["the agent has stopped", taskWith(agent("STOPPED", "no space")), "exec-agent-stopped", "no space"],
  ["there is no such container", taskWith({ name: "web" }), "container-not-found", "'web'"],
])("gives up when %s", (_, task, code, seen) => {
  expect(judgeTask(task, "app")).toMatchObject({
    kind: "never",
    failure: { code, seen: expect.stringContaining(seen) as string },
  });
});

it("advises how to enable ECS Exec for a service's tasks", () => {
  const now = judgeTask(aTask({ enableExecuteCommand: false, group: "service:web" }), "app");
  expect(now).toMatchObject({
    failure: {
      advice: expect.stringContaining(
        "update-service --cluster ci --service web --enable-execute-command",
      ) as string,
    },
  });
});
