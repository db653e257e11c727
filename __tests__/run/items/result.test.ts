import { Failure } from "../../../src/errors.ts";
import { failedAfter, failedResult } from "../../../src/report/result.ts";
import { whatIsGone } from "../../../src/run/items/result.ts";
import { Listener } from "../../helpers/listener.ts";
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
