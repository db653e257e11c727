import type { FirstLook } from "../../../ready/look.ts";
import type { StepContext } from "../../step-context.ts";
import { CarriedItems } from "./carried-items.ts";
import { itemsKey } from "./key.ts";
import { LogFile } from "./log-file.ts";
import { RecordObject } from "./record-object.ts";

/** The file that the inputs name for the ends of items; undefined without. Fails with `bad-input`. Calls nothing of AWS. */
export async function openItemLog(step: StepContext): Promise<LogFile | undefined> {
  const { inputs, workspace, machineLock, clock, log } = step;
  const { itemLog: path } = inputs;
  return path === undefined ? undefined : await LogFile.open({ path, workspace, machineLock, clock, log });
}

/** What finds items that need not run again, when the inputs ask for that. It has to be closed. */
export function carriedItems(
  step: StepContext,
  itemLog: LogFile | undefined,
  looking: Promise<FirstLook>,
): CarriedItems | undefined {
  const { inputs, readFile } = step;
  const memory = itemLog ?? recordOf(step, looking);
  const keyOf = (items: readonly string[]): string => itemsKey(inputs, items, readFile);
  return memory && new CarriedItems({ ...step, memory, keyOf });
}

function recordOf(step: StepContext, looking: Promise<FirstLook>): RecordObject | undefined {
  const { inputs, env, undoing } = step;
  const { bucket, rerun } = inputs;
  if (rerun !== true || bucket === undefined) return undefined;
  const owner = looking.then((look) => look.owner);
  // The step fails by the look itself.
  owner.catch(() => undefined);
  const runsAll = env["RUNNER_DEBUG"] === "1" ? "RUNNER_DEBUG is 1" : undefined;
  return new RecordObject({ ...step, inputs: { ...inputs, bucket }, s3: undoing.s3, owner, runsAll });
}
