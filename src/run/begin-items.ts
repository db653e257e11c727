import { logFailure } from "../log.ts";
import { failedResult, type Result, type TaskResult } from "../report/result.ts";
import type { JobTargets } from "../targets/job-targets.ts";
import type { Target } from "../targets/target.ts";
import { AttachedItems } from "./items/attached-items.ts";
import type { EarlierTimes } from "./items/earlier-times.ts";
import { ItemDirectories } from "./items/item-directories.ts";
import { listedItems, listingInputs } from "./items/listed-items.ts";
import type { CarriedItems } from "./items/rerun/carried-items.ts";
import { carryOver, nothingToRun } from "./items/rerun/carry-over.ts";
import { type ItemsOfStep, StepItems, type StepItemsOptions } from "./items/step-items.ts";
import type { JobContext, UnassignedJob } from "./job/context.ts";
import { mayUsePieces } from "./job/output-ways.ts";
import type { StepContext } from "./step-context.ts";

/** What is known of the items of a step from earlier runs. */
export interface ItemMemory {
  /** What they took. */
  readonly times?: EarlierTimes | undefined;
  /** What finds those that need not run again. */
  readonly carried?: CarriedItems | undefined;
}

/** A job whose command may list the items. */
interface ListingJob extends UnassignedJob {
  /** Runs that job, and resolves with its end. */
  readonly listing: (job: JobContext) => Promise<TaskResult>;
}

/** Decides which items run, and in how many tasks. Else the result with which the step ends. */
export async function beginItems(
  { targets, later }: JobTargets,
  job: ListingJob & ItemMemory,
  step: StepContext,
): Promise<{ readonly items: ItemsOfStep | undefined; readonly tasks: number } | Result> {
  const { carried, times, looks } = job;
  const asked = targets.length + (later?.count ?? 0);
  const listed = await listItems(targets[0], job);
  if (listed !== undefined && "outcome" in listed) return listed;
  const directories = directoriesOf(listed, step);
  if (listed === undefined || directories === undefined)
    return { items: directories && itemsOfHandle(directories, step), tasks: asked };
  const over = await carryOver(listed, { carried, targets, looks, tasks: asked }, step).catch(
    (error: unknown) => failedResult(logFailure(error, step.log)),
  );
  if ("outcome" in over) return over;
  if (over.tasks === 0) return nothingToRun(over.carried, targets[0], looks);
  const items = await StepItems.open({
    ...{ ...itemOptions(step), ...over, items: listed, times, memory: carried, directories },
  });
  return { items, tasks: over.tasks };
}

function itemOptions({
  inputs,
  clock,
  log,
}: StepContext): Omit<StepItemsOptions, "items" | "tasks" | "times" | "carried" | "memory" | "directories"> {
  const { items, retry, failFast } = inputs;
  const detaches = inputs.detach !== undefined;
  return { batch: items?.batch ?? 1, detaches, retry, failFast, hasBucket: mayUsePieces(inputs), clock, log };
}

/** What brings back what these items write, or those of the job that this step attaches to; undefined without items. */
function directoriesOf(list: readonly string[] | undefined, step: StepContext): ItemDirectories | undefined {
  const { itemFiles: files } = step.inputs;
  return files && new ItemDirectories({ ...step, files, list: list ?? [] });
}

/** The items of the job that this step attaches to; undefined when it has none. */
function itemsOfHandle(
  directories: ItemDirectories,
  { inputs: { where }, clock, log }: StepContext,
): ItemsOfStep | undefined {
  const { items: total, workers } = where.kind === "handle" ? where.handle : {};
  return total === undefined || workers === undefined
    ? undefined
    : new AttachedItems({ total, workers, directories, clock, log });
}

/** The items of the inputs: those of the list, or those that the command prints in this task. Else the result with which the step ends. */
async function listItems(
  target: Target,
  { listing, ...job }: ListingJob,
): Promise<readonly string[] | TaskResult | undefined> {
  const { inputs, origin, ledger, log } = job;
  if (inputs.items === undefined) return undefined;
  const { source } = inputs.items;
  if (source.kind === "list") return source.items;
  log.phase("Listing the items");
  const own = {
    ...{ ...job, target, queues: true, inputs: listingInputs(inputs, source.command) },
    origin: { ...origin, id: `${origin.id}-items` },
    ledger: ledger.part(),
  };
  const listed = listedItems(await listing(own), inputs);
  if ("outcome" in listed) log.info("The command of 'items' has given no list, so the script was not run.");
  else log.info(`The command of 'items' has listed ${listed.length} of them.`);
  return listed;
}
