import type { Random } from "../../clock.ts";
import type { Origin } from "../../inputs/origin.ts";

/** The variables of the workflow that a job gets. None of them is secret. */
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

/** The members of the workflow's context, as `@actions/github` reads it, that a run needs. */
export interface WorkflowContext {
  readonly repo: { readonly owner: string; readonly repo: string };
  readonly runId: number;
  readonly runAttempt: number;
  readonly serverUrl: string;
}

/** The origin of this step, with a new id, which names the job directory, the staged object and the started task. */
export function stepOrigin(
  { repo, runId, runAttempt, serverUrl }: WorkflowContext,
  env: NodeJS.ProcessEnv,
  random: Random,
): Origin {
  const repository = `${repo.owner}/${repo.repo}`;
  return {
    id: random.bytes(10).toString("hex"),
    repository,
    runId: String(runId),
    runAttempt: String(runAttempt),
    url: `${serverUrl}/${repository}/actions/runs/${runId}`,
    step: env["GITHUB_ACTION"],
    variables: passedVariables(env),
  };
}

/** The workflow run, from its variables; undefined when one is missing. Never fails: a failure's own report needs it. */
export function workflowRun(
  env: NodeJS.ProcessEnv,
): Pick<Origin, "runId" | "runAttempt" | "url"> | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: runId } = env;
  if (!server || !repository || !runId) return undefined;
  const url = `${server}/${repository}/actions/runs/${runId}`;
  return { runId, runAttempt: env["GITHUB_RUN_ATTEMPT"] ?? "1", url };
}

function passedVariables(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === "" ? [] : [[name, value] as const];
    }),
  );
}
