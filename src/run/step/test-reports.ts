import { relative } from "node:path";
import { isItemsFolder } from "../../report/artifacts/item-names.ts";
import type { TestResults } from "../../report/junit/test-results.ts";
import { type Result, taskResults } from "../../report/result.ts";
import type { StepContext } from "../step-context.ts";

/**
 * Reads the reports that the input `reports` names among the artifacts of a step, and among what its items have written; undefined when it names
 * none, when nothing came, and after a cancel, which leaves no time. Never rejects.
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
  const items = result.kind === "several" ? result.items : undefined;
  const path = artifacts[0]?.path ?? items?.directories?.path;
  if (reports === undefined || path === undefined || cancel.aborted) return undefined;
  const ofTasks = artifacts.map(({ path, taskPath }) => ({
    path: taskPath,
    // Such as `task 3`, for the directory `task-3`; empty for the only task.
    label: relative(path, taskPath).replace("-", " "),
    // What items have written is read by item, and what those of an earlier step have written is none of this one.
    leavesOut: items !== undefined && taskPath === path ? isItemsFolder : undefined,
  }));
  const directories = [...ofTasks, ...(items?.directories?.directories ?? [])];
  const within = [workspace, ...((inputs.artifacts ?? inputs.itemFiles)?.within ?? [])];
  log.phase("Reading the reports of the tests");
  // Only steps with the input load the parser.
  const { readReports } = await import("../../report/junit/read-reports.ts");
  return await readReports(directories, reports, {
    ...{ workspace, artifacts: path, within, log, clock },
    isAnywhere: items !== undefined,
    signal: cancel,
  });
}
