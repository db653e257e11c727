import { atHook } from "./at-hook.ts";
import { openAhead } from "./aws/open-ahead.ts";
import { checkSetUp } from "./check/check-set-up.ts";
import { type PackedFiles, packFiles } from "./files/pack-files.ts";
import { runJobs } from "./fan-out.ts";
import type { HeldLock } from "./lock/held-lock.ts";
import { EarlyLook } from "./places/early-look.ts";
import { type FirstLook, lookBeforeStart } from "./ready/look.ts";
import { namesLog } from "./ready/session-logs.ts";
import type { Result } from "./report/result.ts";
import { runStep } from "./step/run-step.ts";
import type { OpenStep } from "./step/step.ts";
import type { Surroundings } from "./step/surroundings.ts";
import { targetContext } from "./step-context.ts";
import { resolveTargets } from "./targets/resolve.ts";
import { underLock } from "./under-lock.ts";

/** A whole step, in these surroundings. Never rejects: a failure is a result. */
export async function run(surroundings: Surroundings): Promise<Result> {
  return await runStep(perform, surroundings);
}

/** The phases between valid inputs and a result. Rejects with a `Failure` where no job can be run. */
async function perform(step: OpenStep): Promise<Result> {
  // Before any call of AWS: a wrong input starts nothing.
  const files = await packFiles(step.inputs, step);
  if (step.inputs.check) return await checkSetUp(step, process.env);
  const { inputs } = step;
  const isNew = inputs.where.kind === "new";
  void openAhead(step.aws.clients, { bucket: inputs.bucket, isShared: !isNew });
  const looking = lookBeforeStart(inputs, step);
  // The jobs await it.
  looking.catch(() => undefined);
  // All that may fail comes at the hook, so that a deployment that waits there gets its verdict.
  return await atHook(step, async (at) => {
    // Check the cluster and the bucket before RunTask, so that no task is started in vain.
    if (isNew) await looking;
    return await underLock(at, looking, (lock) => runInTargets(at, looking, { lock, files }));
  });
}

/** Finds the tasks, or starts them, and runs the job there. */
async function runInTargets(
  step: OpenStep,
  looking: Promise<FirstLook>,
  held: { readonly lock: HeldLock | undefined; readonly files: PackedFiles | undefined },
): Promise<Result> {
  const early = new EarlyLook({ ...step, ssm: step.aws.ssm });
  const targets = resolveTargets({ ...targetContext(step), onDescribing: () => early.begin() });
  // A log that the inputs name has to be there before a session begins.
  const [resolved] = await Promise.all([targets, namesLog(step.inputs.logs) ? looking : undefined]);
  const exec = looking.then((look) => look.exec);
  return await runJobs(resolved, { exec, early, ...held }, step);
}
