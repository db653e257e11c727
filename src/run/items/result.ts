import { asFailure, messageOf } from "../../errors.ts";
import type { ItemResults } from "../../report/item-results.ts";
import { writeItemsFile } from "../../report/items-file.ts";
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
  step: StepContext,
): Promise<Result> {
  const { cancel } = step;
  if (items === undefined) return { kind: "several", tasks };
  await items.directories.end();
  const [only] = tasks;
  if (only?.kind === "detached") {
    await items.end();
    return only;
  }
  items.close(cancel.aborted ? "cancelled" : whyStopped(tasks));
  const results = await items.end(cancel.aborted ? asFailure(cancel.reason) : undefined);
  const all = withDirectories(results, items.directories);
  // An item that has not succeeded fails the step by itself, and a further attempt runs it again.
  const succeeded = new Set(
    results.items.flatMap(({ outcome, index }) => (outcome === "succeeded" ? [index] : [])),
  );
  const mustCome = step.inputs.itemFiles?.missing === "error";
  const missing = mustCome ? items.directories.missing((index) => succeeded.has(index)) : [];
  return {
    kind: "several",
    tasks: tasks.map((each, task) => {
      const problems = missing[task] ?? [];
      return problems.length === 0 ? each : failedAfter(each, artifactsMissing({ problems }));
    }),
    items: { ...all, file: fileOf(all, step) },
  };
}

/** Why items were stopped, if any were. A job that has lost a worker does not tell: when nobody is known to have stopped it, its time was over. */
function whyStopped(tasks: readonly TaskResult[]): "cancelled" | "timed-out" {
  const ends = tasks.flatMap((task) => [task, ...(task.kind === "status" ? task.workers : [])]);
  if (ends.some(({ outcome }) => outcome === "timed-out")) return "timed-out";
  const failures = tasks.flatMap((task) => (task.kind === "failed" ? [task.failure.code] : []));
  const earlier = tasks.flatMap((task) => (task.earlier ?? []).map(({ end }) => end));
  const hasLostWorkers = [...failures, ...earlier].includes("no-status");
  const isStopped =
    ends.some(({ outcome }) => outcome === "cancelled") || failures.some((code) => code !== "no-status");
  return hasLostWorkers && !isStopped ? "timed-out" : "cancelled";
}

function withDirectories(results: ItemResults, directories: ItemDirectories): ItemResults {
  const items = results.items.map((item) => {
    const directory = directories.of(item.index);
    return directory === undefined ? item : { ...item, directory };
  });
  return { ...results, items, directories: directories.report };
}

/** The file with the end of each item; undefined when the step has no place for it, or it can't be written, which is a warning. */
function fileOf(
  results: ItemResults,
  { inputs: { artifacts }, clock, log }: StepContext,
): string | undefined {
  if (artifacts === undefined) return undefined;
  try {
    const file = writeItemsFile(results, artifacts, clock.random);
    log.info(`How each item ended is in ${file}.`);
    return file;
  } catch (error) {
    log.warning(
      `The file with the ends of the items can't be written: ${messageOf(error)}`,
      "items.md#the-result",
    );
    return undefined;
  }
}

/** What items that had ended have left in a task that was lost, as sentences. A warning says so, too. */
export function whatIsGone(
  items: Pick<ItemsOfJob, "ended"> | undefined,
  { inputs, log }: Pick<StepContext, "inputs" | "log">,
  { outcome, task }: TaskResult,
): readonly string[] {
  // What is missing of a job that has ended is told by itself.
  if (outcome !== "unknown" || inputs.artifacts === undefined) return [];
  if (items === undefined || items.ended === 0) return [];
  const sentence = `The artifacts of ${items.ended} ${items.ended === 1 ? "item" : "items"} that had ended in task ${task?.target.taskId ?? "unknown"} are lost with it.`;
  log.warning(sentence, "items.md");
  return [sentence];
}
