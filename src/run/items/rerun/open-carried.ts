import type { FirstLook } from "../../../ready/look.ts";
import type { PackedFiles } from "../../../payload/files/pack-files.ts";
import { asFailure } from "../../../errors.ts";
import { failureBesideItems } from "../../../report/beside-items.ts";
import type { Result } from "../../../report/result.ts";
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

/**
 * Runs the items with what finds those that need not run again, when the inputs ask for that. What failed the step besides its items is kept beside their
 * ends, so that a later run trusts none of them.
 */
export async function withCarriedItems(
  step: StepContext,
  sources: CarriedSources,
  runItems: (carried: CarriedItems | undefined) => Promise<Result>,
): Promise<Result> {
  const carried = carriedItems(step, sources);
  let failedBy: string | undefined;
  try {
    const result = await runItems(carried);
    failedBy = failureBesideItems(result, step.inputs.artifacts?.missing === "error");
    return result;
  } catch (error) {
    const { code } = asFailure(error);
    if (code !== "cancelled") failedBy = code;
    throw error;
  } finally {
    await carried?.close(failedBy);
  }
}

function carriedItems(
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
