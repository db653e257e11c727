import { failureBesideItems } from "../../src/report/beside-items.ts";
import { withLostLockIn, withoutVerdict } from "../../src/report/decisive.ts";
import {
  failedAfter,
  failedResult,
  fencedResult,
  type SeveralResults,
  type TaskResult,
  withMissingArtifacts,
} from "../../src/report/result.ts";
import { someItems } from "./example-items.ts";
import { aFailedResult, aFailure, aResult, someFacts } from "./example-results.ts";

const DONE = aResult("exited", "0", "0");
const FAILED = aResult("exited", "1", "0");
const LOST = aFailedResult(aFailure("task-stopped"));
const NEVER = failedResult(aFailure("task-not-started"));
const GONE = failedAfter(LOST, aFailure("artifacts-missing"));
const CANCELLED = failedResult(aFailure("cancelled"), someFacts(), true);
const report = { path: "/a", taskPath: "/a", directory: "a", count: 0, bytes: 0, problems: ["none"] };
const lacking = (result: TaskResult): TaskResult => ({
  ...result,
  task: someFacts({ artifacts: report }),
});

const several = (tasks: readonly TaskResult[], ...ends: readonly string[]): SeveralResults => ({
  kind: "several",
  tasks,
  items: someItems(...ends),
});

it.each<[string, SeveralResults, string | undefined]>([
  ["all succeeded", several([DONE], "0", "0"), undefined],
  ["all succeeded, and a task was lost", several([LOST, DONE], "0"), undefined],
  ["all succeeded, but every task was lost", several([LOST, LOST], "0"), "task-stopped"],
  [
    "all succeeded, but artifacts are missing",
    several([DONE, withMissingArtifacts(lacking(DONE))], "0"),
    "artifacts-missing",
  ],
  ["all succeeded, but artifacts are lost with a task", several([GONE, DONE], "0", "0"), "artifacts-missing"],
  ["one failed, and artifacts are lost with a task", several([GONE, FAILED], "0", "1"), "artifacts-missing"],
  ["one failed, and its task lacks artifacts", several([lacking(FAILED)], "0", "1"), "artifacts-missing"],
  [
    "all succeeded, but the deployment was not told",
    withoutVerdict(several([DONE], "0"), aFailure("hook-expired")) as SeveralResults,
    "hook-expired",
  ],
  ["a task was fenced off", several([DONE, fencedResult(someFacts())], "0", "-"), "lock-lost"],
  [
    "the lock was lost",
    withLostLockIn(several([CANCELLED], "0", "143c"), aFailure("lock-lost")) as SeveralResults,
    "lock-lost",
  ],
  ["one failed", several([FAILED], "0", "1"), undefined],
  ["one has an unknown end, by a lost task", several([NEVER, LOST], "0", "?"), undefined],
  ["one did not begin, by a task that never started", several([NEVER], "0", "-"), undefined],
  ["a cancel stopped all", several([CANCELLED], "143c", "-"), undefined],
  [
    "a cancel stopped one, and artifacts did not come",
    several([lacking(aResult("cancelled", "0!"))], "143c"),
    undefined,
  ],
  [
    "a cancel came when all had succeeded, and no artifacts",
    several([CANCELLED], "0", "0"),
    "artifacts-missing",
  ],
  [
    "a cancel cut the artifacts of one that had succeeded",
    several([lacking(aResult("cancelled", "0!"))], "0", "143c"),
    "artifacts-missing",
  ],
  [
    "a cancel came when the artifacts of all that had succeeded were there",
    several([{ ...CANCELLED, task: someFacts({ artifacts: { ...report, problems: [] } }) }], "0", "-"),
    undefined,
  ],
])("what failed a step besides its items when %s", (_, result, code) => {
  expect(failureBesideItems(result, true)).toBe(code);
});

it("artifacts that need not come fail nothing", () => {
  expect(failureBesideItems(several([CANCELLED], "0", "0"), false)).toBeUndefined();
  expect(failureBesideItems(several([lacking(FAILED)], "0", "1"), false)).toBeUndefined();
});

it("a step without items has no failure besides them", () => {
  expect(failureBesideItems(LOST, true)).toBeUndefined();
  expect(failureBesideItems({ kind: "several", tasks: [LOST] }, true)).toBeUndefined();
});
