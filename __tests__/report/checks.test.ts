import { explain } from "../../src/report/explain.ts";
import { makeOutputs } from "../../src/report/outputs.ts";
import { checkResult } from "../../src/report/result.ts";
import { aStep, NO_TIME } from "./example-results.ts";
import { makeSummary } from "../../src/report/summary.ts";

const ok = { name: "cluster", verdict: "OK", seen: "'ci' is ACTIVE" } as const;
const skip = { name: "log group", verdict: "SKIP", seen: "not known" } as const;
const wrong = { name: "task role", verdict: "NG", seen: "there is | none", fix: "Set 'task-role'." } as const;

it("a check is a success with exit code 0 when nothing is NG", () => {
  const result = checkResult([ok, skip]);
  expect(explain(result, aStep)).toBeUndefined();
  expect(makeOutputs(result)).toMatchObject({
    ...{
      outcome: "succeeded",
      "exit-code": "0",
      results: "[]",
      stdout: "",
      "task-arn": "",
      "task-arns": "[]",
    },
  });
});

it("a check is a failure with exit code 1 when something is NG, and its one annotation has every fix", () => {
  const result = checkResult([ok, wrong, skip, { ...wrong, name: "pidMode", fix: "Leave it out." }]);
  expect(makeOutputs(result)).toMatchObject({ outcome: "failed", "exit-code": "1" });
  const { parts, ...explanation } = explain(result, aStep) ?? { parts: [] };
  expect(parts.flatMap(({ text, isAdvice }) => (isAdvice ? [text.trim()] : []))).toEqual([
    "Set 'task-role'.",
    "Leave it out.",
  ]);
  expect(explanation).toEqual({
    title: "fargate-exec: check-failed",
    message:
      "2 of 4 checks are NG. No script was run.\ntask role: there is | none\nSet 'task-role'.\n" +
      "pidMode: there is | none\nLeave it out.",
    page: `${aStep.page}#check-failed`,
  });
});

it("counts a single fault in the singular", () => {
  expect(explain(checkResult([ok, wrong]), aStep)?.message).toMatch(/^1 of 2 checks is NG\. /);
});

it("the summary has a row for each check, with the fix of those that are NG", () => {
  const lines = makeSummary(checkResult([ok, wrong, skip]), aStep, NO_TIME).split("\n");
  expect(lines[0]).toBe("### ❌ fargate-exec: check failed");
  expect(lines.slice(4, 7)).toEqual([
    "| ✅ OK | cluster | `'ci' is ACTIVE` |  |",
    "| ❌ NG | task role | `there is \\| none` | `Set 'task-role'.` |",
    "| ⏭️ SKIP | log group | `not known` |  |",
  ]);
});
