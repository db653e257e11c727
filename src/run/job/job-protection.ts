import { TaskProtection } from "../../targets/protection/task-protection.ts";
import type { JobContext } from "./context.ts";

/** The protection of the job's task, as the inputs ask for it; undefined for a task that no service may stop. */
export function makeProtection(context: JobContext): TaskProtection | undefined {
  const { inputs, target, aws, undoing, ledger, clock, log, cancel } = context;
  if (!inputs.protect || target.service === undefined) return undefined;
  return new TaskProtection({
    ...{ target, ecs: aws.ecs, undoing: undoing.ecs, timeout: inputs.timeout, clock, log, cancel },
    onHeld: (held) =>
      ledger.replace(["protection"], held === undefined ? [] : [{ kind: "protection", ...held }]),
  });
}
