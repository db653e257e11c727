import { lookTogether, seenAlready } from "./aws/looks.ts";
import { once } from "./aws/once.ts";
import type { ExecConfiguration } from "./aws/ecs.ts";
import { asFailure, type Failure } from "./errors.ts";
import { type JobContext, runJob } from "./job.ts";
import type { Log } from "./log.ts";
import type { Write } from "./show/lines.ts";
import { combined } from "./report/combine.ts";
import { concluded } from "./report/conclude.ts";
import { watchAddress } from "./ready/address.ts";
import { diagnose } from "./ready/diagnose.ts";
import { failedResult, type Known, nothingKnown, type Result } from "./report/result.ts";
import type { Resolved } from "./targets/resolved.ts";
import type { Target } from "./targets/target.ts";

export interface JobsContext extends Omit<JobContext, "known" | "patient" | "write"> {
  /** Where the output of a job goes, each line behind this label. */
  readonly writer: (label: string) => Write;
}

/**
 * Runs the job in every target at once, each with a log and a ledger of its own; what goes wrong in one doesn't stop
 * the others. Never rejects.
 */
export async function runJobs(
  resolved: Resolved,
  exec: ExecConfiguration | undefined,
  context: JobsContext,
): Promise<Result> {
  const { targets, others, seen } = resolved;
  const { aws, clock, origin, writer } = context;
  const arns = [...targets.map(({ taskArn }) => taskArn), ...others];
  const looking = arns.length > 1 ? lookTogether(aws.ecs, arns, () => clock.now()) : aws.ecs;
  const ecs = {
    ...aws.ecs,
    ...seenAlready(looking, seen),
    describeTaskDefinition: once((arn) => aws.ecs.describeTaskDefinition(arn)),
  };
  if (targets.length === 1)
    return await inOneOf(targets[0], exec, resolved, { ...context, write: writer(""), aws: { ...aws, ecs } });
  const warned = new Set<string>();
  const results = await Promise.all(
    targets.map((target, task) => {
      const label = `[task ${task}] `;
      return inOneOf(target, exec, resolved, {
        ...context,
        aws: { ...aws, ecs },
        origin: {
          ...origin,
          id: `${origin.id}-${task}`,
          fanOut: { runId: origin.id, task, tasks: targets.length },
        },
        ledger: context.ledger.part(),
        log: labelled(context.log, label, warned),
        write: writer(label),
      });
    }),
  );
  return combined(results);
}

/** The job in this target, or in another that takes its place before the job has started. */
async function inOneOf(
  first: Target,
  exec: ExecConfiguration | undefined,
  { instead, inPublic, others }: Resolved,
  context: Omit<JobContext, "known" | "patient">,
): Promise<Result> {
  for (let target = first, moves = 0; ; moves++) {
    const known: Known = { ...nothingKnown(), target };
    // A place is waited for once no other is left to try.
    const patient = others.length === 0 || moves > others.length;
    const result = await inTarget(target, exec, inPublic, { ...context, known, patient });
    const { failure } = result;
    if (failure === undefined) return result;
    const final = mayHaveStarted(failure, known) || (patient && failure.code === "container-busy");
    try {
      const next = final || context.cancel.aborted ? undefined : await instead(target, failure);
      if (next === undefined)
        return { ...result, failure: await diagnosed(failure, target, exec, { ...context, known }) };
      target = next;
    } catch (error) {
      return failedResult(explained(error, context.log), known);
    }
  }
}

/** Once there was a session the job may have started in it, unless the agent never opened it. */
function mayHaveStarted({ code }: Failure, { attached, sessionIds }: Known): boolean {
  return attached || (sessionIds.length > 0 && code !== "container-blocked");
}

async function inTarget(
  target: Target,
  exec: ExecConfiguration | undefined,
  inPublic: boolean,
  context: JobContext,
): Promise<Result> {
  const { aws, cancel, clock, known, log } = context;
  const address = inPublic ? watchAddress(aws.ecs, { ...aws, clock, log }) : undefined;
  const ecs = { ...aws.ecs, ...address?.ecs };
  let result: Result;
  try {
    const attended = await runJob(target, exec, { ...context, aws: { ...aws, ecs } });
    if (attended.kind !== "status") cancel.throwIfAborted();
    result = concluded(attended, target, known);
  } catch (error) {
    result = failedResult(explained(error, log), known);
  }
  return {
    ...result,
    publicIp: cancel.aborted ? undefined : await address?.publicIp(),
  };
}

/** With what is wrong with the task's set-up, where that may be why no job could be brought into it. */
async function diagnosed(
  failure: Failure,
  target: Target,
  exec: ExecConfiguration | undefined,
  { aws, cancel, known, log }: Omit<JobContext, "patient">,
): Promise<Failure> {
  if (known.attached || cancel.aborted) return failure;
  try {
    return await diagnose(failure, target, { ...aws, exec, log });
  } catch (error) {
    return explained(error, log);
  }
}

/** With its stack in the debug log if it is a bug of ours. */
export function explained(error: unknown, log: Log): Failure {
  const failure = asFailure(error);
  if (failure.code === "internal-error" && error instanceof Error) log.debug(error.stack ?? "");
  return failure;
}

/** What each of several jobs says begins with its label; a warning that is the same for all is given once. */
function labelled(log: Log, label: string, warned: Set<string>): Log {
  return {
    info: (line) => log.info(label + line),
    debug: (line) => log.debug(label + line),
    warning: (line) => {
      if (warned.has(line)) return;
      warned.add(line);
      log.warning(line);
    },
  };
}
