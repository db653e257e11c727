import { runJobs } from "./fan-out.ts";
import { EarlierTimes } from "./items/earlier-times.ts";
import type { CarriedItems } from "./items/rerun/carried-items.ts";
import { tasksAtFirst } from "./items/rerun/carry-over.ts";
import type { PackedFiles } from "../payload/files/pack-files.ts";
import type { HeldLock } from "../queue/lock/held-lock.ts";
import { EarlyLook } from "../queue/early-look.ts";
import type { FirstLook } from "../ready/look.ts";
import { isLogKind } from "../ready/session-logs.ts";
import type { Result } from "../report/result.ts";
import type { OpenStep } from "./step/step.ts";
import { targetContext } from "./step-context.ts";
import { resolveTargets } from "../targets/resolve.ts";

/** The resources that all jobs of the step share. */
interface SharedResources {
  readonly lock: HeldLock | undefined;
  readonly files: PackedFiles | undefined;
  /** What finds items that need not run again. */
  readonly carried: CarriedItems | undefined;
}

/** Finds the tasks, or starts them, and runs the job there. */
export async function runInTargets(
  step: OpenStep,
  looking: Promise<FirstLook>,
  shared: SharedResources,
): Promise<Result> {
  const early = new EarlyLook({ ...step, ssm: step.aws.ssm });
  const times = readTimes(step, looking);
  const first = await tasksAtFirst(shared.carried, step.inputs);
  const context = { ...targetContext(step), tasksAtFirst: first };
  const targets = resolveTargets({ ...context, onDescribing: () => early.begin() });
  // A log that the inputs name has to be there before a session begins.
  const [resolved] = await Promise.all([targets, isLogKind(step.inputs.logs) ? looking : undefined]);
  const exec = looking.then((look) => look.exec);
  // Each job fails by the look itself, and there may be none.
  exec.catch(() => undefined);
  return await runJobs(resolved, { exec, early, times, ...shared }, step);
}

/** The times of the items in earlier runs. They are read while the targets are found. */
function readTimes(
  { inputs, origin, undoing, clock, log, cancel }: OpenStep,
  looking: Promise<FirstLook>,
): EarlierTimes | undefined {
  const { bucket, items } = inputs;
  if (bucket === undefined || items === undefined) return undefined;
  const owner = looking.then((look) => look.owner);
  return new EarlierTimes({
    ...{ inputs: { ...inputs, bucket }, origin, owner, s3: undoing.s3, clock, log, cancel },
  });
}
