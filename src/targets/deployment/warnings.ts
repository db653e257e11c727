import type { PauseHook } from "../../aws/ecs.ts";
import type { Inputs, TaskSelection } from "../../inputs/inputs.ts";
import { longestPauses } from "../../inputs/retry-pause.ts";

type WarningInputs = Pick<
  Inputs,
  "timeout" | "startTimeout" | "queueTimeout" | "lock" | "where" | "retry" | "maxParallel"
>;

/** Warnings before the script runs: the hook may expire before this step ends, or its time-out action is CONTINUE. */
export function warningsOf(
  { expiresAt, timeoutAction }: Pick<PauseHook, "expiresAt" | "timeoutAction">,
  inputs: WarningInputs,
  now: number,
): readonly string[] {
  const warnings: string[] = [];
  const end = now + longestTime(inputs);
  if (expiresAt !== undefined && expiresAt < end)
    warnings.push(
      `The pause hook expires at ${time(expiresAt)}, before this run must have ended (${time(end)}${roundOf(inputs)}): ` +
        `ECS then acts by itself (${timeoutAction ?? "ROLLBACK"}). ${adviceFor(inputs)}`,
    );
  if (timeoutAction === "CONTINUE")
    warnings.push(
      "The pause hook's time-out action is CONTINUE: if this machine is lost, the deployment goes on without a verdict. " +
        "ROLLBACK is the safe one.",
    );
  return warnings;
}

/**
 * The most milliseconds that the jobs may take. Before its `timeout` begins, each attempt may wait for the exec agent (`start-timeout`).
 * In a running container it may also wait for a seat (`queue-timeout`). A new task has no queue, but may wait for capacity before it
 * starts (another `start-timeout`). The step waits for a lock once (`queue-timeout`). There are pauses between attempts. With
 * `max-parallel` the jobs come in rounds.
 */
function longestTime(inputs: WarningInputs): number {
  const { timeout, startTimeout, queueTimeout, lock, where, retry, maxParallel } = inputs;
  const attempts = retry?.attempts ?? 1;
  const attempt = timeout + startTimeout + (where.kind === "new" ? startTimeout : queueTimeout);
  const untilLocked = lock === undefined ? 0 : queueTimeout;
  return untilLocked + (attempt * attempts + longestPauses(attempts)) * roundsOf(where, maxParallel);
}

/** How many rounds of jobs there are; one when the number of tasks is not known yet. */
function roundsOf(where: TaskSelection, maxParallel: number | undefined): number {
  const tasks = "tasks" in where && where.tasks !== "all" ? where.tasks : 1;
  return Math.ceil(tasks / (maxParallel ?? tasks));
}

function roundOf({ where, maxParallel }: WarningInputs): string {
  const isUnknown = "tasks" in where && where.tasks === "all" && maxParallel !== undefined;
  return isUnknown ? " at the earliest: of 'all' tasks, one round of 'max-parallel' is counted" : "";
}

function adviceFor({ where, lock, retry, maxParallel }: WarningInputs): string {
  const lower = [
    ...["'timeout'", "'start-timeout'"],
    ...(where.kind === "new" && lock === undefined ? [] : ["'queue-timeout'"]),
    ...(retry ? ["'retry-attempts'"] : []),
  ];
  const raise = [
    ...(roundsOf(where, maxParallel) > 1 ? ["'max-parallel'"] : []),
    "'timeoutInMinutes' of the hook",
  ];
  return `Lower ${lower.join(" or ")}, or raise ${raise.join(" or ")}.`;
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
