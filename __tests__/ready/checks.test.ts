import type { TaskDefinition } from "../../src/aws/definition.ts";
import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import { execChecks, withChecks } from "../../src/ready/checks.ts";
import { aDefinition, aTask } from "../helpers/tasks.ts";

function states(task: Task, definition: TaskDefinition | undefined): Record<string, string> {
  return Object.fromEntries(execChecks(task, definition, "app").map(({ what, state }) => [what, state]));
}

it("finds all in order where it is", () => {
  expect(new Set(Object.values(states(aTask(), aDefinition())))).toEqual(new Set(["OK"]));
});

it.each<[string, Task, TaskDefinition]>([
  ["task role", aTask(), { ...aDefinition(), taskRoleArn: undefined }],
  ["platform version", aTask({ platformVersion: "1.3.0" }), aDefinition()],
  ["root file system", aTask(), aDefinition([{ readonlyRootFilesystem: true }])],
  ["static credentials", aTask(), aDefinition([{ environmentNames: ["A", "AWS_SECRET_ACCESS_KEY"] }])],
  ["pidMode", aTask(), { ...aDefinition([{}, { name: "log" }]), pidMode: "task" }],
  ["init process", aTask(), aDefinition([{ initProcessEnabled: false }])],
])("finds fault with the %s alone", (what, task, definition) => {
  const found = states(task, definition);
  expect(Object.keys(found).filter((name) => found[name] === "NG")).toEqual([what]);
});

it("goes by the task role that the task was started with", () => {
  const task = aTask({ taskRoleArn: "arn:aws:iam::123456789012:role/other" });
  expect(states(task, { ...aDefinition(), taskRoleArn: undefined })["task role"]).toBe("OK");
});

it("takes any platform of Windows, which has had ECS Exec from its first", () => {
  const task = aTask({ platformVersion: "1.0.0", platformFamily: "WINDOWS_SERVER_2022_CORE" });
  expect(states(task, aDefinition())["platform version"]).toBe("OK");
});

describe("added to a failure", () => {
  const parts = { failed: "f.", seen: "s.", advice: "a." };
  const denied = () => Promise.reject(new Failure("access-denied", parts));

  it("they say what they could not look at", async () => {
    const ecs = { describeTaskDefinition: denied };
    const failure = await withChecks(new Failure("exec-not-ready", parts), aTask(), "app", ecs);
    expect(failure.seen).toBe(
      "s. Checks: platform version OK; task role, root file system, static credentials, pidMode, init process SKIP.",
    );
  });

  it("they leave one that is not about the agent as it is", async () => {
    const failure = new Failure("task-stopped", parts);
    expect(await withChecks(failure, aTask(), "app", { describeTaskDefinition: denied })).toBe(failure);
  });
});
