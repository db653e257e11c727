import type { PauseHook } from "../aws/ecs.ts";
import type { Inputs } from "../inputs/inputs.ts";

/** What the user should know of a hook before the script runs: that it may act before this step does. */
export function warningsOf(
  { expiresAt, timeoutAction }: Pick<PauseHook, "expiresAt" | "timeoutAction">,
  { timeout, startTimeout, retry }: Pick<Inputs, "timeout" | "startTimeout" | "retry">,
  now: number,
): readonly string[] {
  const warnings: string[] = [];
  const longest = (timeout + startTimeout) * (retry?.attempts ?? 1);
  if (expiresAt !== undefined && expiresAt < now + longest)
    warnings.push(
      `The pause hook expires at ${time(expiresAt)}, before this step must have ended (${time(now + longest)}): ` +
        `ECS then acts by itself (${timeoutAction ?? "ROLLBACK"}). Lower 'timeout'${retry ? " or 'retry-attempts'" : ""}, or raise 'timeoutInMinutes' of the hook.`,
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
