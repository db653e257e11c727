import { undo } from "../../src/target/undo.ts";
import { TASK } from "../helpers/tasks.ts";

const done: unknown[] = [];
let found: string[];
beforeEach(() => {
  done.length = 0;
  found = ["found"];
});
const ecs = {
  listTasks: (...asked: unknown[]) => {
    done.push(asked);
    return Promise.resolve(found);
  },
  stopTask: (...asked: unknown[]) => {
    done.push(asked);
    return Promise.resolve();
  },
  deregisterTaskDefinition: (...asked: unknown[]) => {
    done.push(asked);
    return Promise.resolve();
  },
};

it("stops a task that is known", async () => {
  await undo({ kind: "task", cluster: "ci", startedBy: "me", taskArn: TASK }, ecs, "cancelled");
  expect(done).toEqual([["ci", TASK, "cancelled"]]);
});

it("finds a task whose ARN was never learnt", async () => {
  await undo({ kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined }, ecs, "cancelled");
  expect(done).toEqual([
    ["ci", { startedBy: "me" }],
    ["ci", "found", "cancelled"],
  ]);
});

it("is not sure of a task that was being started and is not found", async () => {
  const being = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined } as const;
  expect(await undo(being, ecs, "cancelled")).toBe(true);
  found = [];
  expect(await undo(being, ecs, "cancelled")).toBe(false);
});

it("deregisters a task definition", async () => {
  await undo({ kind: "task-definition", arn: "arn:x" }, ecs, "cancelled");
  expect(done).toEqual([["arn:x"]]);
});
