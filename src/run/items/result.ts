import { asFailure } from "../../errors.ts";
import type { ItemResults } from "../../report/item-results.ts";
import { artifactsMissing } from "../../report/missing-artifacts.ts";
import { failedAfter, type Result, type TaskResult } from "../../report/result.ts";
import type { ItemDirectories } from "./item-directories.ts";
import type { ItemsOfJob } from "./job-items.ts";
import type { StepContext } from "../step-context.ts";
import type { ItemsOfStep } from "./step-items.ts";

/**
 * The result of a step: with items also what has become of them, unless the step has left them running. Waits until their directories are there. How
 * long they took is kept for the next run.
 */
export async function resultOfItems(
  tasks: readonly TaskResult[],
  items: ItemsOfStep | undefined,
  { cancel, inputs }: StepContext,
): Promise<Result> {
  if (items === undefined) return { kind: "several", tasks };
  const missing = await items.directories.end();
  const [only] = tasks;
  if (only?.kind === "detached") {
    await items.end();
    return only;
  }
  const isTimedOut = !cancel.aborted && tasks.some(({ outcome }) => outcome === "timed-out");
  items.close(isTimedOut ? "timed-out" : "cancelled");
  const results = await items.end(cancel.aborted ? asFailure(cancel.reason) : undefined);
  const mustFail = inputs.itemFiles?.missing === "error";
  return {
    kind: "several",
    tasks: tasks.map((each, task) => {
      const problems = mustFail ? (missing[task] ?? []) : [];
      return problems.length === 0 ? each : failedAfter(each, artifactsMissing({ problems }));
    }),
    items: withDirectories(results, items.directories),
  };
}

function withDirectories(results: ItemResults, directories: ItemDirectories): ItemResults {
  const items = results.items.map((item) => {
    const directory = directories.of(item.index);
    return directory === undefined ? item : { ...item, directory };
  });
  return { ...results, items, directories: directories.report };
}

/** What items that had ended have left in a task that was lost, as sentences. A warning says so, too. */
export function whatIsGone(
  items: Pick<ItemsOfJob, "ended"> | undefined,
  { inputs, log }: Pick<StepContext, "inputs" | "log">,
  { task }: TaskResult,
): readonly string[] {
  if (items === undefined || items.ended === 0 || inputs.artifacts === undefined) return [];
  const sentence = `The artifacts of ${items.ended} ${items.ended === 1 ? "item" : "items"} that had ended in task ${task?.target.taskId ?? "unknown"} are lost with it.`;
  log.warning(sentence, "items.md");
  return [sentence];
}
