import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import type { Ledger } from "./ledger.ts";

/** A task at the end of a run. */
export interface EndedTask {
  readonly taskArn: string;
  readonly succeeded: boolean;
}

/** Drops the tasks that `keep-task` keeps from the ledger, so that the cleanup does not stop them. */
export function keepTasks(
  { where }: Pick<Inputs, "where">,
  tasks: readonly EndedTask[],
  ledger: Ledger,
  log: Log,
): void {
  if (where.kind !== "new") return;
  const { keepTask } = where.start;
  for (const { taskArn, succeeded } of tasks) {
    if (keepTask === "never" || (keepTask === "on-failure" && succeeded)) continue;
    const kept = ledger.entries.filter((entry) => entry.kind === "task" && entry.taskArn === taskArn);
    for (const entry of kept) ledger.drop(entry);
    if (kept.length > 0) log.info(`Task ${taskArn} is kept: 'keep-task' is '${keepTask}'.`);
  }
}
