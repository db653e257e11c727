import { join, relative, sep } from "node:path";
import type { ReportDirectory } from "../junit/read-reports.ts";
import type { TestResults } from "../junit/test-results.ts";
import { type Result, taskResults } from "../report/result.ts";
import type { StepContext } from "../step-context.ts";

/**
 * Reads the reports that the input `reports` names among the artifacts of a step; undefined where it names none, where no artifacts
 * came, and after a cancel, which leaves no time. Never rejects.
 */
export async function testReports(
  result: Result,
  { inputs, workspace, log, cancel }: Pick<StepContext, "inputs" | "workspace" | "log" | "cancel">,
): Promise<TestResults | undefined> {
  const { reports } = inputs;
  const directories = taskResults(result).flatMap(({ task }, index) => directoryOf(task?.artifacts, index));
  const path = directories[0]?.root;
  if (reports === undefined || path === undefined || cancel.aborted) return undefined;
  // Only steps with the input load the parser.
  const { readReports } = await import("../junit/read-reports.ts");
  return await readReports(directories, reports, { workspace, except: inWorkspace(path, workspace), log, signal: cancel });
}
