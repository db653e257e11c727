import { lookTogether, seenAlready } from "../../src/aws/looks.ts";
import { aTask } from "../helpers/tasks.ts";

let now: number;
let asked: (readonly string[])[];
beforeEach(() => {
  now = 0;
  asked = [];
});
const ecs = {
  describeTasks: (_: string, arns: readonly string[]) => {
    asked.push([...arns]);
    return Promise.resolve(arns.filter((arn) => arn !== "gone").map((arn) => aTask({ arn })));
  },
};
const looking = (...arns: string[]) => lookTogether(ecs, arns, () => now);

it("asks once for all that look at the same time, each of which gets its own", async () => {
  const { describeTask } = looking("a", "b", "c");
  const tasks = await Promise.all(["a", "b", "c"].map((arn) => describeTask("ci", arn)));
  expect(tasks.map((task) => task?.arn)).toEqual(["a", "b", "c"]);
  expect(asked).toEqual([["a", "b", "c"]]);
});

it("asks again after two seconds, whoever looks", async () => {
  const { describeTask } = looking("a", "b");
  for (const [at, arn] of [
    [0, "a"],
    [1_999, "b"],
    [2_000, "b"],
    [3_000, "a"],
  ] as const) {
    now = at;
    await describeTask("ci", arn);
  }
  expect(asked).toHaveLength(2);
});

it("looks at a task that is new to it at once, and from then on at that too", async () => {
  const { describeTask } = looking("a");
  await describeTask("ci", "a");
  expect((await describeTask("ci", "b"))?.arn).toBe("b");
  expect(asked).toEqual([["a"], ["a", "b"]]);
});

it("tells a task that ECS does not know as undefined", async () => {
  expect(await looking("a", "gone").describeTask("ci", "gone")).toBeUndefined();
});

it("fails for all that wait, and asks anew the next time", async () => {
  let fails = true;
  const describeTasks = (...arns: [string, readonly string[]]) =>
    fails ? Promise.reject(new Error("no")) : ecs.describeTasks(...arns);
  const { describeTask } = lookTogether({ describeTasks }, ["a", "b"], () => now);
  const both = await Promise.allSettled([describeTask("ci", "a"), describeTask("ci", "b")]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect((await describeTask("ci", "a"))?.arn).toBe("a");
});

describe("a task of which ECS has just told", () => {
  const calls: string[] = [];
  const direct = {
    describeTask: (_: string, arn: string) => {
      calls.push(arn);
      return Promise.resolve(aTask({ arn, lastStatus: "STOPPED" }));
    },
  };

  it("is not looked at for the first look, and is for every other", async () => {
    const { describeTask } = seenAlready(direct, [aTask({ arn: "a", lastStatus: "RUNNING" })]);
    const statuses = [];
    for (const arn of ["b", "a", "a"]) statuses.push((await describeTask("ci", arn))?.lastStatus);
    expect(statuses).toEqual(["STOPPED", "RUNNING", "STOPPED"]);
    expect(calls).toEqual(["b", "a"]);
  });
});
