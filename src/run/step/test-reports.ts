import { relative } from "node:path";
import type { TestResults } from "../../report/junit/test-results.ts";
import { type Result, taskResults } from "../../report/result.ts";
import type { StepContext } from "../step-context.ts";

/**
 * Reads the reports that the input `reports` names among the artifacts of a step; undefined when it names none, when no artifacts
 * came, and after a cancel, which leaves no time. Never rejects.
 */
export async function readTestReports(
  result: Result,
  {
    inputs,
    workspace,
    log,
    clock,
    cancel,
  }: Pick<StepContext, "inputs" | "workspace" | "log" | "clock" | "cancel">,
): Promise<TestResults | undefined> {
  const { reports } = inputs;
  const artifacts = taskResults(result).flatMap(({ task }) => task?.artifacts ?? []);
  const [first] = artifacts;
  if (reports === undefined || first === undefined || cancel.aborted) return undefined;
  const directories = artifacts.map(({ path, taskPath }) => ({
    path: taskPath,
    // Such as `task 3`, for the directory `task-3`; empty for the only task.
    label: relative(path, taskPath).replace("-", " "),
  }));
  const within = [workspace, ...(inputs.artifacts?.within ?? [])];
  log.phase("Reading the reports of the tests");
  // Only steps with the input load the parser.
  const { readReports } = await import("../../report/junit/read-reports.ts");
  return await readReports(directories, reports, {
    ...{ workspace, artifacts: first.path, within, log, clock },
    signal: cancel,
  });
}
