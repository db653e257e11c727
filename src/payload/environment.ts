/** Variables of the workflow that the job gets. None of them is secret. */
const PASSED_ON = [
  "GITHUB_REPOSITORY",
  "GITHUB_SHA",
  "GITHUB_REF",
  "GITHUB_REF_NAME",
  "GITHUB_RUN_ID",
  "GITHUB_RUN_NUMBER",
  "GITHUB_RUN_ATTEMPT",
  "GITHUB_ACTOR",
  "GITHUB_WORKFLOW",
  "GITHUB_JOB",
  "GITHUB_SERVER_URL",
  "GITHUB_EVENT_NAME",
];

/**
 * The variables that every worker gets and no input can change. `FARGATE_EXEC_WORKER`, which differs, is set in the
 * container.
 */
export function jobEnvironment(
  job: { readonly runId: string; readonly workers: number; readonly task?: number; readonly tasks?: number },
  step: NodeJS.ProcessEnv,
): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = step[name];
    return value === undefined || value === "" ? [] : [[name, value] as const];
  });
  return {
    CI: "true",
    FARGATE_EXEC: "true",
    FARGATE_EXEC_RUN: job.runId,
    FARGATE_EXEC_TASK: String(job.task ?? 0),
    FARGATE_EXEC_TASKS: String(job.tasks ?? 1),
    FARGATE_EXEC_WORKERS: String(job.workers),
    ...Object.fromEntries(passedOn),
  };
}
