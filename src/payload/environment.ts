/** What a job in the container may know of the workflow: none of it secret. */
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

/** What is set for every worker whatever the inputs say; `FARGATE_EXEC_WORKER` is each worker's own. */
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
