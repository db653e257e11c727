import { requireMember } from "../aws/required-member.ts";
import { deploymentNotFound, deploymentTooEarly } from "../targets/deployment/failures.ts";
import { isBeforeTasks } from "../targets/deployment/stages.ts";
import { giveVerdict } from "../targets/deployment/verdict.ts";
import { findDeploymentArn, type WaitingHook, waitForHook } from "../targets/deployment/wait-for-hook.ts";
import { warningsOf } from "../targets/deployment/warnings.ts";
import { asFailure, type FailureCode } from "../errors.ts";
import { serviceOf } from "../inputs/inputs.ts";
import { decisiveResult, withoutVerdict } from "../report/decisive.ts";
import type { Result } from "../report/result.ts";
import type { StepContext } from "./step-context.ts";
import { type ClusterMember, parseService } from "../targets/arn.ts";
import type { NewRevision } from "../targets/resolve-context.ts";
import { resolvingTitle } from "../targets/title.ts";

/**
 * Runs the job for a deployment that waits at a pause hook, in tasks of its new revision, and gives the verdict: CONTINUE when
 * the job succeeded, else ROLLBACK. Without the input `deployment` it just runs the job. ROLLBACK is in the ledger from the moment
 * that the deployment is known until the step gives its verdict. A cancel sends it at once if a hook awaits an action. The post step
 * sends it after a main step that was killed.
 */
export async function runAtHook<Step extends StepContext>(
  step: Step,
  run: (step: Step) => Promise<Result>,
): Promise<Result> {
  const { inputs, aws, clock, log, cancel } = step;
  const { deployment: given, where } = inputs;
  const named = serviceOf(where);
  if (given === undefined || named === undefined) return await run(step);
  const service = parseService(named, inputs.cluster, inputs.region);
  log.phase(`Waiting for a deployment of service '${service.id}' to reach its pause hook`);
  const arn = await findDeploymentArn(given, service, { ecs: aws.ecs, clock, log, cancel });
  const waiting = await reachHook(arn, service, step);
  log.info(`Deployment ${arn} waits for a verdict at ${waiting.deployment.stage ?? "a pause hook"}.`);
  for (const warning of warningsOf(waiting.hook, inputs, clock.now())) log.warning(warning, "deployment.md");
  let result: Result | undefined;
  try {
    const revision = await findRevision(waiting, step);
    log.phase(resolvingTitle(inputs));
    result = await run({ ...step, revision });
  } finally {
    if (result === undefined) await rollBack(waiting, service, step);
  }
  return await giveVerdictFor(result, waiting, service, step);
}

/** Waits for the hook. When that fails and a verdict may still be due, the cleanup looks once more for a hook that awaits an action. */
async function reachHook(
  arn: string,
  service: ClusterMember,
  { inputs, aws, ledger, clock, log, cancel }: StepContext,
): Promise<WaitingHook> {
  ledger.replace(["hook"], [{ kind: "hook", deployment: arn }]);
  try {
    const deadline = clock.now() + inputs.queueTimeout;
    const waiting = await waitForHook(arn, service, { ecs: aws.ecs, clock, log, cancel, deadline });
    // The cleanup of a cancel has looked for the hook already.
    cancel.throwIfAborted();
    recordRollback(waiting, ledger);
    return waiting;
  } catch (error) {
    if (NOT_TO_DECIDE.has(asFailure(error).code)) ledger.replace(["hook"], []);
    throw error;
  }
}

/** Puts ROLLBACK at this hook into the ledger. */
function recordRollback({ deployment, hook }: WaitingHook, ledger: StepContext["ledger"]): void {
  ledger.replace(["hook"], [{ kind: "hook", deployment: deployment.arn, hook: hook.id }]);
}

/** The revision in whose tasks the job runs. */
async function findRevision({ deployment }: WaitingHook, { inputs, aws }: StepContext): Promise<NewRevision> {
  const { stage, sourceRevisionArns, createdAt: since } = deployment;
  if (inputs.where.kind !== "new" && isBeforeTasks(stage)) throw deploymentTooEarly(deployment);
  const revisionArn = requireMember(deployment.revisionArn, "targetServiceRevision");
  const describeSource = async (arn: string): Promise<NewRevision["sources"][number]> => ({
    arn,
    taskDefinitionArn: (await aws.ecs.describeServiceRevision(arn))?.taskDefinitionArn,
  });
  const [revision, sources] = await Promise.all([
    aws.ecs.describeServiceRevision(revisionArn),
    Promise.all(sourceRevisionArns.filter((arn) => arn !== revisionArn).map(describeSource)),
  ]);
  if (revision !== undefined) return { ...revision, since, sources };
  throw deploymentNotFound(
    `with service revision '${revisionArn}'`,
    "ecs:DescribeServiceRevisions has none.",
  );
}

async function giveVerdictFor(
  result: Result,
  waiting: WaitingHook,
  service: ClusterMember,
  step: StepContext,
): Promise<Result> {
  const { undoing, ledger, clock, log, cancel } = step;
  const hasSucceeded = decisiveResult(result).outcome === "succeeded";
  // A cancel, or a lost lock, has sent ROLLBACK already.
  if (cancel.aborted) return hasSucceeded ? withoutVerdict(result, asFailure(cancel.reason)) : result;
  if (!hasSucceeded) {
    await rollBack(waiting, service, step);
    return result;
  }
  // From here on a cancel sends no ROLLBACK, so that the deployment gets one verdict only.
  ledger.replace(["hook"], []);
  try {
    await giveVerdict(waiting, "CONTINUE", service, { ecs: undoing.ecs, clock, log });
    return result;
  } catch (error) {
    const failure = asFailure(error);
    // The step now fails, so the cleanup sends ROLLBACK. ECS takes only the first verdict, so ROLLBACK has no effect if CONTINUE was
    // carried out.
    if (!OVER.has(failure.code)) recordRollback(waiting, ledger);
    return withoutVerdict(result, failure);
  }
}

/**
 * Sends ROLLBACK. Never rejects. ROLLBACK stays in the ledger until ECS has taken it, so a cancel or the post step may send it a
 * second time. ECS takes only the first verdict.
 */
async function rollBack(waiting: WaitingHook, service: ClusterMember, step: StepContext): Promise<void> {
  const { undoing, ledger, clock, log, cancel } = step;
  if (cancel.aborted) return;
  try {
    await giveVerdict(waiting, "ROLLBACK", service, { ecs: undoing.ecs, clock, log });
    ledger.replace(["hook"], []);
  } catch (error) {
    const { code, failed, seen } = asFailure(error);
    if (OVER.has(code)) ledger.replace(["hook"], []);
    // After a cancel the cleanup has sent ROLLBACK meanwhile, and reports the outcome.
    const words = `The deployment could not be told ROLLBACK. ${failed} ${seen}`;
    if (!step.cancel.aborted) log.warning(words, `errors.md#${code}`);
  }
}

/** Failures after which the deployment no longer waits at the hook. */
const OVER: ReadonlySet<FailureCode> = new Set([
  "hook-expired",
  "deployment-replaced",
  "deployment-ended",
  "deployment-not-found",
]);

/** Failures after which the deployment waits for no verdict of this step. */
const NOT_TO_DECIDE: ReadonlySet<FailureCode> = new Set([...OVER, "hook-not-configured", "bad-input"]);
