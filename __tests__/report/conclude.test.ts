import { Failure } from "../../src/errors.ts";
import { conclude } from "../../src/report/conclude.ts";
import type { Outcome } from "../../src/report/outcome.ts";
import type { JobEnd } from "../../src/carriers/job-end.ts";
import { aReport, aStatus, someFacts } from "./example-results.ts";

const gone = new Failure("task-stopped", { failed: "f", seen: "s", advice: "a" });

it.each<[string, JobEnd, boolean, Outcome, number | undefined, string | undefined]>([
  ["the job's own status", { kind: "status", status: aStatus("exited", "3") }, true, "failed", 3, undefined],
  [
    "a container that could not run the job",
    { kind: "status", status: { kind: "refused", code: "job", text: "no awk" } },
    true,
    "not-started",
    undefined,
    "container-refused",
  ],
  [
    "a job that is lost",
    { kind: "status", status: { kind: "lost", text: "no space left" } },
    true,
    "unknown",
    undefined,
    "no-status",
  ],
  ["the task's end", { kind: "impossible", failure: gone }, true, "unknown", undefined, "task-stopped"],
  [
    "the task's end before the job",
    { kind: "impossible", failure: gone },
    false,
    "not-started",
    undefined,
    "task-stopped",
  ],
  [
    "a refusal",
    { kind: "refused", code: "download", text: "no boto3" },
    false,
    "not-started",
    undefined,
    "download-failed",
  ],
  [
    "a session that was cut",
    { kind: "ended", end: { kind: "closed-here" }, attached: true },
    true,
    "unknown",
    undefined,
    "no-status",
  ],
  ["a log without the status", { kind: "missing", attached: true }, true, "unknown", undefined, "no-status"],
  [
    "bytes that are missing",
    { kind: "gap", expected: 9, got: 4, offset: 0 },
    true,
    "unknown",
    undefined,
    "no-status",
  ],
])("concludes from %s", (_, end, attached, outcome, exitCode, code) => {
  const result = conclude(aReport(end, attached), someFacts());
  expect(result).toMatchObject({ outcome, exitCode });
  expect(result.kind === "failed" ? result.failure.code : undefined).toBe(code);
});

it("names what the container said, or the session that was cut", () => {
  const refused: JobEnd = {
    kind: "status",
    status: { kind: "refused", code: "job", text: "no space left" },
  };
  expect(conclude(aReport(refused), someFacts())).toHaveProperty(
    "failure.seen",
    expect.stringContaining("no space left"),
  );
  const cut: JobEnd = { kind: "ended", end: { kind: "closed-here" }, attached: true };
  expect(conclude(aReport(cut), someFacts())).toHaveProperty(
    "failure.failed",
    expect.stringContaining("ecs-execute-command-2"),
  );
});
