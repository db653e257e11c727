import { runAtHook } from "./run/at-hook.ts";
import { openAhead } from "./aws/open-ahead.ts";
import { checkSetUp } from "./run/check/check-set-up.ts";
import { asFailure } from "./errors.ts";
import { packFiles } from "./payload/files/pack-files.ts";
import { checkBucketIsGiven } from "./queue/failures.ts";
import { lookBeforeStart } from "./ready/look.ts";
import { failureBesideItems } from "./report/beside-items.ts";
import type { Result } from "./report/result.ts";
import { carriedItems, openItemLog } from "./run/items/rerun/open-carried.ts";
import { runInTargets } from "./run/run-in-targets.ts";
import { runStep } from "./run/step/run-step.ts";
import type { OpenStep } from "./run/step/step.ts";
import type { Surroundings } from "./run/step/surroundings.ts";
import { runUnderLock } from "./run/under-lock.ts";

/** A whole step, in these surroundings. Never rejects: a failure is a result. */
export async function run(surroundings: Surroundings): Promise<Result> {
  return await runStep(perform, surroundings);
}

/** The phases between valid inputs and a result. Rejects with a `Failure` when no job can be run. */
async function perform(step: OpenStep): Promise<Result> {
  // Before any call of AWS: a wrong input starts nothing.
  checkBucketIsGiven(step.inputs);
  const files = await packFiles(step.inputs, step);
  if (step.inputs.check) return await checkSetUp(step, step.env);
  const itemLog = await openItemLog(step);
  const { inputs } = step;
  const isNew = inputs.where.kind === "new";
  void openAhead(step.aws.clients, { bucket: inputs.bucket, isShared: !isNew });
  const looking = lookBeforeStart(inputs, step);
  // The jobs await `looking` and report its failure.
  looking.catch(() => undefined);
  const carried = carriedItems(step, { itemLog, files, looking });
  let failedBy: string | undefined;
  try {
    // Every later failure happens inside `runAtHook`, so that a deployment that waits at its hook gets a verdict.
    const result = await runAtHook(step, async (at) => {
      // Check the cluster and the bucket before RunTask, so that no task is started in vain.
      if (isNew) await looking;
      return await runUnderLock(at, looking, (lock) => runInTargets(at, looking, { lock, files, carried }));
    });
    failedBy = failureBesideItems(result, inputs.artifacts?.missing === "error");
    return result;
  } catch (error) {
    const { code } = asFailure(error);
    if (code !== "cancelled") failedBy = code;
    throw error;
  } finally {
    await carried?.close(failedBy);
  }
}
