import type { Inputs } from "../inputs/inputs.ts";
import { clusterName, lastPart } from "./arn.ts";

/** What the step does first, as the title of a phase. */
export function resolvingTitle({
  check,
  cluster,
  where,
}: Pick<Inputs, "check" | "cluster" | "where">): string {
  const inCluster = `in cluster '${clusterName(cluster)}'`;
  if (check) return `Looking at the set-up ${inCluster}`;
  switch (where.kind) {
    case "handle":
      return `Looking for the job in task ${lastPart(where.handle.task)}`;
    case "task":
      return `Looking at task ${lastPart(where.task)}`;
    case "service":
      return `Choosing ${where.tasks === 1 ? "a task" : "tasks"} of service '${lastPart(where.service)}'`;
    case "new":
      return `Starting ${where.tasks === 1 ? "a task" : "tasks"} ${inCluster}`;
  }
}
