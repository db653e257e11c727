import { lookTogether } from "./aws/looks.ts";
import { once } from "./aws/once.ts";
import type { ExecConfiguration } from "./aws/ecs.ts";
import { asFailure, type Failure } from "./errors.ts";
import { type JobContext, runJob } from "./job.ts";
import type { Log } from "./log.ts";
import { Screen } from "./output/screen.ts";
import { combined } from "./report/combine.ts";
import { concluded } from "./report/conclude.ts";
import { failedResult, type Known, nothingKnown, type Result } from "./report/result.ts";
import type { Resolved } from "./target/resolved.ts";
import type { Target } from "./target/target.ts";

export type JobsContext = Omit<JobContext, "known">;

/**
 * Runs the job in every target at once, each with a log and a ledger of its own; what goes wrong in one doesn't stop
 * the others. Never rejects.
 */
export async function runJobs(
  { targets, instead }: Resolved,
  exec: ExecConfiguration | undefined,
  context: JobsContext,
): Promise<Result> {
  if (targets.length === 1) return await inOneOf(targets[0], exec, instead, context);
  const { aws, clock, inputs, origin } = context;
  const screen = new Screen({ write: context.write, workflowCommands: inputs.workflowCommands });
  const arns = targets.map(({ taskArn }) => taskArn);
  const ecs = {
    ...aws.ecs,
    ...lookTogether(aws.ecs, arns, () => clock.now()),
    describeTaskDefinition: once(aws.ecs.describeTaskDefinition),
  };
  const warned = new Set<string>();
  const results = await Promise.all(
    targets.map((target, task) => {
      const label = `[task ${task}] `;
      return inOneOf(target, exec, instead, {
        ...context,
        aws: { ...aws, ecs },
        // The screen is the guard of them all.
        inputs: { ...inputs, workflowCommands: true },
        origin: {
          ...origin,
          id: `${origin.id}-${task}`,
          place: { runId: origin.id, task, tasks: targets.length },
        },
        ledger: context.ledger.part(),
        log: labelled(context.log, label, warned),
        write: screen.writer(label),
      });
    }),
  );
  screen.end();
  return combined(results);
}

/** The job in this target, or in another that takes its place before the job has started. */
async function inOneOf(
  first: Target,
  exec: ExecConfiguration | undefined,
  instead: Resolved["instead"],
  context: JobsContext,
): Promise<Result> {
  for (let target = first; ;) {
    const known: Known = { ...nothingKnown(), target };
    const result = await inTarget(target, exec, { ...context, known });
    const { failure } = result;
    // Once there was a session, the job may have started in it.
    if (failure === undefined || known.attached || known.sessionIds.length > 0) return result;
    try {
      const next = context.cancel.aborted ? undefined : await instead(target, failure);
      if (next === undefined) return result;
      target = next;
    } catch (error) {
      return failedResult(explained(error, context.log), known);
    }
  }
}

async function inTarget(
  target: Target,
  exec: ExecConfiguration | undefined,
  context: JobContext,
): Promise<Result> {
  const { cancel, known, log } = context;
  try {
    const attended = await runJob(target, exec, context);
    if (attended.kind !== "status") cancel.throwIfAborted();
    return concluded(attended, target, known);
  } catch (error) {
    return failedResult(explained(error, log), known);
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
