import fc from "fast-check";
import { advisePull, makeTimeline, timelineSection } from "../../src/report/timeline.ts";
import { aTask } from "../helpers/tasks.ts";

const STEP = { from: 100_000, to: 160_000 };
const TASK = aTask({
  ...{ createdAt: 101_000, connectivityAt: 110_000, pullStartedAt: 111_500 },
  ...{ pullStoppedAt: 141_000, startedAt: 142_000 },
});
const JOB = { beganAt: 101_100, readyAt: 145_000, seatedAt: 145_000, attachedAt: 147_000, endedAt: 158_000 };
const named = (...args: Parameters<typeof makeTimeline>) =>
  makeTimeline(...args).map(({ name, from, to }) => [name, to - from]);

it("the timeline has each phase of a task that was started, and adds up to the step's time", () => {
  expect(named(STEP, JOB, TASK, true)).toEqual([
    ["Inputs and RunTask", 1_000],
    ["Network interface", 9_000],
    ["Preparation by ECS", 1_500],
    ["Image pull", 29_500],
    ["Container start", 1_000],
    ["Exec agent", 3_000],
    ["Session and delivery", 2_000],
    ["Script", 11_000],
    ["Cleanup and report", 2_000],
  ]);
});

it("the timeline has nothing of the start of a task that was running", () => {
  expect(named(STEP, { ...JOB, readyAt: 101_600, seatedAt: 130_000 }, TASK, false)).toEqual([
    ["Inputs and choice of the task", 1_100],
    ["Exec agent", 500],
    ["Seat in the container", 28_400],
    ["Session and delivery", 17_000],
    ["Script", 11_000],
    ["Cleanup and report", 2_000],
  ]);
});

it("the timeline of a job that was run again has its earlier attempts, up to the task of the last one", () => {
  expect(named(STEP, JOB, TASK, true, true).slice(0, 2)).toEqual([
    ["Earlier attempts", 1_000],
    ["Network interface", 9_000],
  ]);
  const job = { ...JOB, beganAt: 120_000 };
  expect(named(STEP, job, TASK, false, true).slice(0, 2)).toEqual([
    ["Earlier attempts", 20_000],
    ["Exec agent", 25_000],
  ]);
});

it("the timeline of a step that failed before its script ended has a phase until the failure", () => {
  const task = aTask({ createdAt: 101_000, startedAt: undefined });
  expect(named(STEP, undefined, task, true)).toEqual([
    ["Inputs and RunTask", 1_000],
    ["Until the failure", 59_000],
  ]);
  expect(named(STEP, undefined, undefined, false)).toEqual([["Until the failure", 60_000]]);
});

it("the timeline has no gap and adds up, whatever ECS's clock says", () => {
  const time = fc.option(fc.integer({ min: 0, max: 300_000 }), { nil: undefined });
  const keys = ["createdAt", "connectivityAt", "pullStartedAt", "pullStoppedAt", "startedAt"] as const;
  fc.assert(
    fc.property(fc.array(time, { minLength: 9, maxLength: 9 }), fc.boolean(), (times, started) => {
      const task = aTask(Object.fromEntries(keys.map((key, i) => [key, times[i]])));
      const [readyAt, seatedAt, attachedAt, endedAt] = times.slice(5);
      const spans = makeTimeline(STEP, { beganAt: 1, readyAt, seatedAt, attachedAt, endedAt }, task, started);
      expect(spans[0]?.from).toBe(STEP.from);
      expect(spans.at(-1)?.to).toBe(STEP.to);
      spans.forEach(({ from, to }, i) => {
        expect(to).toBeGreaterThan(from);
        expect(from).toBe(i === 0 ? STEP.from : spans[i - 1]?.to);
      });
    }),
  );
});

it("the section of a timeline is a chart and a table", () => {
  const lines = timelineSection(makeTimeline(STEP, JOB, TASK, true), "Time of the step", undefined);
  expect(lines.slice(0, 8)).toEqual([
    "<details><summary>Time of the step: 60.0 s</summary>",
    "",
    "```mermaid",
    "gantt",
    "  title Time of the step",
    "  dateFormat x",
    "  axisFormat %H:%M:%S",
    "  Inputs and RunTask : 100000, 101000",
  ]);
  expect(lines.slice(-5)).toEqual([
    "| Cleanup and report | 2.0 |",
    "| **All** | **60.0** |",
    "",
    "</details>",
    "",
  ]);
  expect(timelineSection([], "x", undefined)).toEqual([]);
});

it.each([
  ["is more than half of the start", TASK, 1],
  ["is less of the start", { ...TASK, pullStoppedAt: 120_000 }, 0],
  ["is not known", { ...TASK, pullStoppedAt: undefined }, 0],
  ["is short", { ...TASK, createdAt: 139_500, pullStartedAt: 139_600 }, 0],
] as const)(
  "advises on the image only when its pull is long, and most of the start: it %s",
  (_, task, count) => {
    expect(
      advisePull(task, undefined).filter((line) => line.startsWith("The pull of the image took")),
    ).toHaveLength(count);
  },
);

const pulled = (bytes: number, { isMost = false, isOnly = true } = {}) => ({ bytes, isMost, isOnly });

it.each([
  [pulled(1_239_700_000), "1240 MB"],
  [pulled(4_321_000), "4.3 MB"],
  [pulled(126_000_000, { isMost: true }), "at most 126 MB"],
  [pulled(126_000_000, { isOnly: false }), "126 MB for the job's container"],
])(
  "the section of a timeline has the size of the image beside its pull, in the chart and in the table: %j",
  (image, size) => {
    const lines = timelineSection(makeTimeline(STEP, JOB, TASK, true), "x", image);
    expect(lines).toContain(`  Image pull (${size}) : 111500, 141000`);
    expect(lines).toContain(`| Image pull (${size}) | 29.5 |`);
  },
);

it("the advice has the rate of a long pull, unless there are images that are not counted", () => {
  const took = "The pull of the image took 29.5 s of the 41.0 s until the container had started";
  const advice = (image: ReturnType<typeof pulled>) => advisePull(TASK, image)[0];
  expect(advice(pulled(1_239_000_000))).toContain(`${took}: 1239 MB, 42 MB a second. It is`);
  expect(advice(pulled(59_000_000, { isMost: true }))).toContain(
    `${took}: at most 59 MB, at most 2.0 MB a second. It is`,
  );
  expect(advice(pulled(1, { isOnly: false }))).toContain(`${took}. It is`);
});
