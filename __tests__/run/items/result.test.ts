import { Failure, type FailureCode } from "../../../src/errors.ts";
import { failedAfter, failedResult, type TaskResult } from "../../../src/report/result.ts";
import type { ItemDirectories } from "../../../src/run/items/item-directories.ts";
import { resultOfItems, whatIsGone } from "../../../src/run/items/result.ts";
import type { ItemsOfStep } from "../../../src/run/items/step-items.ts";
import type { StepContext } from "../../../src/run/step-context.ts";
import { Listener } from "../../helpers/listener.ts";
import { someItems } from "../../report/example-items.ts";
import { aResult } from "../../report/example-results.ts";
import { anInputs } from "../../helpers/runs.ts";

const ARTIFACTS = {
  ...{
    globs: [{ pattern: "a", isExclusion: false }],
    maxCount: 1,
    maxBytes: 1,
    directory: "/w",
    within: ["/w"],
  },
  missing: "error",
} as const;
const failure = new Failure("session-lost", { failed: "", seen: "", advice: "" });
const LOST = failedResult(failure, undefined, true);
const LACKING = failedAfter(aResult("exited", "0"), failure);

it.each([
  [
    "the artifacts of items that had ended in a task that was lost are told, with a warning",
    LOST,
    3,
    ARTIFACTS,
    1,
  ],
  ["nothing is told of a task in which no item had ended", LOST, 0, ARTIFACTS, 0],
  ["nothing is told without artifacts", LOST, 3, undefined, 0],
  ["nothing is told of a job that has ended and lacks artifacts", LACKING, 3, ARTIFACTS, 0],
])("%s", (_, result, ended, artifacts, count) => {
  const log = new Listener();
  const inputs = anInputs({ artifacts });
  const gone = whatIsGone({ ended }, { inputs, log }, result);
  expect(gone).toHaveLength(count);
  expect(log.lines).toEqual(gone.map((sentence) => `warning: ${sentence}`));
  if (count > 0) expect(gone[0]).toContain("The artifacts of 3 items that had ended in task unknown");
});

const failedAs = (code: FailureCode): TaskResult =>
  failedResult(new Failure(code, { failed: "", seen: "", advice: "" }), undefined, true);
const RETRIED = {
  ...aResult("exited", "0"),
  earlier: [{ taskId: "1", outcome: "unknown", end: "no-status", reason: "unknown" }],
} as const;

it.each<[string, TaskResult, boolean, "cancelled" | "timed-out"]>([
  ["out of time", aResult("timed-out", "143!"), false, "timed-out"],
  ["out of time, and has failed before", aResult("timed-out", "1", "143!"), false, "timed-out"],
  ["stopped by another reader", aResult("cancelled", "143!"), false, "cancelled"],
  ["stopped by another reader, and has failed before", aResult("cancelled", "1", "143!"), false, "cancelled"],
  ["out of time in a step that is cancelled", aResult("timed-out", "143!"), true, "cancelled"],
  ["without the end of a worker, since nobody has stopped it", failedAs("no-status"), false, "timed-out"],
  ["out of its credentials", failedAs("no-credentials"), false, "cancelled"],
  ["run again after it had lost a worker, since nobody has stopped it", RETRIED, false, "timed-out"],
])("items are stopped by the end of a job that is %s", async (_, task, isCancelled, why) => {
  const closed: string[] = [];
  const items: Partial<ItemsOfStep> = {
    directories: {
      end: () => Promise.resolve(),
      of: () => undefined,
    } as Partial<ItemDirectories> as ItemDirectories,
    close: (as) => closed.push(as),
    end: () => ({ items: [], workers: [1] }),
  };
  const cancel = isCancelled ? AbortSignal.abort(failure) : new AbortController().signal;
  const step = { cancel, inputs: anInputs({}), log: new Listener() };
  await resultOfItems([task], items as ItemsOfStep, step as Partial<StepContext> as StepContext);
  expect(closed).toEqual([why]);
});

it.each([
  ["an item that has not succeeded fails nothing", ["0", "124t"], [1], "succeeded"],
  ["an item that has succeeded fails its task", ["0", "124t"], [0], "failed"],
  ["a batch of which an item has succeeded fails its task", ["0", "124t"], [0, 1], "failed"],
])("a directory that must come and is missing of %s", async (_, ends, indices, outcome) => {
  const items: Partial<ItemsOfStep> = {
    directories: {
      end: () => Promise.resolve(),
      missing: (isCounted) => (indices.some(isCounted) ? [["It did not come."]] : []),
      of: () => undefined,
    } as Partial<ItemDirectories> as ItemDirectories,
    close: () => undefined,
    end: () => someItems(...ends),
  };
  const inputs = anInputs({ itemFiles: { ...ARTIFACTS } });
  const step = { cancel: new AbortController().signal, inputs, log: new Listener() };
  const result = await resultOfItems(
    [aResult("exited", "0")],
    items as ItemsOfStep,
    step as Partial<StepContext> as StepContext,
  );
  expect(result).toMatchObject({ tasks: [{ outcome }] });
});
