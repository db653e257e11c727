import { runAttempts } from "./attempts.ts";
import { Failure } from "../errors.ts";
import { beginItems, type ItemMemory } from "./begin-items.ts";
import { resultOfItems, whatIsGone } from "./items/result.ts";
import type { ItemsOfStep } from "./items/step-items.ts";
import { attachToJob, runJob } from "./job.ts";
import type { JobContext, UnassignedJob } from "./job/context.ts";
import { MANY, runInParallel } from "./parallel-jobs.ts";
import { labelledLog, logFailure } from "../log.ts";
import { PublicAddress } from "../ready/address.ts";
import { ImageSizes } from "../ready/image-sizes.ts";
import { diagnose } from "../ready/diagnose.ts";
import { conclude } from "../report/conclude.ts";
import { artifactsMissing } from "../report/missing-artifacts.ts";
import {
  failedAfter,
  type FailedResult,
  failedResult,
  NO_OUTPUT,
  printedOutput,
  type Result,
  type TaskFacts,
  type TaskResult,
  withMissingArtifacts,
} from "../report/result.ts";
import { tellWhile } from "../waiting.ts";
import { targetContext, type StepContext } from "./step-context.ts";
import { othersToTry, stuckAfter } from "../targets/candidates.ts";
import { findReplacement } from "../targets/replacement.ts";
import type { JobTargets } from "../targets/job-targets.ts";
import type { Target } from "../targets/target.ts";
import { TaskLooks } from "../targets/tasks/task-looks.ts";
import { isKept, runsSince } from "../undo/keep-task.ts";

/** What the jobs of a step share, besides their targets, and what is known of its items. */
type SharedByJobs = Pick<UnassignedJob, "exec" | "early" | "lock" | "files"> & ItemMemory;

/**
 * Runs the job in all targets, at the same time or as many at once as `max-parallel` allows. Each job has a log and a ledger
 * of its own, and a failure of one does not stop the others; with `fail-fast` no further one begins. The result has the jobs
 * that have begun. Never rejects.
 */
export async function runJobs(resolved: JobTargets, given: SharedByJobs, step: StepContext): Promise<Result> {
  const { targets, later, candidates, described } = resolved;
  const arns = [...targets.map(({ taskArn }) => taskArn), ...othersToTry(candidates)];
  const known = { tasks: arns, described, more: later !== undefined };
  const looks = new TaskLooks({ ...known, ecs: step.aws.ecs, clock: step.clock });
  const images = step.inputs.summary ? new ImageSizes(step.aws.ecr) : undefined;
  const shared = { ...step, ...given, looks, images };
  const alone = { ...shared, write: step.writer() };
  const listing = (job: JobContext): Promise<TaskResult> =>
    runIn(job, resolved.mayHavePublicIp).then(({ result }) => result);
  const begun = await beginItems(resolved, { ...alone, listing }, step);
  if ("kind" in begun) {
    await later?.close();
    return begun;
  }
  const { items, tasks } = begun;
  const withItems = (ended: readonly TaskResult[]): Promise<Result> => resultOfItems(ended, items, step);
  if (tasks === 1) {
    await later?.close();
    const result = await runWithRetries(targets[0], resolved, { job: alone, items, task: 0 }, step);
    return items === undefined ? result : await withItems([result]);
  }
  step.log.phase();
  const warned = new Set<string>();
  const find = async (task: number): Promise<Target | Failure> =>
    targets[task] ?? (await findLater(resolved, looks, step));
  const run = async (task: number, target: Target | Failure): Promise<TaskResult> => {
    if (target instanceof Failure) return failedResult(target);
    const label = `[task ${task}] `;
    const fanOut = { runId: step.origin.id, task, tasks };
    const job = {
      ...{ ...shared, write: step.writer(label) },
      origin: { ...step.origin, id: `${step.origin.id}-${task}`, fanOut },
      ledger: step.ledger.part(),
      log: labelledLog(step.log, label, { warned, isQuiet: tasks > MANY }),
    };
    return await runWithRetries(target, resolved, { job, items, task }, step);
  };
  const onEnd = (result: TaskResult, target: Target | Failure): Promise<void> =>
    stopEarly(result, target, resolved, step);
  const atOnce = later?.atOnce ?? targets.length;
  const ended = await runInParallel({ find, run, onEnd }, { ...step, total: tasks, atOnce });
  // Wait for every task that is still being started, because the cleanup has to know it.
  await later?.close();
  return await withItems(ended);
}

