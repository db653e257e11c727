import type { FirstLook } from "../../../ready/look.ts";
import type { PackedFiles } from "../../../payload/files/pack-files.ts";
import type { StepContext } from "../../step-context.ts";
import { contentDigest } from "../../../payload/files/content-digest.ts";
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

export interface CarriedSources {
  readonly itemLog: LogFile | undefined;
  /** What the input `files` brings. */
  readonly files: PackedFiles | undefined;
  readonly looking: Promise<FirstLook>;
}

/** What finds items that need not run again, when the inputs ask for that. It has to be closed. */
export function carriedItems(
  step: StepContext,
  { itemLog, files: packed, looking }: CarriedSources,
): CarriedItems | undefined {
  const { inputs, readFile } = step;
  const memory = itemLog ?? recordOf(step, looking);
  // Attempts have one commit, but what earlier jobs have built of it may be made anew.
  const files = memory && packed && contentDigest(packed.bytes);
  const keyOf = (items: readonly string[]): string => itemsKey(inputs, items, { readFile, files });
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
