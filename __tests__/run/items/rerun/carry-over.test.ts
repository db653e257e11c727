import type { Task } from "../../../../src/aws/task.ts";
import type { Items, NewTasks } from "../../../../src/inputs/inputs.ts";
import { judgedTasks } from "../../../../src/report/decisive.ts";
import type { CarriedItems } from "../../../../src/run/items/rerun/carried-items.ts";
import {
  carryOver,
  nothingToRun,
  tasksAtFirst,
  tasksFor,
} from "../../../../src/run/items/rerun/carry-over.ts";
import type { Program } from "../../../../src/run/items/rerun/earlier-runs.ts";
import type { StepContext } from "../../../../src/run/step-context.ts";
import type { TaskLooks } from "../../../../src/targets/tasks/task-looks.ts";
import { anItem } from "../../../report/example-items.ts";
import { Listener } from "../../../helpers/listener.ts";
import { anInputs, aTarget } from "../../../helpers/runs.ts";
import { startInputs } from "../../../helpers/start-inputs.ts";
import { SteppedClock } from "../../../helpers/stepped-clock.ts";
import { aTask } from "../../../helpers/tasks.ts";

const LIST = ["a", "b", "c", "d"];
const where = (tasks: number): NewTasks => ({
  ...{ kind: "new", of: { kind: "task-definition", taskDefinition: "web" }, service: undefined },
  ...{ tasks, start: startInputs() },
});
const list: Items = { source: { kind: "list", items: LIST }, batch: 1 };
const command: Items = { source: { kind: "command", command: "ls" }, batch: 1 };

/** Carried items of which so many are left, and the programs that they were begun in. */
function carriedItems(left: number, { hasEarlier = true, mayHaveEarlier = true } = {}) {
  const begun: (Program | undefined)[] = [];
  const carried = {
    ...{ hasEarlier, mayHaveEarlier, recall: () => Promise.resolve(), leftOf: () => left },
    programOf: ({ taskDefinitionArn, containers }: Task) =>
      containers[0]?.imageDigest === undefined
        ? undefined
        : { definition: taskDefinitionArn, image: containers[0].imageDigest },
    begin: (_: unknown, program: Program | undefined) => {
      begun.push(program);
      const succeeded = LIST.slice(left).map((__, at) => anItem("0", left + at));
      return Promise.resolve(new Map(program && succeeded.map((item) => [item.index, item])));
    },
  } as unknown as CarriedItems;
  return { carried, begun };
}

describe("the tasks that are started at first", () => {
  it.each([
    ["are those that the items need that are left", 2, { items: list, where: where(6) }, {}, 2],
    ["are one when a command lists the items", 2, { items: command, where: where(6) }, {}, 1],
    [
      "are those that all items need without an earlier run",
      2,
      { items: list, where: where(6) },
      { hasEarlier: false },
      4,
    ],
    [
      "are those that all items need when there can be no earlier run",
      2,
      { items: list, where: where(3) },
      { hasEarlier: false, mayHaveEarlier: false },
      3,
    ],
    [
      "are all when a command lists the items, and there can be no earlier run",
      2,
      { items: command, where: where(6) },
      { hasEarlier: false, mayHaveEarlier: false },
      undefined,
    ],
    [
      "are none of those that run",
      2,
      { items: list, where: { kind: "task", task: "x" } as const },
      {},
      undefined,
    ],
  ])("%s", async (_, left, inputs, more, tasks) => {
    expect(await tasksAtFirst(carriedItems(left, more).carried, { ...inputs, workers: 1 })).toBe(tasks);
  });

  it("are no more than there is something for when nothing is carried over", async () => {
    const inputs = { where: where(6), workers: 1 };
    expect(await tasksAtFirst(undefined, { ...inputs, items: list })).toBe(4);
    expect(await tasksAtFirst(undefined, { ...inputs, items: { ...list, batch: 2 }, workers: 2 })).toBe(1);
    expect(await tasksAtFirst(undefined, { ...inputs, items: command })).toBeUndefined();
    expect(await tasksAtFirst(undefined, { ...inputs, items: undefined })).toBeUndefined();
  });
});

it.each<[number, number | "auto", number | "auto", number, number]>([
  [3, 4, 1, 6, 1],
  [5, 4, 1, 6, 2],
  [100, 4, 1, 6, 6],
  [100, 4, 20, 6, 2],
  [3, "auto", 1, 6, 3],
  [3, 2, "auto", 6, 2],
  [0, 4, 1, 6, 1],
])(
  "%i items left, for %s workers and batches of %s, need of %i tasks %i",
  (left, workers, batch, tasks, needed) => {
    expect(tasksFor(left, tasks, { workers, items: { ...list, batch } })).toBe(needed);
  },
);