/** The next task of those that are started later, or the failure to start it. */
async function findLater(
  { later }: JobTargets,
  looks: TaskLooks,
  { log }: StepContext,
): Promise<Target | Failure> {
  try {
    if (later === undefined) throw new Error("there are more jobs than targets");
    const { target, described } = await later.next();
    looks.add(described);
    return target;
  } catch (error) {
    return logFailure(error, log);
  }
}

/**
 * Tells those that start further tasks of the end of a job, whose task may be stopped unless `keep-task` keeps it. With `fail-fast` they start no
 * further one when it has failed.
 */
async function stopEarly(
  { outcome, task }: TaskResult,
  begunIn: Target | Failure,
  { later }: JobTargets,
  { inputs, cancel }: StepContext,
): Promise<void> {
  if (begunIn instanceof Failure) return;
  if (inputs.failFast && outcome !== "succeeded") void later?.close();
  const ended = { succeeded: outcome === "succeeded", startedAt: runsSince(task) };
  const stoppable = isKept(inputs.where, ended) ? undefined : (task?.target ?? begunIn);
  // The cleanup of a cancel stops all tasks.
  if (!cancel.aborted) await later?.jobEnds(stoppable).catch(() => undefined);
}

/** Runs the job in this target, and again for the reasons in `retry`. Each attempt has an id and a ledger of its own. */
async function runWithRetries(
  first: Target,
  resolved: JobTargets,
  { job, items, task }: { job: UnassignedJob; items: ItemsOfStep | undefined; task: number },
  step: StepContext,
): Promise<TaskResult> {
  const { candidates } = resolved;
  const { clock, log, cancel, inputs, origin } = job;
  let leave: (runsAgain: boolean) => void = () => undefined;
  let hasLeft = false;
  const gone: string[] = [];
  const earlier: string[] = [];
  const attempt = async (target: Target, number: number): Promise<TaskResult> => {
    hasLeft = false;
    const id = number > 1 ? `${origin.id}-a${number}` : origin.id;
    const again = { origin: { ...origin, id, earlier: [...earlier] }, ledger: step.ledger.part() };
    const own = { ...job, ...(number > 1 && again), items: items?.attempt(task) };
    earlier.push(id);
    const result = await runInOneOf(target, resolved, own, step);
    own.items?.jobDirectories.close({ isLeft: result.kind === "detached" });
    // The status is known, too, of a job that has succeeded and lacks artifacts, and of one that the container has refused.
    const heardAll = result.kind === "status" || result.exitCode === 0 || result.outcome === "not-started";
    leave = (runsAgain): void => own.items?.leave({ heardAll, runsAgain });
    gone.push(...whatIsGone(own.items, own, result));
    return result;
  };
  const isNeeded =
    items &&
    ((isOver: boolean): boolean => {
      // What may still run begins nowhere else.
      hasLeft ||= isOver;
      if (hasLeft) leave(true);
      return !hasLeft || items.hasWork;
    });
  const targets = targetContext(step);
  const context = { retry: inputs.retry, isNeeded, candidates, targets, clock, log, cancel };
  const result = await runAttempts(first, attempt, context);
  leave(false);
  const mustFail = inputs.artifacts?.missing === "error" && gone.length > 0;
  return mustFail ? failedAfter(result, artifactsMissing({ problems: gone })) : result;
}

/**
 * Runs the job in this target. As long as the job has not started, a replacement may be tried: see `findReplacement`.
 */
