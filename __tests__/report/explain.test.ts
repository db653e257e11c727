import { Failure } from "../../src/errors.ts";
import { explain } from "../../src/report/explain.ts";
import { aFailedResult, aResult } from "./results.ts";

it("says nothing of a success", () => {
  expect(explain(aResult("exited", "0", "0"))).toBeUndefined();
});

it("says of a failure all its three parts, under its code", () => {
  const failure = new Failure("task-stopped", {
    failed: "It failed.",
    seen: "This was seen.",
    advice: "Do that.",
  });
  expect(explain(aFailedResult(failure))).toEqual({
    title: "fargate-exec: task-stopped",
    message: "It failed.\nThis was seen.\nDo that.",
  });
});

it.each([
  ["1", "Exit code 1."],
  ["126", "Exit code 126: a command was found but could not be executed."],
  ["127", "Exit code 127: a command was not found in the image."],
  ["128", "Exit code 128."],
  ["130", "Exit code 130: ended by signal 2."],
  ["137", "Exit code 137: killed by SIGKILL, often for want of memory; see 'memory' of the task."],
  ["143", "Exit code 143: ended by signal 15."],
  ["159", "Exit code 159: ended by signal 31."],
  ["160", "Exit code 160."],
  ["255", "Exit code 255."],
])("says what exit code %s usually means", (code, meaning) => {
  expect(explain(aResult("exited", code))).toEqual({
    title: "fargate-exec: failed",
    message: `The script failed. ${meaning}`,
  });
});

it.each<[string, Parameters<typeof aResult>, string, string]>([
  [
    "a timeout",
    ["timed-out", "143!"],
    "timed-out",
    "The script did not end within 'timeout' and was stopped. Exit code 124.",
  ],
  ["a cancel", ["cancelled", "143!"], "cancelled", "The script was cancelled. Exit code 130."],
  [
    "several workers",
    ["exited", "0", "7", "0", "3"],
    "failed",
    "2 of 4 workers failed ([1] 7, [3] 3). Exit code 7.",
  ],
])("says which and how: %s", (_, job, outcome, message) => {
  expect(explain(aResult(...job))).toEqual({ title: `fargate-exec: ${outcome}`, message });
});
