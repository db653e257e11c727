import type { PauseHook } from "../aws/ecs.ts";
import type { Inputs } from "../inputs/inputs.ts";

/**
 * What the user should know of a hook before the script runs: that it may act before this step does. Before `timeout` begins
 * each attempt may wait for the exec agent (`start-timeout`) and for a place in a running container (`queue-timeout`). A new task
 * has places for no other job, and may wait for capacity before it starts, for another `start-timeout`.
 */
export function warningsOf(
  { expiresAt, timeoutAction }: Pick<PauseHook, "expiresAt" | "timeoutAction">,
  {
    timeout,
    startTimeout,
    queueTimeout,
    where,
    retry,
  }: Pick<Inputs, "timeout" | "startTimeout" | "queueTimeout" | "where" | "retry">,
  now: number,
): readonly string[] {
  const warnings: string[] = [];
  const queues = where.kind !== "new";
  const longest = (timeout + startTimeout + (queues ? queueTimeout : startTimeout)) * (retry?.attempts ?? 1);
  const others = [
    "'start-timeout'",
    ...(queues ? ["'queue-timeout'"] : []),
    ...(retry ? ["'retry-attempts'"] : []),
  ];
  if (expiresAt !== undefined && expiresAt < now + longest)
    warnings.push(
      `The pause hook expires at ${time(expiresAt)}, before this step must have ended (${time(now + longest)}): ` +
        `ECS then acts by itself (${timeoutAction ?? "ROLLBACK"}). Lower 'timeout' or ${others.join(" or ")}, or raise 'timeoutInMinutes' of the hook.`,
    );
  if (timeoutAction === "CONTINUE")
    warnings.push(
      "The pause hook's time-out action is CONTINUE: if this runner is lost, the deployment goes on without a verdict. " +
        "ROLLBACK is the safe one.",
    );
  return warnings;
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