describe("what runs", () => {
  const digest = (imageDigest: string | undefined, more: Partial<Task> = {}): Task => {
    const task = aTask(more);
    return { ...task, containers: task.containers.map((container) => ({ ...container, imageDigest })) };
  };

  /** Decides in tasks that ECS describes so, one look after the other. */
  async function decide(
    left: number,
    looks: readonly (Task | undefined)[],
    {
      started = true,
      targets = 1,
      hasEarlier = true,
      mayHaveEarlier = true,
      items = list,
      isCancelled = false,
    } = {},
  ) {
    const log = new Listener();
    const { carried, begun } = carriedItems(left, { hasEarlier, mayHaveEarlier });
    const clock = new SteppedClock();
    let looked = 0;
    const describeTask = () => Promise.resolve(looks[Math.min(looked++, looks.length - 1)]);
    const cancel = isCancelled ? AbortSignal.abort() : new AbortController().signal;
    const step = { clock, log, cancel, inputs: anInputs({ items }) };
    const [first, ...others] = Array.from({ length: targets }, () => aTarget({ started }));
    if (first === undefined) throw new Error("no target");
    let isOver = false;
    const deciding = carryOver(
      LIST,
      { carried, targets: [first, ...others], looks: { describeTask } as unknown as TaskLooks, tasks: 6 },
      step as unknown as StepContext,
    )
      .catch((error: unknown) => {
        if (!isCancelled) throw error;
      })
      .finally(() => (isOver = true));
    await clock.runUntil(() => isOver);
    const decided = await deciding;
    return { tasks: decided?.tasks, carried: decided?.carried.size, begun, looked, lines: log.lines };
  }

  const pulled = digest("sha256:1");

  it("is what is left, in as many tasks as that needs, once the first task tells its image", async () => {
    const pulling = digest(undefined, { lastStatus: "PENDING" });
    const { tasks, carried, begun, looked } = await decide(2, [undefined, pulling, pulled]);
    expect([tasks, carried, looked]).toEqual([2, 2, 3]);
    expect(begun).toEqual([{ definition: pulled.taskDefinitionArn, image: "sha256:1" }]);
  });

  it("is nothing, in no task, when nothing is left", async () => {
    expect(await decide(0, [pulled])).toMatchObject({ tasks: 0, carried: 4 });
  });

  it("is all, in no more tasks than there is something for, which the log says", async () => {
    expect(await decide(4, [pulled], { hasEarlier: false })).toMatchObject({
      tasks: 4,
      lines: ["4 items to run: no more than 4 of 6 tasks are needed."],
    });
  });

  it("is all, in tasks that have been started already, once a command has listed it", async () => {
    const listed = { items: command, hasEarlier: false };
    expect(await decide(4, [pulled], { ...listed, mayHaveEarlier: false })).toMatchObject({
      tasks: 6,
      lines: [],
    });
    expect(await decide(4, [pulled], listed)).toMatchObject({ tasks: 4 });
  });

  it.each([
    ["runs without a digest", digest(undefined, { lastStatus: "RUNNING" })],
    ["is being stopped", digest(undefined, { lastStatus: "PENDING", desiredStatus: "STOPPED" })],
    ["is not seen until its start is overdue", undefined],
  ])("is all when the first task %s", async (_, task) => {
    expect(await decide(2, [task])).toMatchObject({ tasks: 4, carried: 0, begun: [undefined] });
  });

  it("is all when the running tasks of a service have different images", async () => {
    const other = digest("sha256:2");
    expect(await decide(2, [pulled, other], { started: false, targets: 2 })).toMatchObject({
      begun: [undefined],
    });
    expect(await decide(2, [pulled], { started: false, targets: 2 })).toMatchObject({ tasks: 2, carried: 2 });
  });

  it("leaves a task in which nothing ran for 'keep-task: job' alone, since nothing says since when it runs", () => {
    const looks = { lastLook: () => pulled, startedAt: () => 7 } as unknown as TaskLooks;
    const items = new Map([[0, anItem("0", 0)]]);
    const result = nothingToRun(items, aTarget({ started: true }), looks);
    expect(judgedTasks(result)).toMatchObject([
      { succeeded: true, result: { task: { described: pulled, startedAt: undefined } } },
    ]);
  });

  it("is undecided in a step that has been cancelled, which asks ECS nothing", async () => {
    expect(await decide(2, [pulled], { isCancelled: true })).toMatchObject({ looked: 0, begun: [] });
  });

  it("waits for no image without an earlier run", async () => {
    expect(await decide(2, [undefined], { hasEarlier: false })).toMatchObject({
      looked: 0,
      begun: [undefined],
    });
  });
});
