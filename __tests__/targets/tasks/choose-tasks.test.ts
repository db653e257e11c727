import type { Task } from "../../../src/aws/task.ts";
import { rankTasks } from "../../../src/targets/tasks/choose-tasks.ts";
import { aContainer, aTask } from "../../helpers/tasks.ts";

describe("the service's task", () => {
  const agent = (status: string) => ({
    containers: [aContainer({ execAgent: { status, reason: undefined } })],
  });
  const old = aTask({ arn: "old", startedAt: 1 });
  const young = aTask({ arn: "young", startedAt: 2 });

  it.each<[string, Task[], string | undefined]>([
    ["the newest", [old, young], "young"],
    ["the newest healthy one", [old, { ...young, healthStatus: "UNHEALTHY" }], "old"],
    ["one whose health is known", [{ ...old, healthStatus: "HEALTHY" }, young], "old"],
    ["one whose exec agent runs", [old, { ...young, ...agent("PENDING") }], "old"],
    [
      "one whose exec agent is coming up over one whose has stopped",
      [
        { ...old, ...agent("PENDING") },
        { ...young, ...agent("STOPPED") },
      ],
      "old",
    ],
    [
      "an unhealthy one when no other agent runs",
      [
        { ...old, healthStatus: "UNHEALTHY" },
        { ...young, ...agent("PENDING") },
      ],
      "old",
    ],
    ["one with ECS Exec", [old, { ...young, enableExecuteCommand: false }], "old"],
    ["none that is being stopped", [old, { ...young, desiredStatus: "STOPPED" }], "old"],
    ["none that is draining", [old, { ...young, lastStatus: "DEACTIVATING" }], "old"],
    ["one that is coming up, when there is no other", [{ ...young, lastStatus: "PENDING" }], "young"],
    ["none when all are ending", [{ ...old, desiredStatus: "STOPPED" }], undefined],
    ["none when there are none", [], undefined],
    [
      "the same one of equals",
      [
        { ...old, arn: "b" },
        { ...old, arn: "a" },
      ],
      "a",
    ],
  ])("is %s", (_, tasks, expected) => {
    expect(rankTasks(tasks, undefined)[0]?.arn).toBe(expected);
    expect(rankTasks(tasks.toReversed(), undefined)[0]?.arn).toBe(expected);
  });

  it("goes by the agent of the container that was named", () => {
    const stopped = aContainer({ name: "log", execAgent: { status: "STOPPED", reason: undefined } });
    const running = aContainer({ name: "log" });
    const tasks = [
      { ...old, containers: [aContainer(), running] },
      { ...young, containers: [aContainer(), stopped] },
    ];
    expect(rankTasks(tasks, "log")[0]?.arn).toBe("old");
    expect(rankTasks(tasks, "app")[0]?.arn).toBe("young");
  });
});
