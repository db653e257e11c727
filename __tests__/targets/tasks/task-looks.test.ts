import { TaskLooks } from "../../../src/targets/tasks/task-looks.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";
import { aDefinition, aTask } from "../../helpers/tasks.ts";

let clock: SleeplessClock;
let asked: (readonly string[])[];
let definitions: string[];
beforeEach(() => {
  clock = new SleeplessClock();
  asked = [];
  definitions = [];
});
const ecs = {
  describeTask: (_: string, arn: string) => {
    asked.push([arn]);
    return Promise.resolve(aTask({ arn, lastStatus: "STOPPED" }));
  },
  describeTasks: (_: string, arns: readonly string[]) => {
    asked.push([...arns]);
    return Promise.resolve(arns.filter((arn) => arn !== "gone").map((arn) => aTask({ arn })));
  },
  describeTaskDefinition: (name: string) => {
    definitions.push(name);
    return Promise.resolve(aDefinition());
  },
};
const makeLooks = (...tasks: string[]) => new TaskLooks({ ecs, tasks, described: [], clock });

it("the looks ask once for all that look at the same time, each of which gets its own", async () => {
  const { describeTask } = makeLooks("a", "b", "c");
  const tasks = await Promise.all(["a", "b", "c"].map((arn) => describeTask("ci", arn)));
  expect(tasks.map((task) => task?.arn)).toEqual(["a", "b", "c"]);
  expect(asked).toEqual([["a", "b", "c"]]);
});

it("the looks ask again after two seconds, for any of the tasks", async () => {
  const { describeTask } = makeLooks("a", "b");
  for (const [passed, arn] of [
    [0, "a"],
    [1_999, "b"],
    [1, "b"],
    [1_000, "a"],
  ] as const) {
    clock.advance(passed);
    await describeTask("ci", arn);
  }
  expect(asked).toHaveLength(2);
});

it("the looks ask at once for a task that is new, and from then on for that, too", async () => {
  const { describeTask } = makeLooks("a", "b");
  await describeTask("ci", "a");
  expect((await describeTask("ci", "c"))?.arn).toBe("c");
  expect(asked).toEqual([
    ["a", "b"],
    ["a", "b", "c"],
  ]);
});

it("the looks ask for a hundred in one call, and for those of other hundreds when they are looked at", async () => {
  const names = Array.from({ length: 250 }, (_, at) => `t${at}`);
  const { describeTask } = makeLooks(...names);
  await Promise.all([0, 99, 100, 150, 249].map((at) => describeTask("ci", names[at] ?? "")));
  expect(asked).toEqual([names.slice(0, 100), names.slice(100, 200), names.slice(200)]);
  await describeTask("ci", "later");
  expect(asked.at(-1)).toEqual([...names.slice(200), "later"]);
});

it("the looks ask each time when there is one task alone", async () => {
  const { describeTask } = makeLooks("a");
  await describeTask("ci", "a");
  await describeTask("ci", "a");
  expect(asked).toEqual([["a"], ["a"]]);
});

it("the looks give undefined for a task that ECS does not know", async () => {
  expect(await makeLooks("a", "gone").describeTask("ci", "gone")).toBeUndefined();
});

it("the looks fail for all that wait, and ask anew the next time", async () => {
  let fails = true;
  const describeTasks = (...arns: [string, readonly string[]]) =>
    fails ? Promise.reject(new Error("no")) : ecs.describeTasks(...arns);
  const { describeTask } = new TaskLooks({
    ecs: { ...ecs, describeTasks },
    tasks: ["a", "b"],
    described: [],
    clock,
  });
  const both = await Promise.allSettled([describeTask("ci", "a"), describeTask("ci", "b")]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect((await describeTask("ci", "a"))?.arn).toBe("a");
});

it("the looks cost no call for the first look at a task that ECS has just described", async () => {
  const described = [aTask({ arn: "a", lastStatus: "RUNNING" })];
  const { describeTask } = new TaskLooks({ ecs, tasks: ["a"], described, clock });
  const statuses = [];
  for (let i = 0; i < 2; i += 1) statuses.push((await describeTask("ci", "a"))?.lastStatus);
  expect(statuses).toEqual(["RUNNING", "STOPPED"]);
  expect(asked).toEqual([["a"]]);
});

it("the looks cost no call for tasks that come later, and one for all of them after that", async () => {
  const looks = new TaskLooks({ ecs, tasks: ["a"], described: [], clock, more: true });
  await looks.describeTask("ci", "a");
  for (const arn of ["b", "c"]) looks.add(aTask({ arn, lastStatus: "PROVISIONING" }));
  const look = async (): Promise<unknown> =>
    (await Promise.all(["b", "c"].map((arn) => looks.describeTask("ci", arn)))).map(
      (task) => task?.lastStatus,
    );
  expect(await look()).toEqual(["PROVISIONING", "PROVISIONING"]);
  expect(asked).toEqual([["a"]]);
  expect(await look()).toEqual(["RUNNING", "RUNNING"]);
  expect(asked).toEqual([["a"], ["a", "b", "c"]]);
});

it("the looks ask for a task that was described long before the first look at it", async () => {
  const described = [aTask({ arn: "a", lastStatus: "RUNNING" })];
  const { describeTask } = new TaskLooks({ ecs, tasks: ["a"], described, clock });
  clock.advance(10_000);
  expect((await describeTask("ci", "a"))?.lastStatus).toBe("STOPPED");
});

it("the looks ask for each task definition once", async () => {
  const { describeTaskDefinition } = makeLooks("a");
  for (const name of ["web:1", "web:2", "web:1"]) await describeTaskDefinition(name);
  expect(definitions).toEqual(["web:1", "web:2"]);
});

it("the looks remember the address in the VPC, also of a task that has lost it", async () => {
  let privateIp: string | undefined = "10.0.0.7";
  const describeTask = (_: string, arn: string) => Promise.resolve(aTask({ arn, privateIp }));
  const looks = new TaskLooks({ ecs: { ...ecs, describeTask }, tasks: ["a"], described: [], clock });
  expect(looks.privateIp("a")).toBeUndefined();
  await looks.describeTask("ci", "a");
  privateIp = undefined;
  await looks.describeTask("ci", "a");
  expect(looks.privateIp("a")).toBe("10.0.0.7");
});
