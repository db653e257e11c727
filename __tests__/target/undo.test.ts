import { undo } from "../../src/target/undo.ts";
import type { TaskDefinition } from "../../src/aws/definition.ts";
import { aDefinition, TASK } from "../helpers/tasks.ts";

const done: unknown[] = [];
let found: string[];
let newest: Partial<TaskDefinition>;
beforeEach(() => {
  done.length = 0;
  found = ["found"];
  newest = {};
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
  describeTaskDefinition: (family: string) => Promise.resolve({ ...aDefinition(), arn: family, ...newest }),
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

describe("a task definition of which the ARN was never learnt", () => {
  const being = { kind: "registration", family: "web", run: "me" } as const;

  it("is the newest of its family, if this run has registered that", async () => {
    newest = { registeredBy: "me" };
    expect(await undo(being, ecs, "cancelled")).toBe(true);
    expect(done).toEqual([["web"]]);
  });

  it.each([undefined, "another"])(
    "is not there as long as the newest is another's: %s",
    async (registeredBy) => {
      newest = { registeredBy };
      expect(await undo(being, ecs, "cancelled")).toBe(false);
      expect(done).toEqual([]);
    },
  );

  it("is deregistered once", async () => {
    newest = { registeredBy: "me", active: false };
    expect(await undo(being, ecs, "cancelled")).toBe(true);
    expect(done).toEqual([]);
  });
});
