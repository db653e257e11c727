import { randomBytes } from "node:crypto";
import type { Origin } from "../targets/start.ts";

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

/** The part of the workflow's context, as `@actions/github` reads it, that a run needs. */
export interface WorkflowContext {
  readonly repo: { readonly owner: string; readonly repo: string };
  readonly runId: number;
  readonly runAttempt: number;
  readonly serverUrl: string;
}

/** Who runs, under a new id: it names the job directory, the staged object and the started task. */
export function originOf({ repo, runId, runAttempt, serverUrl }: WorkflowContext): Origin {
  const repository = `${repo.owner}/${repo.repo}`;
  return {
    id: randomBytes(10).toString("hex"),
    repository,
    runId: String(runId),
    runAttempt: String(runAttempt),
    url: `${serverUrl}/${repository}/actions/runs/${runId}`,
  };
}

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

/** `auto` is one worker for each vCPU of the task, a fraction counted as one. */
export function workerCount(workers: number | "auto", cpuUnits: number | undefined): number {
  return workers === "auto" ? Math.max(1, Math.ceil((cpuUnits ?? 0) / 1024)) : workers;
}
