/**
 * The variables that every worker gets and no input can change. `FARGATE_EXEC_WORKER`, which differs, is set in the
 * container. `ofWorkflow` is what the workflow adds.
 */
export function jobEnvironment(
  job: { readonly runId: string; readonly workers: number; readonly task?: number; readonly tasks?: number },
  ofWorkflow: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    CI: "true",
    FARGATE_EXEC: "true",
    FARGATE_EXEC_RUN: job.runId,
    FARGATE_EXEC_TASK: String(job.task ?? 0),
    FARGATE_EXEC_TASKS: String(job.tasks ?? 1),
    FARGATE_EXEC_WORKERS: String(job.workers),
    ...ofWorkflow,
  };
}
