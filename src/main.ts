import { runAtHook } from "./run/at-hook.ts";
import { openAhead } from "./aws/open-ahead.ts";
import { checkSetUp } from "./run/check/check-set-up.ts";
import { packFiles } from "./payload/files/pack-files.ts";
import { checkBucketIsGiven } from "./queue/failures.ts";
import { type FirstLook, lookBeforeStart } from "./ready/look.ts";
import type { Result } from "./report/result.ts";
import { openItemLog, withCarriedItems } from "./run/items/rerun/open-carried.ts";
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
  const { inputs } = step;
  // Before any call of AWS: a wrong input starts nothing.
  checkBucketIsGiven(inputs);
  const files = await packFiles(inputs, step);
  if (inputs.check) return await checkSetUp(step, step.env);
  const itemLog = await openItemLog(step);
  const looking = lookAhead(step);
  return await withCarriedItems(step, { itemLog, files, looking }, (carried) =>
    // Every later failure happens inside `runAtHook`, so that a deployment that waits at its hook gets a verdict.
    runAtHook(step, async (at) => {
      // Check the cluster and the bucket before RunTask, so that no task is started in vain.
      if (inputs.where.kind === "new") await looking;
      return await runUnderLock(at, looking, (lock) => runInTargets(at, looking, { lock, files, carried }));
    }),
  );
}

/** Looks at cluster and bucket, and opens connections for what comes after that. The jobs await the look and report its failure. */
function lookAhead(step: OpenStep): Promise<FirstLook> {
  const { inputs, aws } = step;
  void openAhead(aws.clients, { bucket: inputs.bucket, isShared: inputs.where.kind !== "new" });
  const looking = lookBeforeStart(inputs, step);
  looking.catch(() => undefined);
  return looking;
}
