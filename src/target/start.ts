import type { Ecs, RunTask, RunTaskAnswer } from "../aws/ecs.ts";
import { CAPACITY_ADVICE } from "../aws/failures.ts";
import type { TaskDefinition } from "../aws/definition.ts";
import type { Task } from "../aws/task.ts";
import { Failure, networkRequired } from "../errors.ts";
import type { StartInputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import { holdCommand } from "./hold.ts";
import { mergeOverrides } from "./overrides.ts";

/** Who starts a task, so that it can be traced back, and found again by whoever cleans up. */
export interface Origin {
  /** Letters, digits and hyphens, new for each run of the step, the same in its main and its post part. */
  readonly id: string;
  /** `owner/name`. */
  readonly repository: string;
  readonly runId: string;
  readonly runAttempt: string;
  /** Of the workflow run. */
  readonly url: string;
}

export interface StartPlan {
  readonly cluster: string;
  readonly definition: TaskDefinition;
  readonly container: string;
  /** Of the job, in milliseconds. */
  readonly timeout: number;
  readonly origin: Origin;
}

/** Fails with `network-required` where a task can't be started for want of subnets. */
export function requireNetwork(start: StartInputs, taskDefinition: string): void {
  if (start.subnets.length > 0) return;
  throw networkRequired(
    taskDefinition,
    "Each task on Fargate gets a network interface, and no subnet was named for it.",
  );
}

/** The request that starts a task for the job. Pure. Fails with `bad-input` for overrides ECS would not take. */
export function runTaskRequest(start: StartInputs, plan: StartPlan): RunTask {
  const { cluster, definition, container, origin } = plan;
  const entryPoint = definition.containers.find(({ name }) => name === container)?.entryPoint ?? [];
  const overrides = {
    ...(start.hold && {
      containerOverrides: [{ name: container, command: holdCommand(plan.timeout, entryPoint) }],
    }),
    ...(start.cpu !== undefined && { cpu: start.cpu }),
    ...(start.memory !== undefined && { memory: start.memory }),
    ...(start.ephemeralStorage !== undefined && { ephemeralStorage: { sizeInGiB: start.ephemeralStorage } }),
    ...(start.taskRole !== undefined && { taskRoleArn: start.taskRole }),
    ...(start.executionRole !== undefined && { executionRoleArn: start.executionRole }),
  };
  return {
    cluster,
    // The revision that was looked at, whatever is registered meanwhile.
    taskDefinition: definition.arn,
    launchType: "FARGATE",
    platformVersion: start.platformVersion,
    enableExecuteCommand: true,
    network: {
      subnets: start.subnets,
      securityGroups: start.securityGroups,
      assignPublicIp: start.assignPublicIp,
    },
    overrides: mergeOverrides(overrides, start.overrides),
    startedBy: startedBy(origin),
    // Makes a request that is sent again start no second task.
    clientToken: `fargate-exec-${origin.id}`.slice(0, 64),
    tags: { "fargate-exec:run": origin.url, ...start.tags },
    propagateTags: "TASK_DEFINITION",
  };
}

/** At most 128 characters of those that ECS allows; what is unique comes first, for a long name is cut. */
export function startedBy({ id, runId, runAttempt, repository }: Origin): string {
  return `fargate-exec/${id}/${runId}-${runAttempt}/${repository}`.replace(/[^\w/-]/g, "-").slice(0, 128);
}

/**
 * Starts the task. Where the account or the policy allows no tags and the user asked for none, it starts
 * without. Fails with `task-not-started` and ECS's words where there is no capacity.
 */
export async function startTask(
  request: RunTask,
  userTags: StartInputs["tags"],
  { ecs, log }: { readonly ecs: Pick<Ecs, "runTask">; readonly log: Log },
): Promise<Task> {
  let answer: RunTaskAnswer;
  try {
    answer = await ecs.runTask(request);
  } catch (error) {
    if (!isAboutTags(error) || Object.keys(userTags).length > 0) throw error;
    log.debug(`Starting the task without tags. ${error.seen}`);
    const untagged = {
      tags: {},
      propagateTags: undefined,
      clientToken: request.clientToken.replace(/.$/, "_"),
    };
    answer = await ecs.runTask({ ...request, ...untagged });
  }
  if ("task" in answer) return answer.task;
  const words = answer.refusals.map(({ reason, detail }) => (detail ? `${reason}: ${detail}` : reason));
  throw new Failure("task-not-started", {
    failed: `ECS did not start a task of '${request.taskDefinition}' in cluster '${request.cluster}'.`,
    seen: `It said: ${words.join("; ") || "nothing"}.`,
    advice: adviceOn(words.join()),
  });
}

function isAboutTags(error: unknown): error is Failure {
  if (!(error instanceof Failure)) return false;
  return /ecs:TagResource|must be enabled to add tags/i.test(`${error.failed} ${error.seen}`);
}

function adviceOn(words: string): string {
  if (/RESOURCE|capacity|limit/i.test(words)) return CAPACITY_ADVICE;
  if (/ATTRIBUTE/i.test(words)) {
    return "The cluster offers no place that the task definition asks for: check its 'requiresCompatibilities' (FARGATE), 'runtimePlatform' and the input 'platform-version'.";
  }
  return "Compare the task definition with what Fargate runs: networkMode awsvpc, cpu and memory of a supported pair.";
}
