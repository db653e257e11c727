import { randomBytes } from "node:crypto";
import { context } from "./context.ts";
import type { Origin } from "../origin.ts";

/** The members of the workflow's context, as `@actions/github` reads it, that a run needs. */
export interface WorkflowContext {
  readonly repo: { readonly owner: string; readonly repo: string };
  readonly runId: number;
  readonly runAttempt: number;
  readonly serverUrl: string;
}

/** The origin of this step, with a new id, which names the job directory, the staged object and the started task. */
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

export function stepOrigin(): Origin {
  return originOf(context);
}
