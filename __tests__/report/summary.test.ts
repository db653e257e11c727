import { Failure } from "../../src/errors.ts";
import { failedResult, nothingKnown, type Result } from "../../src/report/result.ts";
import { summary } from "../../src/report/summary.ts";
import { expectGolden } from "../helpers/golden.ts";
import { aFailedResult, aResult } from "./results.ts";

const failure = new Failure("no-status", {
  failed: "Session 's-1' ended before the job's status was known.",
  seen: "It said: <b>no</b> *more* `words` | #1 [link](https://example.com)",
  advice: "Look at the container.",
});

it.each<[string, Result]>([
  ["succeeded", aResult("exited", "0")],
  ["failed", aResult("exited", "127")],
  ["workers", aResult("timed-out", "0", "7", "143!")],
  ["unknown", aFailedResult(failure)],
  ["not-started", failedResult(failure, nothingKnown())],
  [
    "logged-in-s3",
    {
      ...aResult("exited", "0"),
      log: { name: "s3://example-logs/exec/s-1.log", group: "", stream: "", url: "" },
    },
  ],
])("the summary is what was reviewed: %s", (name, result) => {
  expectGolden(`summary-${name}.md`, summary(result));
});

it("shows nothing of the job's output", () => {
  expect(summary(aResult("exited", "1"))).not.toContain("schema version");
});

it("takes no one's words for Markdown or HTML", () => {
  const text = summary(aFailedResult(failure));
  expect(text).not.toMatch(/<b>|[^\\]\*more|[^\\]\[link/);
});