async function runInOneOf(
  first: Target,
  { candidates, mayHavePublicIp }: JobTargets,
  job: UnassignedJob,
  step: StepContext,
): Promise<TaskResult> {
  const others = othersToTry(candidates).length;
  for (let target = first, moves = 0; ; moves++) {
    // While other tasks are left to try, a job does not wait for a seat in this one.
    const queues = others === 0 || moves > others;
    const attempt = await runIn(
      { ...job, target, queues, stuckAfter: stuckAfter(candidates, target) },
      mayHavePublicIp,
    );
    const { result } = attempt;
    if (result.kind !== "failed") return result;
    const isFinal = attempt.mayHaveStarted || (queues && result.failure.code === "container-busy");
    try {
      const next =
        isFinal || job.cancel.aborted
          ? undefined
          : await tellWhile(
              "another task",
              job,
              findReplacement(target, result.failure, candidates, targetContext(step)),
            );
      if (next === undefined) return await addDiagnosis(result, attempt, target, job);
      target = next;
    } catch (error) {
      return failedResult(logFailure(error, job.log), result.task, attempt.attached);
    }
  }
}

/** The outcome of one try to run the job. */
interface Attempt {
  readonly result: TaskResult;
  /** The script may have run. */
  readonly attached: boolean;
  /** True when a session may have started the job. A session that the agent never opened has started nothing. */
  readonly mayHaveStarted: boolean;
}

async function runIn(job: JobContext, mayHavePublicIp: boolean): Promise<Attempt> {
  const { aws, cancel, carried, clock, images, log, looks, target } = job;
  const address = mayHavePublicIp
    ? new PublicAddress(target.taskArn, { looks, ec2: aws.ec2, clock, log })
    : undefined;
  // The pull of the image is a part of the step's time only when the step has started the task.
  looks.onLook(target.taskArn, (task) => carried?.sees(task, target));
  if (target.started) looks.onLook(target.taskArn, (task) => images?.ask(task, target.container));
  const { where } = job.inputs;
  const running = where.kind === "handle" ? attachToJob(where.handle, job) : runJob(job);
  const report = await running.catch((error: unknown) => logFailure(error, log));
  const described = looks.lastLook(target.taskArn);
  const facts: TaskFacts = {
    target: { ...target, privateIp: looks.privateIp(target.taskArn) ?? target.privateIp },
    startedAt: looks.startedAt(target.taskArn),
    described,
    pulled: target.started && described ? images?.pulled(described, target.container, log) : undefined,
    times: "end" in report ? report.times : undefined,
    artifacts: "end" in report ? report.artifacts : undefined,
    publicIp: cancel.aborted ? undefined : await address?.get(),
    ...("end" in report
      ? { sessionId: report.sessionIds.at(-1), log: report.log, ...printedOutput(report) }
      : { sessionId: undefined, log: undefined, ...NO_OUTPUT }),
  };
  if (!("end" in report))
    return { result: failedResult(report, facts), attached: false, mayHaveStarted: false };
  if (report.end.kind === "status") job.items?.noteStatus?.(report.end.status);
  const { attached, sessionIds } = report;
  const concluded = conclude(report, facts);
  const isNeeded = job.inputs.artifacts?.missing === "error";
  const result = isNeeded ? withMissingArtifacts(concluded) : concluded;
  const unopened = result.kind === "failed" && result.failure.code === "container-blocked";
  return { result, attached, mayHaveStarted: attached || (sessionIds.length > 0 && !unopened) };
}

/** Adds to the result what is wrong in the set-up of the task, when that may be why the job did not start. */
async function addDiagnosis(
  result: FailedResult,
  { attached }: Attempt,
  target: Target,
  { aws, cancel, exec, log, looks, reader }: UnassignedJob,
): Promise<TaskResult> {
  if (attached || cancel.aborted) return result;
  const known = await exec.catch(() => undefined);
  const context = { ecs: looks, ec2: aws.ec2, iam: aws.iam, exec: known, log, reader };
  const failure = await diagnose(result.failure, target, context).catch((error: unknown) =>
    logFailure(error, log),
  );
  return { ...result, failure };
}
